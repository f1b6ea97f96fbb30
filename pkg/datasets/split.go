package datasets

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Shares are the shares of held-out examples.
type Shares struct {
	Test      float64 // of all
	Val       float64 // of all; 0: validation uses the test share, as in the Python prototype
	ValOfRest bool    // Val is a share of the examples not in the test share
	Seed      uint32
	Stratify  string // name of the head whose class proportions each share keeps; "": none
}

// Split is a set's examples by use.
type Split struct {
	Train, Val []Example
	Test       []Example // nil if validation uses the test share
}

// Split holds out examples: the test share is that of scikit-learn's train_test_split,
// and the validation share is split off the rest in the same way. Examples whose class
// has only one can't be stratified: they are dropped, and counted in the set's filters.
// Reviewed calls that aren't in the file are trained on: the others are held out as without
// them.
func (s *Set) Split(shares Shares) (Split, error) {
	all := s.Examples
	added := len(all)
	if s.FromFile > 0 {
		added = sort.Search(len(all), func(i int) bool { return all[i].Record > s.FromFile })
	}
	s.Examples = all[:added:added]
	split, err := s.splitFile(shares)
	s.Examples = append(s.Examples, all[added:]...)
	if err == nil {
		split.Train = append(split.Train, all[added:]...)
	}
	return split, err
}

// splitFile splits the examples of the file's records.
func (s *Set) splitFile(shares Shares) (Split, error) {
	if err := s.allTooLong(); err != nil {
		return Split{}, fmt.Errorf("split %s: %w", s.Path, err)
	}
	classes := s.classes(shares.Stratify)
	if classes != nil {
		classes = s.dropRare(classes)
	}
	all := make([]int, len(s.Examples))
	for i := range all {
		all[i] = i
	}
	explained := func(err error) error {
		if classes != nil {
			err = fmt.Errorf("%w, or don't stratify by %s (data.stratify: \"\")", err, shares.Stratify)
		}
		if removed := s.Filters[0].Removed(); removed > 0 {
			err = fmt.Errorf("%w; %d others are %s", err, removed, s.tooLong())
		}
		return err
	}
	train, test, err := holdOut(all, classes, shares.Test, shares.Seed)
	if err != nil {
		return Split{}, fmt.Errorf("split %s: %w", s.Path, explained(err))
	}
	if shares.Val == 0 {
		return Split{Train: s.pick(train), Val: s.pick(test)}, nil
	}
	share := shares.Val
	if !shares.ValOfRest {
		share /= 1 - shares.Test
	}
	train, val, err := holdOut(train, classes, share, shares.Seed)
	if err != nil {
		return Split{}, fmt.Errorf("split %s: validation: %w", s.Path, explained(err))
	}
	return Split{Train: s.pick(train), Val: s.pick(val), Test: s.pick(test)}, nil
}

// allTooLong returns an error if all records of a task are too long.
func (s *Set) allTooLong() error {
	for t, f := range s.Filters {
		if f.After > 0 || f.Before <= f.Skipped {
			continue
		}
		all := fmt.Sprintf("all %d records are %s", f.Before-f.Skipped, s.tooLong())
		if len(s.Examples) > 0 { // truncated for the other tasks
			all = fmt.Sprintf("task %s: %s, and a cut record doesn't teach it", s.Tasks[t].Name, all)
		}
		if s.Windows.On() {
			return fmt.Errorf("%s; raise it, or cut such records there (tokenizer.truncation: true)", all)
		}
		return fmt.Errorf("%s; read them in windows (tokenizer.long: windows), raise it as far as the encoder allows, or divide the records", all)
	}
	return nil
}

// tooLong describes the records that aren't used.
func (s *Set) tooLong() string {
	limits := Limits{MaxLength: s.MaxLength, Windows: s.Windows}
	return fmt.Sprintf("longer than %d tokens (%s)", limits.Longest(), limits.key())
}

// holdOut splits some of the set's examples in two. classes has the class of each
// example of the set; nil: no stratification. An example that is the only one of its
// class stays in the first part.
func holdOut(some []int, classes []int64, share float64, seed uint32) (train, test []int, err error) {
	if classes == nil {
		train, test, err = TrainTestSplit(len(some), share, seed)
		return at(some, train), at(some, test), err
	}
	members := map[int64]int{}
	for _, i := range some {
		members[classes[i]]++
	}
	var alone, others, labels []int
	for _, i := range some {
		if members[classes[i]] == 1 {
			alone = append(alone, i)
			continue
		}
		others = append(others, i)
		labels = append(labels, int(classes[i]))
	}
	train, test, err = StratifiedSplit(labels, share, seed)
	return append(at(others, train), alone...), at(others, test), err
}

func at(list, index []int) []int {
	picked := make([]int, len(index))
	for i, j := range index {
		picked[i] = list[j]
	}
	return picked
}

func (s *Set) pick(index []int) []Example {
	picked := make([]Example, len(index))
	for i, j := range index {
		picked[i] = s.Examples[j]
	}
	return picked
}

// classes returns the examples' classes of the head called name; nil if none of the
// set's tasks has it.
func (s *Set) classes(name string) []int64 {
	for t, task := range s.Tasks {
		h := slices.IndexFunc(task.Heads, func(head tasks.Head) bool { return head.Name == name })
		if h < 0 || task.Kind != tasks.MultiClass {
			continue
		}
		classes := make([]int64, len(s.Examples))
		for i, ex := range s.Examples {
			classes[i] = ex.Labels[t].Classes[h]
		}
		return classes
	}
	return nil
}

// dropRare removes the examples that are the only ones of their class, and returns the
// classes of the others.
func (s *Set) dropRare(classes []int64) []int64 {
	members := map[int64]int{}
	for _, class := range classes {
		members[class]++
	}
	var kept []Example
	var keptClasses []int64
	for i, ex := range s.Examples {
		if members[classes[i]] > 1 {
			kept, keptClasses = append(kept, ex), append(keptClasses, classes[i])
		}
	}
	rare := len(s.Examples) - len(kept)
	for t := range s.Filters {
		s.Filters[t].Rare += rare
		s.Filters[t].After -= rare
	}
	s.Examples = kept
	return keptClasses
}

// TrainTestSplit splits the records 0…n-1 into two shares: the same records in the same
// order as scikit-learn's train_test_split(range(n), test_size=testSize,
// random_state=seed). test has ⌈testSize·n⌉ records. An empty share is an error.
func TrainTestSplit(n int, testSize float64, seed uint32) (train, test []int, err error) {
	held, err := heldOut(n, testSize)
	if err != nil {
		return nil, nil, err
	}
	order := newMT19937(seed).permutation(n)
	return order[held:], order[:held:held], nil
}

// heldOut returns how many of n records are in the test share.
func heldOut(n int, testSize float64) (int, error) {
	if !(testSize > 0 && testSize < 1) {
		return 0, fmt.Errorf("test_size is %v; want a share above 0 and below 1", testSize)
	}
	held := int(math.Ceil(testSize * float64(n)))
	if n < 1 || held == n {
		return 0, fmt.Errorf("test_size %v of %d records leaves nothing on one side; add records or choose another test_size", testSize, max(n, 0))
	}
	return held, nil
}
