package datasets

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// testLoader has n examples of a task, whose records are numbered from 1.
func testLoader(name string, n, batchSize int) Loader {
	l := Loader{Tasks: []tasks.Task{{Name: name}}, BatchSize: batchSize}
	for i := range n {
		l.Examples = append(l.Examples, Example{Record: i + 1, IDs: []int32{2, 3}, Labels: make([]Label, 1)})
	}
	return l
}

// batches writes each batch as its task and records.
func batches(refs []BatchRef) []string {
	var list []string
	for _, s := range refs {
		b := s.Batch()
		list = append(list, fmt.Sprint(b.Name(), b.Records))
	}
	return list
}

func TestOrdered(t *testing.T) {
	for n, want := range map[int][]string{
		0: nil,
		4: {"x[1 2]", "x[3 4]"},
		5: {"x[1 2]", "x[3 4]", "x[5]"},
	} {
		l := testLoader("x", n, 2)
		if got := batches(l.Ordered()); !slices.Equal(got, want) {
			t.Errorf("%d examples: got %v, want %v", n, got, want)
		}
		if got := l.Batches(); got != len(want) {
			t.Errorf("%d examples: %d batches, want %d", n, got, len(want))
		}
	}
}

func TestLoaderName(t *testing.T) {
	l := Loader{Tasks: []tasks.Task{{Name: "places"}, {Name: "mood"}}}
	if got := l.Name(); got != "places+mood" {
		t.Errorf("got %s", got)
	}
}

// The source's figures: 1,798 and 8,996 and 4,496 records in batches of 16.
func TestBatchesPerEpoch(t *testing.T) {
	var all []Loader
	for i, n := range []int{1798, 8996, 4496} {
		l := testLoader("x", n, 16)
		if got, want := l.Batches(), []int{113, 563, 281}[i]; got != want {
			t.Errorf("%d records: %d batches, want %d", n, got, want)
		}
		all = append(all, l)
	}
	if got := len(Alternate(all, Sampling{}, 1)); got != 957 {
		t.Errorf("%d batches an epoch, want 957", got)
	}
}

func TestAlternateGivesEachExampleOnce(t *testing.T) {
	loaders := []Loader{testLoader("ner", 33, 4), testLoader("cls", 96, 4), testLoader("qa", 50, 4)}
	seen := map[string]map[int]int{}
	sizes := map[string]map[int]int{}
	for _, ref := range Alternate(loaders, Sampling{}, 7) {
		b := ref.Batch()
		task := b.Name()
		if seen[task] == nil {
			seen[task], sizes[task] = map[int]int{}, map[int]int{}
		}
		for _, record := range b.Records {
			seen[task][record]++
		}
		sizes[task][b.Size]++
	}
	for _, l := range loaders {
		if len(seen[l.Name()]) != len(l.Examples) {
			t.Errorf("%s: %d records, want %d", l.Name(), len(seen[l.Name()]), len(l.Examples))
		}
		for record, times := range seen[l.Name()] {
			if times != 1 {
				t.Errorf("%s: record %d comes %d times", l.Name(), record, times)
			}
		}
	}
	want := map[string]map[int]int{"ner": {4: 8, 1: 1}, "cls": {4: 24}, "qa": {4: 12, 2: 1}}
	if !reflect.DeepEqual(sizes, want) {
		t.Errorf("batches by size: got %v, want %v", sizes, want)
	}
}

func TestAlternateIsDeterministic(t *testing.T) {
	loaders := []Loader{testLoader("ner", 20, 4), testLoader("cls", 20, 4)}
	first := batches(Alternate(loaders, Sampling{}, 7))
	if again := batches(Alternate(loaders, Sampling{}, 7)); !slices.Equal(first, again) {
		t.Errorf("the same seed gave\n%v and\n%v", first, again)
	}
	other := batches(Alternate(loaders, Sampling{}, 8))
	if slices.Equal(first, other) {
		t.Error("another seed gave the same list")
	}
	slices.Sort(first)
	slices.Sort(other)
	if slices.Equal(first, other) {
		t.Error("another seed put the same examples together")
	}
	for i, ex := range loaders[0].Examples {
		if ex.Record != i+1 {
			t.Fatal("the loader's own examples were moved")
		}
	}
}

func TestAlternateMixesTheTasks(t *testing.T) {
	loaders := []Loader{testLoader("ner", 80, 4), testLoader("cls", 80, 4), testLoader("qa", 80, 4)}
	changes, before := 0, ""
	var heads []string
	for i, ref := range Alternate(loaders, Sampling{}, 7) {
		task := ref.Batch().Name()
		if task != before {
			changes++
		}
		if before = task; i < 30 {
			heads = append(heads, task)
		}
	}
	// 60 batches in a random order change task 40 times or so; one task after
	// the other would do it three times.
	if changes < 25 {
		t.Errorf("the task changes %d times in 60 batches", changes)
	}
	for _, l := range loaders {
		if !slices.Contains(heads, l.Name()) {
			t.Errorf("no %s in the first half: %s", l.Name(), strings.Join(heads, " "))
		}
	}
}

func TestLoaderWithoutBatchSize(t *testing.T) {
	l := testLoader("x", 3, 0)
	if refs := l.Ordered(); len(refs) != 1 || len(refs[0].Batch().Records) != 3 || l.Batches() != 1 {
		t.Errorf("%d batches by Ordered, %d by Batches, want one of all 3 examples", len(refs), l.Batches())
	}
}
