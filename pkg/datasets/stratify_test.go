package datasets

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// labelsOf makes the labels that scripts/golden/split.py makes of the same
// counts: with gaps between them, and mixed.
func labelsOf(counts []int) []int {
	var sorted []int
	for class, count := range counts {
		sorted = append(sorted, slices.Repeat([]int{3*class - 5}, count)...)
	}
	n := len(sorted)
	step := 7
	for gcd(step, n) != 1 {
		step++
	}
	labels := make([]int, n)
	for i := range labels {
		labels[i] = sorted[i*step%n]
	}
	return labels
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// TestStratifiedSplitEqualsScikitLearn compares with what scripts/golden/split.py wrote.
func TestStratifiedSplitEqualsScikitLearn(t *testing.T) {
	data, err := os.ReadFile("testdata/stratify.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Counts      []int
		TestSize    float64 `json:"test_size"`
		Seed        uint32
		Error       bool
		Sizes       [2]int
		Train, Test []int
		TrainSHA256 string `json:"train_sha256"`
		TestSHA256  string `json:"test_sha256"`
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, c := range cases {
		name := fmt.Sprintf("%v of %v by seed %d", c.TestSize, c.Counts, c.Seed)
		train, test, err := StratifiedSplit(labelsOf(c.Counts), c.TestSize, c.Seed)
		switch {
		case c.Error:
			refused++
			if err == nil {
				t.Errorf("%s: no error, but scikit-learn has one", name)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case c.TrainSHA256 != "":
			if [2]int{len(train), len(test)} != c.Sizes || digestOf(train) != c.TrainSHA256 || digestOf(test) != c.TestSHA256 {
				t.Errorf("%s: other records, or another order: sizes %d and %d, want %v; train begins %v", name, len(train), len(test), c.Sizes, train[:8])
			}
		case !slices.Equal(train, c.Train) || !slices.Equal(test, c.Test):
			t.Errorf("%s: got %v and %v, want %v and %v", name, train, test, c.Train, c.Test)
		}
	}
	if refused == 0 || refused == len(cases) {
		t.Errorf("%d of %d cases are errors; the golden file should hold both kinds", refused, len(cases))
	}
}

func TestStratifiedSplitRefuses(t *testing.T) {
	for _, c := range []struct {
		labels   []int
		testSize float64
		want     string
	}{
		{nil, 0.5, "0 records"},
		{[]int{1, 1}, 0, "above 0"},
		{[]int{0, 0, 7, 0, 9}, 0.5, "only one of class 7, 9"},
		{[]int{0, 0, 1, 1, 2, 2}, 0.2, "2 records to the test share, fewer than the 3 classes"},
		{[]int{0, 0, 1, 1, 2, 2}, 0.6, "2 records to the train share, fewer than the 3 classes"},
	} {
		train, test, err := StratifiedSplit(c.labels, c.testSize, 42)
		if err == nil {
			t.Errorf("%v of %v: got %v and %v, want an error", c.testSize, c.labels, train, test)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v of %v: error %q doesn't say %q", c.testSize, c.labels, err, c.want)
		}
	}
}
