package datasets

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// StratifiedSplit splits the records 0…len(labels)-1 into two shares with about the same
// class proportions: the same records in the same order as scikit-learn's
// train_test_split(range(n), test_size=testSize, random_state=seed, stratify=labels).
// test has ⌈testSize·n⌉ records. As in scikit-learn, each class must have at least two
// records, and each share at least as many records as there are classes.
func StratifiedSplit(labels []int, testSize float64, seed uint32) (train, test []int, err error) {
	n := len(labels)
	held, err := heldOut(n, testSize)
	if err != nil {
		return nil, nil, err
	}
	members, err := membersByClass(labels)
	if err != nil {
		return nil, nil, err
	}
	for _, share := range []struct {
		name string
		size int
	}{{"train", n - held}, {"test", held}} {
		if share.size < len(members) {
			return nil, nil, fmt.Errorf("test_size %v leaves %d records to the %s share, fewer than the %d classes; add records or choose another test_size",
				testSize, share.size, share.name, len(members))
		}
	}

	r := newMT19937(seed)
	counts := make([]int, len(members))
	for class, records := range members {
		counts[class] = len(records)
	}
	inTrain := approximateMode(counts, n-held, r)
	for class := range counts {
		counts[class] -= inTrain[class]
	}
	inTest := approximateMode(counts, held, r)
	train, test = make([]int, 0, n-held), make([]int, 0, held)
	for class, records := range members {
		order := r.choice(records, len(records))
		cut := inTrain[class]
		train = append(train, order[:cut]...)
		test = append(test, order[cut:cut+inTest[class]]...)
	}
	r.shuffle(train)
	r.shuffle(test)
	return train, test, nil
}

// membersByClass lists each class's records, in ascending order of labels.
func membersByClass(labels []int) ([][]int, error) {
	records := map[int][]int{}
	for i, label := range labels {
		records[label] = append(records[label], i)
	}
	var members [][]int
	var alone []string
	for _, label := range slices.Sorted(maps.Keys(records)) {
		if len(records[label]) == 1 {
			alone = append(alone, fmt.Sprint(label))
		}
		members = append(members, records[label])
	}
	if len(alone) > 0 {
		return nil, fmt.Errorf("a split by classes needs two records of each; there is only one of class %s", strings.Join(alone, ", "))
	}
	return members, nil
}

// approximateMode returns how many of draws records to take from each class, given the
// classes' counts: about the most likely outcome of random draws. Shares are rounded
// down, and the remainder goes to the classes with the largest fractions, randomly among
// equal ones. The arithmetic is scikit-learn's, whose rounding determines which
// fractions are equal.
func approximateMode(counts []int, draws int, r *mt19937) []int {
	total := 0
	for _, count := range counts {
		total += count
	}
	taken := make([]int, len(counts))
	left := draws
	byFraction := map[float64][]int{}
	for class, count := range counts {
		share := float64(float64(count) / float64(total) * float64(draws)) // rounded: no fused multiply-add
		whole := math.Floor(share)
		taken[class] = int(whole)
		left -= taken[class]
		byFraction[share-whole] = append(byFraction[share-whole], class)
	}
	fractions := slices.Sorted(maps.Keys(byFraction))
	for _, fraction := range slices.Backward(fractions) {
		if left <= 0 {
			break
		}
		classes := byFraction[fraction]
		chosen := r.choice(classes, min(len(classes), left))
		for _, class := range chosen {
			taken[class]++
		}
		left -= len(chosen)
	}
	return taken
}
