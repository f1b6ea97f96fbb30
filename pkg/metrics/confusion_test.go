package metrics

import (
	"reflect"
	"strings"
	"testing"
)

func equalScore(t *testing.T, what string, got, want Score) {
	t.Helper()
	equal(t, what+" precision", got.Precision, want.Precision)
	equal(t, what+" recall", got.Recall, want.Recall)
	equal(t, what+" F1", got.F1, want.F1)
	if got.Support != want.Support {
		t.Errorf("%s support: got %d, want %d", what, got.Support, want.Support)
	}
}

func TestConfusionEqualsScikitLearn(t *testing.T) {
	for _, c := range golden[struct {
		Name             string
		Truth, Predicted []int
		Matrix           Confusion
		Accuracy         float64
		PerClass         []Score          `json:"per_class"`
		Averages         map[string]Score `json:"averages"`
		MostConfused     []Pair           `json:"most_confused"`
	}](t, "confusion.json") {
		t.Run(c.Name, func(t *testing.T) {
			matrix, err := NewConfusion(c.Truth, c.Predicted, len(c.Matrix))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(matrix, c.Matrix) {
				t.Errorf("got %v, want %v", matrix, c.Matrix)
			}
			equal(t, "accuracy", matrix.Accuracy(), c.Accuracy)
			for class, got := range matrix.Scores() {
				equalScore(t, "class", got, c.PerClass[class])
				said := 0
				for _, row := range c.Matrix {
					said += row[class]
				}
				if got.Predicted != said {
					t.Errorf("class %d: predicted %d times, want %d", class, got.Predicted, said)
				}
			}
			for name, want := range c.Averages {
				equalScore(t, name, matrix.Average(averages[name]), want)
			}
			if got := matrix.MostConfused(10); !reflect.DeepEqual(got, c.MostConfused) {
				t.Errorf("most confused: got %v, want %v", got, c.MostConfused)
			}
		})
	}
}

// The same averages from the matrix as from the lists.
func TestConfusionAveragesAsTheListsDo(t *testing.T) {
	truth, predicted := []int{0, 0, 1, 1, 1, 3}, []int{0, 1, 1, 1, 0, 1}
	matrix, err := NewConfusion(truth, predicted, 5)
	if err != nil {
		t.Fatal(err)
	}
	for name, average := range averages {
		got := matrix.Average(average)
		equal(t, name+" precision", got.Precision, Precision(truth, predicted, average))
		equal(t, name+" recall", got.Recall, Recall(truth, predicted, average))
		equal(t, name+" F1", got.F1, F1(truth, predicted, average))
	}
}

func TestConfusionOfNothing(t *testing.T) {
	for classes := range 3 {
		matrix, err := NewConfusion(nil, nil, classes)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "accuracy", matrix.Accuracy(), 0)
		for name, average := range averages {
			if got := matrix.Average(average); got != (Score{}) {
				t.Errorf("%s of %d classes: got %+v, want none", name, classes, got)
			}
		}
		if got := matrix.MostConfused(3); len(got) != 0 {
			t.Errorf("most confused: got %v, want none", got)
		}
	}
}

func TestBadConfusion(t *testing.T) {
	for want, lists := range map[string][2][]int{
		"1 classes in the truth, 2 predicted": {{0}, {0, 1}},
		"class 2 isn't one of 0 to 1":         {{0}, {2}},
		"class -1 isn't one of 0 to 1":        {{-1}, {0}},
	} {
		if _, err := NewConfusion(lists[0], lists[1], 2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that says %q", err, want)
		}
	}
}
