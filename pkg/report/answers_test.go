package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// pairCase is a task in which a main category follows a sub-category: of four
// calls each head by itself says main 1 0 0 1, sub 0 0 1 1, of which main 0 goes with sub 0.
func pairCase() Outputs {
	task := tasks.Task{Name: "pairs", Kind: tasks.MultiClass, Heads: []tasks.Head{
		{Name: "main", Labels: []string{"A", "B"}, Follows: &tasks.Follows{Head: "sub", IDs: []int{0, 1}}}, {Name: "sub", Labels: []string{"a", "b"}},
	}}
	return Outputs{Task: task, Records: recordNumbers(4), Heads: []HeadOutputs{
		{[][]int{{0}, {0}, {1}, {tasks.IgnoreClass}}, [][]float32{{0.4, 0.6}, {0.9, 0.1}, {0.6, 0.4}, {0.2, 0.8}}},
		{[][]int{{0}, {0}, {1}, {1}}, [][]float32{{0.7, 0.3}, {0.8, 0.2}, {0.1, 0.9}, {0.3, 0.7}}},
	}}
}

func TestContradictions(t *testing.T) {
	o := pairCase()
	r := report(t, o, Options{Resamples: 50, Seed: 1})
	equal(t, "contradictions", r.figure(t, "contradictions").Value, 2.0/4)
	equal(t, "accuracy of main", r.figure(t, "acc_main").Value, 1.0/3)
	equal(t, "accuracy of sub", r.figure(t, "acc_sub").Value, 1)
	if i := r.figure(t, "contradictions").Interval; i == nil || i.Low > 0.5 || i.High < 0.5 || i.Low == i.High {
		t.Errorf("interval %+v", i)
	}
	if last := r.Headline[len(r.Headline)-1]; last.Name != "contradictions" || r.Headline[0].Name != "avg_acc" {
		t.Errorf("headline %v", r.Headline)
	}

	o.Answers = [][]int{{0, 0}, {0, 0}, {1, 1}, {1, 1}}
	r = report(t, o, Options{Resamples: 50, Seed: 1})
	equal(t, "contradictions of answers", r.figure(t, "contradictions").Value, 0)
	equal(t, "accuracy of main in answers", r.figure(t, "acc_main").Value, 1)
	equal(t, "accuracy of sub in answers", r.figure(t, "acc_sub").Value, 1)
	// The confidence is the chosen class's probability: 0.4, 0.9, 0.4 of main.
	equal(t, "calibration error of main", round(r.figure(t, "ece_main").Value), round((2*0.6+0.1)/3))

	o.Task = tasks.Independent([]tasks.Task{o.Task})[0]
	for _, f := range report(t, o, Options{}).Headline {
		if f.Name == "contradictions" {
			t.Error("contradictions are counted where it isn't known what goes together")
		}
	}
}

// round leaves away what single precision adds.
func round(x float64) float64 { return float64(int(x*1e6+0.5)) / 1e6 }

func TestPredictionsOfAnswers(t *testing.T) {
	o := pairCase()
	o.Answers = [][]int{{0, 0}, {0, 0}, {1, 1}, {1, 1}}
	var text bytes.Buffer
	if err := WritePredictions(&text, o, Options{}); err != nil {
		t.Fatal(err)
	}
	const want = `record,main.truth,main.predicted,main.probability,sub.truth,sub.predicted,sub.probability
1,A,A,0.400000,a,a,0.700000
2,A,A,0.900000,a,a,0.800000
3,B,B,0.400000,b,b,0.900000
4,,B,0.800000,b,b,0.700000
`
	if got := text.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestBadAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answers [][]int
		want    string
	}{
		"too few":     {[][]int{{0, 0}}, "4 records, answers to 1"},
		"a head less": {[][]int{{0, 0}, {0}, {0, 0}, {0, 0}}, "answers of 1 heads; the task has 2"},
		"no class":    {[][]int{{0, 0}, {0, 2}, {0, 0}, {0, 0}}, "head sub: answer 2 isn't one of 0 to 1"},
		"negative":    {[][]int{{-1, 0}, {0, 0}, {0, 0}, {0, 0}}, "head main: answer -1 isn't one of 0 to 1"},
	} {
		o := pairCase()
		o.Answers = c.answers
		if _, err := New(t.Context(), o, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	o := flagCase()
	o.Answers = [][]int{{0}}
	if _, err := New(t.Context(), o, Options{}); err == nil || !strings.Contains(err.Error(), "a multilabel task has no answers") {
		t.Errorf("error %v", err)
	}
}
