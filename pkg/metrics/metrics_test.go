package metrics

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// golden reads the cases that scripts/golden/metrics.py made.
func golden[T any](t *testing.T, name string) []T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var cases []T
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatalf("%s holds no cases", name)
	}
	return cases
}

func equal(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) < 1e-12) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

var averages = map[string]Average{"macro": Macro, "micro": Micro, "weighted": Weighted, "binary": Binary}

func TestClassesEqualScikitLearn(t *testing.T) {
	for _, c := range golden[struct {
		Name             string
		Truth, Predicted []int
		Accuracy         float64
		Scores           map[string]struct{ Precision, Recall, F1 float64 }
	}](t, "classes.json") {
		t.Run(c.Name, func(t *testing.T) {
			equal(t, "accuracy", Accuracy(c.Truth, c.Predicted), c.Accuracy)
			for name, want := range c.Scores {
				average, known := averages[name]
				if !known {
					t.Fatalf("no average %q", name)
				}
				equal(t, name+" precision", Precision(c.Truth, c.Predicted, average), want.Precision)
				equal(t, name+" recall", Recall(c.Truth, c.Predicted, average), want.Recall)
				equal(t, name+" F1", F1(c.Truth, c.Predicted, average), want.F1)
			}
		})
	}
}

func TestMultilabelEqualsScikitLearn(t *testing.T) {
	for _, c := range golden[struct {
		Name             string
		Truth, Predicted [][]int
		Scores           map[string]struct{ F1 float64 }
	}](t, "multilabel.json") {
		t.Run(c.Name, func(t *testing.T) {
			for name, want := range c.Scores {
				average, known := averages[name]
				if !known {
					t.Fatalf("no average %q", name)
				}
				equal(t, name+" F1", MultilabelF1(c.Truth, c.Predicted, average), want.F1)
			}
		})
	}
}

func TestEntitiesEqualSeqeval(t *testing.T) {
	for _, c := range golden[struct {
		Name             string
		Truth, Predicted [][]string
		Micro            Score
		PerLabel         map[string]Score `json:"per_label"`
	}](t, "entities.json") {
		t.Run(c.Name, func(t *testing.T) {
			report := Entities(c.Truth, c.Predicted)
			equalScore(t, "micro", report.Micro, c.Micro)
			if len(report.PerLabel) != len(c.PerLabel) {
				t.Errorf("labels: got %v, want %v", report.PerLabel, c.PerLabel)
			}
			for label, want := range c.PerLabel {
				got, found := report.PerLabel[label]
				if !found {
					t.Errorf("%s isn't in the report", label)
				}
				equalScore(t, label, got, want)
			}
		})
	}
}

func TestNoData(t *testing.T) {
	for name, average := range averages {
		equal(t, name+" precision", Precision(nil, nil, average), 0)
		equal(t, name+" recall", Recall(nil, nil, average), 0)
		equal(t, name+" F1", F1(nil, nil, average), 0)
		equal(t, name+" F1 of flags", MultilabelF1(nil, nil, average), 0)
		equal(t, name+" F1 of no outputs", MultilabelF1([][]int{{}}, [][]int{{}}, average), 0)
	}
	equal(t, "accuracy", Accuracy(nil, nil), 0)
	report := Entities(nil, nil)
	if report.Micro != (Score{}) || len(report.PerLabel) != 0 {
		t.Errorf("entities: got %+v, want no scores", report)
	}
}

func TestMultilabelBinaryIsMicro(t *testing.T) {
	truth, predicted := [][]int{{1, 0, 1}, {0, 0, 1}}, [][]int{{1, 1, 0}, {0, 0, 1}}
	equal(t, "binary", MultilabelF1(truth, predicted, Binary), 2.0/3)
}

func TestUnequalLengthsHaveNoScore(t *testing.T) {
	for name, got := range map[string]float64{
		"accuracy":              Accuracy([]int{1}, []int{1, 1}),
		"F1":                    F1([]int{1, 1}, []int{1}, Macro),
		"flags, records":        MultilabelF1([][]int{{1, 1}}, nil, Micro),
		"flags, outputs":        MultilabelF1([][]int{{1, 1}}, [][]int{{1, 1, 0}}, Micro),
		"flags, ragged truth":   MultilabelF1([][]int{{1, 1}, {1}}, [][]int{{1, 1}, {1, 1}}, Micro),
		"flags, ragged column":  MultilabelF1([][]int{{1}, {}}, [][]int{{1}, {1}}, Micro),
		"flags, ragged guesses": MultilabelF1([][]int{{1, 1}, {1, 1}}, [][]int{{1, 1}, {1}}, Micro),
	} {
		if !math.IsNaN(got) {
			t.Errorf("%s: got %v, want NaN", name, got)
		}
	}
}

func TestEntitiesOfUnequalTextsAreMissedOrTooMany(t *testing.T) {
	report := Entities([][]string{{"NAME", "O", "AGE"}, {"NAME"}}, [][]string{{"NAME"}, {"NAME"}, {"AGE"}})
	equal(t, "precision", report.Micro.Precision, 2.0/3)
	equal(t, "recall", report.Micro.Recall, 2.0/3)
}

// The counts of single texts add up to the report of all.
func TestEntityCountsAddUp(t *testing.T) {
	for _, c := range golden[struct {
		Name             string
		Truth, Predicted [][]string
		Micro            Score
	}](t, "entities.json") {
		var all Counts
		for i := range c.Truth {
			all = all.Add(CountSpans(tasks.Scheme{}.Spans(c.Truth[i]), tasks.Scheme{}.Spans(c.Predicted[i])))
		}
		equalScore(t, c.Name, all.Score(), c.Micro)
	}
}
