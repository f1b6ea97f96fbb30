package report

import (
	"math"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

func equal(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) < 1e-12) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// report makes a report that must succeed.
func report(t *testing.T, o Outputs, opt Options) Report {
	t.Helper()
	r, err := New(t.Context(), o, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r Report) figure(t *testing.T, name string) Figure {
	t.Helper()
	for _, f := range r.Figures() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no figure %q in %v", name, r.Figures())
	return Figure{}
}

// recordNumbers are 1 to n.
func recordNumbers(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i + 1
	}
	return list
}

// sure gives one class nearly all of the probability, the others the rest.
func sure(classes, class int, p float32) []float32 {
	list := make([]float32, classes)
	for i := range list {
		list[i] = (1 - p) / float32(max(classes-1, 1))
	}
	list[class] = p
	return list
}

// tokenCase is 4 records of a token task: an entity found, one cut short, one of
// another label, and one with a label that the model doesn't know.
func tokenCase() Outputs {
	truth := [][]int{{0, 1, 1, 0, 2}, {1, 1, 0}, {0, 2, 0, 0}, {3, 0}}
	said := [][]int{{0, 1, 1, 0, 2}, {1, 0, 0}, {0, 1, 0, 0}, {1, 0}}
	var probabilities [][]float32
	for i, words := range said {
		var row []float32
		for j, class := range words {
			row = append(row, sure(3, class, 0.9-0.1*float32((i+j)%3))...)
		}
		probabilities = append(probabilities, row)
	}
	return Outputs{
		Task:    tasks.NER([]string{"O", "NAME", "AGE"}),
		Records: recordNumbers(4),
		Heads:   []HeadOutputs{{Truth: truth, Probabilities: probabilities}},
	}
}

// classCase is 6 records of a task of two heads; the second isn't labelled
// everywhere, and a label of it isn't known.
func classCase() Outputs {
	head := func(truth, said []int, classes int) HeadOutputs {
		var o HeadOutputs
		for i, class := range truth {
			o.Truth = append(o.Truth, []int{class})
			o.Probabilities = append(o.Probabilities, sure(classes, said[i], 0.95-0.1*float32(i%4)))
		}
		return o
	}
	return Outputs{
		Task: tasks.Task{Name: "cases", Kind: tasks.MultiClass, Heads: []tasks.Head{
			{Name: "area", Labels: []string{"Health & Care", "School|Work", "Home", "Unused"}},
			{Name: "urgency", Labels: []string{"low", "high"}},
		}},
		Records: []int{3, 5, 8, 13, 21, 34},
		Heads: []HeadOutputs{
			head([]int{0, 0, 0, 1, 1, 2}, []int{0, 0, 1, 1, 2, 2}, 4),
			head([]int{0, 1, -1, 2, 1, -1}, []int{0, 1, 0, 1, 0, 1}, 2),
		},
	}
}

// flagCase is 5 records of a multilabel task; one output isn't labelled
// everywhere, and one has just the threshold, which is a no.
func flagCase() Outputs {
	return Outputs{
		Task: tasks.Task{Name: "quality", Kind: tasks.MultiLabel, Heads: []tasks.Head{
			{Name: "manner", Labels: []string{"Polite", "Listens/paraphrases"}},
			{Name: "closing", Labels: []string{"Says goodbye"}},
		}},
		Records: recordNumbers(5),
		Heads: []HeadOutputs{
			{
				Truth:         [][]int{{1, 0}, {1, 1}, {0, 1}, {0, 0}, {1, -1}},
				Probabilities: [][]float32{{0.9, 0.2}, {0.45, 0.8}, {0.5, 0.55}, {0.1, 0.6}, {0.7, 0.9}},
			},
			{
				Truth:         [][]int{{1}, {1}, {0}, {0}, {1}},
				Probabilities: [][]float32{{0.35}, {0.4}, {0.2}, {0.6}, {0.95}},
			},
		},
	}
}

func allCases() map[string]Outputs {
	return map[string]Outputs{"token": tokenCase(), "multiclass": classCase(), "multilabel": flagCase()}
}

// many repeats a case's records.
func many(o Outputs, times int) Outputs {
	big := Outputs{Task: o.Task, Records: recordNumbers(times * len(o.Records)), Heads: make([]HeadOutputs, len(o.Heads))}
	for h, head := range o.Heads {
		for range times {
			big.Heads[h].Truth = append(big.Heads[h].Truth, head.Truth...)
			big.Heads[h].Probabilities = append(big.Heads[h].Probabilities, head.Probabilities...)
		}
	}
	return big
}
