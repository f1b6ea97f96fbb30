package datasets

import (
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// numbered is a set of n examples without labels, numbered from 0.
func numbered(n int) *Set {
	set := &Set{Path: "some.json", Tasks: []tasks.Task{{Name: "x", Kind: tasks.MultiClass}}, Filters: []Filter{{Before: n, After: n}}}
	for i := range n {
		set.Examples = append(set.Examples, Example{Record: i})
	}
	return set
}

// classified is a set of examples of these classes, as the second head of its
// second task, numbered from 0.
func classified(classes ...int64) *Set {
	set := numbered(len(classes))
	set.Tasks = []tasks.Task{
		{Name: "flags", Kind: tasks.MultiLabel, Heads: []tasks.Head{{Name: "flag"}}},
		{Name: "mood", Kind: tasks.MultiClass, Heads: []tasks.Head{{Name: "other"}, {Name: "caller"}}},
	}
	set.Filters = append(set.Filters, set.Filters[0])
	for i, class := range classes {
		set.Examples[i].Labels = []Label{{Flags: [][]float32{{0}}}, {Classes: []int64{0, class}}}
	}
	return set
}

func mustSplit(t *testing.T, set *Set, shares Shares) Split {
	t.Helper()
	split, err := set.Split(shares)
	if err != nil {
		t.Fatal(err)
	}
	return split
}

func TestTwoWaySplit(t *testing.T) {
	set := numbered(10)
	split := mustSplit(t, set, Shares{Test: 0.25, Seed: 42})
	got := slices.Concat(recordNumbers(split.Val), recordNumbers(split.Train))
	// scikit-learn's permutation of 10 by seed 42.
	if want := []int{8, 1, 5, 0, 7, 2, 9, 4, 3, 6}; !slices.Equal(got, want) || len(split.Val) != 3 || split.Test != nil {
		t.Errorf("got %v, the first %d held out and %d more; want %v, the first 3", got, len(split.Val), len(split.Test), want)
	}
	for _, c := range []struct {
		n    int
		test float64
	}{{7, 0.1}, {100, 0.15}, {1798, 0.1}} {
		train, val, err := TrainTestSplit(c.n, c.test, 9)
		if err != nil {
			t.Fatal(err)
		}
		split := mustSplit(t, numbered(c.n), Shares{Test: c.test, Seed: 9})
		if !slices.Equal(recordNumbers(split.Train), train) || !slices.Equal(recordNumbers(split.Val), val) {
			t.Errorf("%v of %d: not the records of TrainTestSplit", c.test, c.n)
		}
	}
}

// By scikit-learn: train_test_split(range(10), test_size=.2, random_state=42),
// then its train share again with test_size=.25.
func TestThreeWaySplit(t *testing.T) {
	split := mustSplit(t, numbered(10), Shares{Test: 0.2, Val: 0.2, Seed: 42})
	for name, c := range map[string]struct {
		got  []Example
		want []int
	}{
		"test": {split.Test, []int{8, 1}}, "validation": {split.Val, []int{0, 4}}, "train": {split.Train, []int{5, 6, 7, 9, 2, 3}},
	} {
		if got := recordNumbers(c.got); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// The prototype's QA trainer holds 60 of 300 records out for the test, and 24 of
// the other 240 for validation. By scikit-learn:
// train_test_split(range(10), test_size=.2, random_state=42), then its train
// share again with test_size=.3.
func TestValidationShareOfTheRest(t *testing.T) {
	for _, c := range []struct {
		n, train, val, test int
		shares              Shares
	}{
		{300, 216, 24, 60, Shares{Test: 0.2, Val: 0.1, ValOfRest: true, Seed: 42}},
		{300, 210, 30, 60, Shares{Test: 0.2, Val: 0.1, Seed: 42}},
		{4996, 3596, 400, 1000, Shares{Test: 0.2, Val: 0.1, ValOfRest: true, Seed: 42}},
		{100, 1, 49, 50, Shares{Test: 0.5, Val: 0.98, ValOfRest: true, Seed: 42}},
	} {
		split := mustSplit(t, numbered(c.n), c.shares)
		if got := [3]int{len(split.Train), len(split.Val), len(split.Test)}; got != [3]int{c.train, c.val, c.test} {
			t.Errorf("%+v of %d: %v records, want %d, %d and %d", c.shares, c.n, got, c.train, c.val, c.test)
		}
	}
	split := mustSplit(t, numbered(10), Shares{Test: 0.2, Val: 0.3, ValOfRest: true, Seed: 42})
	for name, c := range map[string]struct {
		got  []Example
		want []int
	}{
		"test": {split.Test, []int{8, 1}}, "validation": {split.Val, []int{0, 4, 5}}, "train": {split.Train, []int{6, 7, 9, 2, 3}},
	} {
		if got := recordNumbers(c.got); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestSharesAreOfAllAndDisjoint(t *testing.T) {
	var classes []int64
	for i := range 200 {
		classes = append(classes, int64(i%5))
	}
	for name, stratify := range map[string]string{"plain": "", "stratified": "caller"} {
		set := classified(classes...)
		split := mustSplit(t, set, Shares{Test: 0.2, Val: 0.1, Seed: 3, Stratify: stratify})
		if got := [3]int{len(split.Train), len(split.Val), len(split.Test)}; got != [3]int{140, 20, 40} {
			t.Errorf("%s: sizes %v, want 140, 20 and 40", name, got)
		}
		all := recordNumbers(slices.Concat(split.Train, split.Val, split.Test))
		slices.Sort(all)
		if !slices.Equal(all, recordNumbers(set.Examples)) {
			t.Errorf("%s: the shares aren't the whole set, each example once", name)
		}
	}
}

// classCounts counts the classes of the second head of the second task.
func classCounts(examples []Example) map[int64]int {
	counts := map[int64]int{}
	for _, ex := range examples {
		counts[ex.Labels[1].Classes[1]]++
	}
	return counts
}

func TestStratifiedShares(t *testing.T) {
	// Class 0 twelve times, 1 six times, four records without a label.
	classes := slices.Concat(slices.Repeat([]int64{0, -1, 0, 1}, 4), slices.Repeat([]int64{0, 1, 0}, 2))
	set := classified(classes...)
	split := mustSplit(t, set, Shares{Test: 0.5, Seed: 3, Stratify: "caller"})
	for name, share := range map[string][]Example{"train": split.Train, "validation": split.Val} {
		if got := classCounts(share); got[0] != 6 || got[1] != 3 || got[-1] != 2 {
			t.Errorf("%s: classes %v, want 6, 3 and 2 unlabelled", name, got)
		}
	}
	labels := make([]int, len(classes))
	for i, class := range classes {
		labels[i] = int(class)
	}
	train, val, err := StratifiedSplit(labels, 0.5, 3)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(recordNumbers(split.Train), train) || !slices.Equal(recordNumbers(split.Val), val) {
		t.Error("not the records of StratifiedSplit")
	}
}

// By scikit-learn: train_test_split(range(22), test_size=.25, random_state=3,
// stratify=labels), then its train share again with test_size=.25/.75.
func TestThreeStratifiedShares(t *testing.T) {
	classes := slices.Concat(slices.Repeat([]int64{0}, 12), slices.Repeat([]int64{1}, 6), slices.Repeat([]int64{-1}, 4))
	split := mustSplit(t, classified(classes...), Shares{Test: 0.25, Val: 0.25, Seed: 3, Stratify: "caller"})
	for name, c := range map[string]struct {
		got  []Example
		want []int
	}{
		"test":       {split.Test, []int{3, 14, 12, 20, 8, 10}},
		"validation": {split.Val, []int{13, 11, 19, 0, 17, 7}},
		"train":      {split.Train, []int{4, 15, 21, 6, 16, 9, 5, 1, 18, 2}},
	} {
		if got := recordNumbers(c.got); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// Examples whose class no other has go before the split; one whose class has
// no other left after it stays in training.
func TestRareClasses(t *testing.T) {
	classes := slices.Concat(slices.Repeat([]int64{0}, 8), []int64{7}, slices.Repeat([]int64{1}, 8), []int64{9}, []int64{-1}, []int64{5, 5})
	set := classified(classes...)
	split := mustSplit(t, set, Shares{Test: 0.2, Val: 0.2, Seed: 3, Stratify: "caller"})
	counts := classCounts(slices.Concat(split.Train, split.Val, split.Test))
	if len(counts) != 3 || counts[0] != 8 || counts[1] != 8 || counts[5] != 2 {
		t.Errorf("classes %v, want 8 of 0, 8 of 1, 2 of 5", counts)
	}
	for _, share := range [][]Example{split.Train, split.Val, split.Test} {
		if len(share) == 0 {
			t.Errorf("shares of %d, %d and %d", len(split.Train), len(split.Val), len(split.Test))
		}
	}
	for i, filter := range set.Filters {
		if want := (Filter{Before: 21, After: 18, Rare: 3}); filter != want || filter.Removed() != 0 {
			t.Errorf("filter %d: got %+v, want %+v", i, filter, want)
		}
	}
	if len(set.Examples) != 18 {
		t.Errorf("the set has %d examples, want 18", len(set.Examples))
	}
	again := mustSplit(t, set, Shares{Test: 0.2, Val: 0.2, Seed: 3, Stratify: "caller"})
	if !slices.Equal(recordNumbers(again.Train), recordNumbers(split.Train)) || set.Filters[0].Rare != 3 {
		t.Error("a second split differs, or counts the rare ones twice")
	}
}

func TestLoneExampleStaysInTraining(t *testing.T) {
	// One of the two of class 5 is held out for the test by this seed.
	classes := slices.Concat(slices.Repeat([]int64{0}, 10), []int64{5, 5})
	split := mustSplit(t, classified(classes...), Shares{Test: 0.3, Val: 0.3, Seed: 1, Stratify: "caller"})
	if got := [3]int{classCounts(split.Train)[5], classCounts(split.Val)[5], classCounts(split.Test)[5]}; got != [3]int{1, 0, 1} {
		t.Errorf("class 5 in train, validation and test: %v, want 1, 0, 1", got)
	}
}

// A name that isn't a head with classes leaves the split plain: the same
// configuration serves sets that lack the head.
func TestStratifyByAbsentHead(t *testing.T) {
	plain := mustSplit(t, classified(0, 0, 0, 1, 1, 2), Shares{Test: 0.4, Seed: 5})
	for _, name := range []string{"none", "flag", "mood"} {
		set := classified(0, 0, 0, 1, 1, 2)
		split := mustSplit(t, set, Shares{Test: 0.4, Seed: 5, Stratify: name})
		if !slices.Equal(recordNumbers(split.Train), recordNumbers(plain.Train)) || set.Filters[0].Rare != 0 {
			t.Errorf("%s: got %v, want %v", name, recordNumbers(split.Train), recordNumbers(plain.Train))
		}
	}
}

func TestSplitErrors(t *testing.T) {
	for name, c := range map[string]struct {
		set    *Set
		shares Shares
		want   string
	}{
		"too few":                {numbered(1), Shares{Test: 0.25, Seed: 42}, "split some.json: test_size 0.25 of 1 records"},
		"too few for validation": {numbered(2), Shares{Test: 0.5, Val: 0.25}, "split some.json: validation: test_size 0.5 of 1 records"},
		"no share":               {numbered(5), Shares{}, "split some.json: test_size is 0"},
		"shares of all":          {numbered(10), Shares{Test: 0.5, Val: 0.5}, "split some.json: validation: test_size is 1"},
		"more classes than test": {classified(0, 0, 1, 1, 2, 2), Shares{Test: 0.3, Stratify: "caller"}, "split some.json: test_size 0.3 leaves 2 records to the test share, fewer than the 3 classes; add records or choose another test_size, or don't stratify by caller (data.stratify: \"\")"},
		"only rare classes":      {classified(0, 1, 2), Shares{Test: 0.3, Stratify: "caller"}, "split some.json: test_size 0.3 of 0 records"},
	} {
		if _, err := c.set.Split(c.shares); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one that says %q", name, err, c.want)
		}
	}
}
