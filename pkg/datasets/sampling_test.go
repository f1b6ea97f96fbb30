package datasets

import (
	"math"
	"reflect"
	"slices"
	"testing"
)

// threeSizes are loaders of 3, 4 and 2 batches.
func threeSizes() []Loader {
	return []Loader{testLoader("ner", 5, 2), testLoader("cls", 7, 2), testLoader("qa", 3, 2)}
}

// The lists are those of the version that knew no sampling, by the same seeds.
func TestProportionalAlternationIsAsBefore(t *testing.T) {
	for seed, want := range map[uint64][]string{
		7: {"cls[6 5]", "qa[1 2]", "qa[3]", "cls[7]", "ner[4 1]", "ner[2]", "cls[2 3]", "cls[4 1]", "ner[3 5]"},
		8: {"ner[3]", "qa[1 3]", "cls[3]", "cls[5 7]", "ner[1 2]", "cls[6 2]", "ner[4 5]", "cls[4 1]", "qa[2]"},
	} {
		for _, temperature := range []float64{0, 1} {
			if got := batches(Alternate(threeSizes(), Sampling{Temperature: temperature}, seed)); !slices.Equal(got, want) {
				t.Errorf("temperature %v, seed %d: got  %v\nwant %v", temperature, seed, got, want)
			}
		}
	}
}

func TestBatchesByTemperature(t *testing.T) {
	for _, c := range []struct {
		batches     []int // of each loader's examples
		temperature float64
		want        []int
	}{
		{[]int{100, 400, 900}, 0, []int{100, 400, 900}},
		{[]int{100, 400, 900}, 1, []int{100, 400, 900}},
		{[]int{100, 400, 900}, 2, []int{233, 467, 700}}, // √: 10, 20, 30 of 1,400
		{[]int{100, 400, 900}, math.Inf(1), []int{467, 467, 467}},
		{[]int{113, 563, 281}, math.Inf(1), []int{319, 319, 319}},
		{[]int{113, 563, 281}, 5, []int{267, 369, 321}},
		{[]int{10, 1000}, 0.5, []int{1, 1010}}, // below 1 the large one gains; one batch at least
		{[]int{7}, 3, []int{7}},
		{[]int{0, 8, 8}, math.Inf(1), []int{0, 8, 8}}, // nothing to repeat
		{[]int{0, 8}, 2, []int{0, 8}},
		{nil, 2, []int{}},
	} {
		var loaders []Loader
		for _, n := range c.batches {
			loaders = append(loaders, Loader{Examples: make([]Example, 2*n), BatchSize: 2})
		}
		if got := (Sampling{Temperature: c.temperature}).Batches(loaders); !slices.Equal(got, c.want) {
			t.Errorf("%v at temperature %v: got %v, want %v", c.batches, c.temperature, got, c.want)
		}
	}
}

// What a loader lacks it repeats, each example once more before any is seen a
// third time; of what it has too much, a part is used.
func TestRepeatsAndParts(t *testing.T) {
	loaders := []Loader{testLoader("small", 4, 2), testLoader("large", 40, 2)}
	uniform := Sampling{Temperature: math.Inf(1)}
	used := map[string]map[int]int{"small": {}, "large": {}}
	count := map[string]int{}
	for _, ref := range Alternate(loaders, uniform, 7) {
		b := ref.Batch()
		count[b.Name()]++
		for _, record := range b.Records {
			used[b.Name()][record]++
		}
	}
	if want := map[string]int{"small": 11, "large": 11}; !reflect.DeepEqual(count, want) {
		t.Errorf("batches: got %v, want %v", count, want)
	}
	for record := range 4 {
		// Eleven batches are five times all four examples, and two of them.
		if n := used["small"][record+1]; n < 5 || n > 6 {
			t.Errorf("small: record %d comes %d times, want 5 or 6", record+1, n)
		}
	}
	if len(used["large"]) != 22 {
		t.Errorf("large: %d records, want 22 different ones", len(used["large"]))
	}
	fresh := 0
	for _, ref := range Alternate(loaders, uniform, 8) {
		if b := ref.Batch(); b.Name() == "large" {
			for _, record := range b.Records {
				if used["large"][record] == 0 {
					fresh++
				}
			}
		}
	}
	if fresh == 0 {
		t.Error("another epoch uses the same part of the large loader")
	}
}

// Repeats are shuffled anew: their batches hold other pairs.
func TestRepeatsAreShuffledAnew(t *testing.T) {
	loaders := []Loader{testLoader("small", 12, 4), testLoader("large", 400, 4)}
	different := map[string]bool{}
	for _, name := range batches(Alternate(loaders, Sampling{Temperature: math.Inf(1)}, 7)) {
		if name[0] == 's' {
			different[name] = true
		}
	}
	// 52 of the 11,880 ordered batches; with one order there would be 3.
	if len(different) < 40 {
		t.Errorf("%d different batches of 52", len(different))
	}
}

func TestSampledAlternationIsDeterministic(t *testing.T) {
	for _, temperature := range []float64{2, math.Inf(1)} {
		first := batches(Alternate(threeSizes(), Sampling{Temperature: temperature}, 7))
		if again := batches(Alternate(threeSizes(), Sampling{Temperature: temperature}, 7)); !slices.Equal(first, again) {
			t.Errorf("temperature %v: the same seed gave\n%v and\n%v", temperature, first, again)
		}
		if other := batches(Alternate(threeSizes(), Sampling{Temperature: temperature}, 8)); slices.Equal(first, other) {
			t.Errorf("temperature %v: another seed gave the same list", temperature)
		}
	}
}
