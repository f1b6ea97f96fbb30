package datasets

import (
	"math"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// labelled makes examples of what they say to the second of two tasks.
func labelled(list ...Label) []Example {
	var examples []Example
	for _, label := range list {
		examples = append(examples, Example{Labels: []Label{{Classes: []int64{0}}, label}})
	}
	return examples
}

func classLabels(heads ...[]int64) []Example {
	var list []Label
	for i := range heads[0] {
		var label Label
		for _, classes := range heads {
			label.Classes = append(label.Classes, classes[i])
		}
		list = append(list, label)
	}
	return labelled(list...)
}

func checkWeights(t *testing.T, name string, got, want [][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: weights of %d heads, want %d", name, len(got), len(want))
	}
	for h := range want {
		if len(got[h]) != len(want[h]) {
			t.Errorf("%s, head %d: got %v, want %v", name, h, got[h], want[h])
			continue
		}
		for i := range want[h] {
			if math.Abs(float64(got[h][i]-want[h][i])) > 1e-6 {
				t.Errorf("%s, head %d: got %v, want %v", name, h, got[h], want[h])
				break
			}
		}
	}
}

// The figures are those of scikit-learn 1.7's compute_class_weight("balanced").
func TestBalancedClasses(t *testing.T) {
	four := make([]string, 4)
	task := tasks.Task{Kind: tasks.MultiClass, Heads: []tasks.Head{{Labels: four[:3]}, {Labels: four}}}
	got := Balanced(task, 1, classLabels(
		[]int64{0, 0, 0, 0, 0, 1, 1, 1, 2, 2},
		[]int64{0, 0, -1, 0, 2, 2, -1, 3, -2, -1}, // without label, or of an unknown one: not counted
	))
	checkWeights(t, "classes", got, [][]float32{
		{10. / (3 * 5), 10. / (3 * 3), 10. / (3 * 2)},
		{6. / (3 * 3), 1, 6. / (3 * 2), 6. / (3 * 1)}, // no example of class 1
	})
	checkWeights(t, "nothing", Balanced(task, 1, nil), [][]float32{{1, 1, 1}, {1, 1, 1, 1}})
}

func TestBalancedTokens(t *testing.T) {
	task := tasks.Task{Kind: tasks.Token, Heads: []tasks.Head{{Labels: []string{"O", "A", "B"}}}}
	got := Balanced(task, 1, labelled(
		Label{Classes: []int64{-100, 0, 0, 1, -100}}, Label{Classes: []int64{-100, 0, 0, 0, 0, -100, -100}}, Label{Classes: []int64{-100, -100}}, Label{Classes: []int64{0}},
	))
	checkWeights(t, "tokens", got, [][]float32{{8. / (2 * 7), 8. / 2, 1}})
}

// Yes/no outputs weigh their ones by how many zeros there are for each.
func TestBalancedFlags(t *testing.T) {
	task := tasks.Task{Kind: tasks.MultiLabel, Heads: []tasks.Head{{Labels: []string{"a"}}, {Labels: []string{"b", "c", "d", "e"}}}}
	got := Balanced(task, 1, labelled(
		Label{Flags: [][]float32{{1}, {0, 1, 0, -1}}},
		Label{Flags: [][]float32{{0}, {0, 1, 0, -1}}},
		Label{Flags: [][]float32{{-1}, {-1, 1, 0.9, -1}}},
		Label{Flags: [][]float32{{0}, {1, 1, 0.5, -1}}},
		Label{Flags: [][]float32{{0}, {1, 1, 0, -1}}},
	))
	checkWeights(t, "flags", got, [][]float32{{3}, {1, 1, 4, 1}}) // c is always 1, e never known
}
