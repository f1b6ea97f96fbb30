package datasets

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
)

// Every example is in one step of an epoch, and the steps' sizes, of each loader and in
// all, differ by one for each loader at most.
func TestMix(t *testing.T) {
	for _, test := range []struct{ sizes, size []int }{
		{[]int{20, 41, 9}, []int{7, 11, 3}},
		{[]int{1, 3}, []int{2, 2}}, // a loader with fewer examples than there are steps
		{[]int{5}, []int{2}},
		{[]int{4, 4, 4}, []int{3, 3, 3}},
	} {
		var loaders []Loader
		total := 0
		for i, n := range test.sizes {
			loaders = append(loaders, testLoader(fmt.Sprint(i), n, test.size[0]))
			total += n
		}
		steps := Mix(loaders, 7)
		if want := (total + test.size[0] - 1) / test.size[0]; len(steps) != want || MixedSteps(loaders) != want {
			t.Errorf("%v: %d steps, want %d", test.sizes, len(steps), want)
		}
		seen := map[string]int{}
		for _, refs := range steps {
			all := 0
			for _, ref := range refs {
				b := ref.Batch()
				for _, record := range b.Records {
					seen[fmt.Sprint(b.Name(), record)]++
				}
				n := len(ref.loader.Examples)
				if least, most := n/len(steps), (n+len(steps)-1)/len(steps); b.Size < least || b.Size > most {
					t.Errorf("%v: %d of %d examples in one of %d steps", test.sizes, b.Size, n, len(steps))
				}
				all += b.Size
			}
			if all == 0 || math.Abs(float64(all)-float64(total)/float64(len(steps))) > float64(len(loaders)) {
				t.Errorf("%v: a step of %d", test.sizes, all)
			}
		}
		if len(seen) != total || slices.Max(countsIn(seen)) != 1 {
			t.Errorf("%v: examples %v", test.sizes, seen)
		}
		if !reflect.DeepEqual(indicesOf(Mix(loaders, 7)), indicesOf(steps)) {
			t.Errorf("%v: the same seed gives other steps", test.sizes)
		}
		if total > 10 && reflect.DeepEqual(indicesOf(Mix(loaders, 8)), indicesOf(steps)) {
			t.Errorf("%v: another seed gives the same steps", test.sizes)
		}
	}
	if steps := Mix(nil, 1); len(steps) != 0 {
		t.Errorf("%d steps of nothing", len(steps))
	}
}

func countsIn(seen map[string]int) (list []int) {
	for _, n := range seen {
		list = append(list, n)
	}
	return list
}

func indicesOf(steps [][]BatchRef) (all [][]int) {
	for _, refs := range steps {
		for _, ref := range refs {
			all = append(all, ref.indices)
		}
	}
	return all
}

// The exponent falls from 1 to 0.2, by the formula of Stickland and Murray, and the total
// stays the same.
func TestAnnealedSampling(t *testing.T) {
	var loaders []Loader
	for _, n := range []int{100, 400, 900, 1} {
		loaders = append(loaders, Loader{Examples: make([]Example, 2*n), BatchSize: 2})
	}
	annealed := Sampling{Annealed: true}
	for _, test := range []struct {
		epoch, of int
		exponent  float64
	}{{1, 5, 1}, {2, 5, 0.8}, {3, 5, 0.6}, {5, 5, 0.2}, {1, 1, 1}} {
		at := annealed.At(test.epoch, test.of)
		if math.Abs(1/at.Temperature-test.exponent) > 1e-12 {
			t.Errorf("epoch %d of %d: exponent %v, want %v", test.epoch, test.of, 1/at.Temperature, test.exponent)
		}
		var sum, total float64
		for _, l := range loaders {
			sum += math.Pow(float64(l.Batches()), test.exponent)
			total += float64(l.Batches())
		}
		got, all := at.Batches(loaders), 0
		for i, n := range got {
			all += n
			if want := total * math.Pow(float64(loaders[i].Batches()), test.exponent) / sum; math.Abs(float64(n)-want) > 1 {
				t.Errorf("epoch %d of %d: %d batches, want %.2f", test.epoch, test.of, n, want)
			}
		}
		if all != int(total) {
			t.Errorf("epoch %d of %d: %v, %d batches in all, want %v", test.epoch, test.of, got, all, total)
		}
	}
	for _, plain := range []Sampling{{}, {Temperature: 2}} {
		if plain.At(3, 5) != plain {
			t.Errorf("%+v changes", plain)
		}
	}
}

func TestApportion(t *testing.T) {
	for _, test := range []struct {
		shares       []float64
		counts, want []int
	}{
		{[]float64{2.5, 3.3, 4.2}, []int{3, 3, 4}, []int{3, 3, 4}},
		{[]float64{0.1, 0.2, 9.7}, []int{1, 1, 8}, []int{1, 1, 8}}, // small ones are raised
		{[]float64{0, 5}, []int{0, 5}, []int{0, 5}},
	} {
		if got := apportion(test.shares, test.counts); !slices.Equal(got, test.want) {
			t.Errorf("%v: got %v, want %v", test.shares, got, test.want)
		}
	}
}
