package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestSplitEqualsScikitLearn compares with what scripts/golden/split.py wrote.
func TestSplitEqualsScikitLearn(t *testing.T) {
	data, err := os.ReadFile("testdata/split.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		N           int
		TestSize    float64 `json:"test_size"`
		Seed        uint32
		Sizes       [2]int
		Train, Test []int
		TrainSHA256 string `json:"train_sha256"`
		TestSHA256  string `json:"test_sha256"`
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%d of %v by seed %d", c.N, c.TestSize, c.Seed), func(t *testing.T) {
			train, test, err := TrainTestSplit(c.N, c.TestSize, c.Seed)
			if err != nil {
				t.Fatal(err)
			}
			if got := [2]int{len(train), len(test)}; got != c.Sizes {
				t.Fatalf("sizes: got %v, want %v", got, c.Sizes)
			}
			if c.TrainSHA256 != "" {
				if digestOf(train) != c.TrainSHA256 || digestOf(test) != c.TestSHA256 {
					t.Errorf("other records, or another order: train begins %v, test %v", train[:8], test[:8])
				}
				return
			}
			if !slices.Equal(train, c.Train) || !slices.Equal(test, c.Test) {
				t.Errorf("got %v and %v, want %v and %v", train, test, c.Train, c.Test)
			}
		})
	}
}

// digestOf is the SHA-256 of the numbers in decimal, separated by spaces.
func digestOf(numbers []int) string {
	hash := sha256.Sum256([]byte(strings.Trim(fmt.Sprint(numbers), "[]")))
	return hex.EncodeToString(hash[:])
}

func TestSplitRefusesEmptySides(t *testing.T) {
	for _, c := range []struct {
		n        int
		testSize float64
		want     string
	}{
		{0, 0.1, "0 records"},
		{-1, 0.1, "0 records"},
		{1, 0.1, "1 records"},
		{4, 0.9, "4 records"},
		{10, 0, "above 0"},
		{10, 1, "below 1"},
		{10, -0.1, "above 0"},
		{10, math.NaN(), "NaN"},
	} {
		train, test, err := TrainTestSplit(c.n, c.testSize, 42)
		if err == nil {
			t.Errorf("%v of %d: got %v and %v, want an error", c.testSize, c.n, train, test)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v of %d: error %q doesn't say %q", c.testSize, c.n, err, c.want)
		}
	}
}

func TestSplitSharesNoMemory(t *testing.T) {
	train, test, err := TrainTestSplit(10, 0.2, 1)
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(train)
	_ = append(test, -1)
	if !slices.Equal(train, before) {
		t.Error("appending to the test share overwrote the train share")
	}
}
