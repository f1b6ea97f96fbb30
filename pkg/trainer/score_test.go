package trainer

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// onePart is a batch's part of the only task.
func onePart(targets ...datasets.Target) []datasets.Part {
	return []datasets.Part{{Targets: targets}}
}

// scored feeds batches to a scorer of the task.
func scored(task tasks.Task, batches []datasets.Batch, predicted [][][]int) Scores {
	s := newScorers([]tasks.Task{task})[0]
	for i, b := range batches {
		s.add(b, b.Parts[0], predicted[i])
	}
	return s.result()
}

func (s Scores) figure(t *testing.T, name string) float64 {
	t.Helper()
	for _, f := range s.Report {
		if f.Name == name {
			return f.Value
		}
	}
	t.Fatalf("no figure %q in %v", name, s.Report)
	return 0
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// The counting figure is a mean over batches, the report's one figure over all.
func TestTokenScores(t *testing.T) {
	task := tasks.NER([]string{"O", "NAME", "AGE"})
	ignore := int64(tasks.IgnoreToken)
	batches := []datasets.Batch{
		{Size: 1, Length: 6, Parts: onePart(datasets.Target{Classes: []int64{ignore, 0, 1, 1, 0, ignore}})},
		{Size: 1, Length: 4, Parts: onePart(datasets.Target{Classes: []int64{ignore, 2, 0, ignore}})},
	}
	// What is said of ignored tokens (class 2 here) must not count.
	predicted := [][][]int{{{2, 0, 1, 0, 0, 2}}, {{2, 2, 0, 2}}}
	s := scored(task, batches, predicted)
	// First batch: F1 of O is 2·2/(2·2+1) = 0.8, of NAME 2·1/(2·1+1) = 2/3.
	near(t, "mean of the batches' macro-F1", s.Value, ((0.8+2.0/3)/2+1)/2)
	// Entities: the NAME of two words was found as one word, so it is wrong; the AGE is right.
	near(t, "entity F1", s.figure(t, "entity_f1"), 0.5)
	near(t, "F1 of AGE", s.figure(t, "f1_AGE"), 1)
	// Tokens of both batches: O 3 of 3 and one too many, NAME 1 of 2, AGE 1 of 1.
	near(t, "token accuracy", s.figure(t, "token_accuracy"), 5.0/6)
	near(t, "token macro-F1", s.figure(t, "token_macro_f1"), (6.0/7+2.0/3+1)/3)
	near(t, "token weighted F1", s.figure(t, "token_weighted_f1"), (3*6.0/7+2*2.0/3+1)/6)
	near(t, "F1 of NAME", s.figure(t, "f1_NAME"), 0)
	if s.Name != "ner_f1" || s.Headline().Name != "entity_f1" {
		t.Errorf("counting figure %q, headline %q", s.Name, s.Headline().Name)
	}
}

func TestClassScores(t *testing.T) {
	task := tasks.CLS(tasks.CaseLabels{Main: []string{"a", "b"}, Sub: []string{"c", "d"}, Intervention: []string{"e", "f"}, Priority: []string{"1", "2"}})
	none := int64(tasks.IgnoreClass)
	batches := []datasets.Batch{
		{Size: 2, Length: 1, Parts: onePart(datasets.Target{Classes: []int64{0, 1}}, datasets.Target{Classes: []int64{0, 1}}, datasets.Target{Classes: []int64{none, none}}, datasets.Target{Classes: []int64{0, 0}})},
		{Size: 1, Length: 1, Parts: onePart(datasets.Target{Classes: []int64{1}}, datasets.Target{Classes: []int64{1}}, datasets.Target{Classes: []int64{1}}, datasets.Target{Classes: []int64{1}})},
	}
	predicted := [][][]int{{{0, 0}, {0, 1}, {1, 1}, {0, 0}}, {{1}, {0}, {0}, {1}}}
	s := scored(task, batches, predicted)
	near(t, "mean over batches of the heads' mean accuracy", s.Value, ((0.5+1+1)/3+0.5)/2)
	near(t, "accuracy of main", s.figure(t, "acc_main"), 2.0/3)
	near(t, "accuracy of sub", s.figure(t, "acc_sub"), 2.0/3)
	near(t, "accuracy of intervention, of which two are unlabelled", s.figure(t, "acc_intervention"), 0)
	near(t, "average accuracy", s.figure(t, "avg_acc"), (2.0/3+2.0/3+0+1)/4)
}

// Each head's likeliest classes choose the best epoch; the figures over the whole
// set are of the answers, where heads follow one another.
func TestScoresOfAnswers(t *testing.T) {
	task := toyTasks()[1]
	none := int64(tasks.IgnoreClass)
	b := datasets.Batch{Size: 2, Length: 1, Parts: onePart(
		datasets.Target{Classes: []int64{0, 1}}, datasets.Target{Classes: []int64{1, 0}}, datasets.Target{Classes: []int64{none, none}}, datasets.Target{Classes: []int64{none, none}},
	)}
	predicted, answers := [][]int{{0, 0}, {0, 1}, {0, 0}, {0, 0}}, [][]int{{0, 1}, {1, 0}, {0, 0}, {0, 0}}
	s := newScorers([]tasks.Task{task})[0]
	s.addBoth(b, b.Parts[0], predicted, answers)
	got := s.result()
	near(t, "mean over batches of each head's own accuracy", got.Value, (0.5+0)/2)
	near(t, "accuracy of main", got.figure(t, "acc_main"), 1)
	near(t, "accuracy of sub", got.figure(t, "acc_sub"), 1)
	s = newScorers(tasks.Independent([]tasks.Task{task}))[0]
	s.addBoth(b, b.Parts[0], predicted, nil)
	near(t, "accuracy of independent main", s.result().figure(t, "acc_main"), 0.5)
	near(t, "accuracy of independent sub", s.result().figure(t, "acc_sub"), 0)
}

func TestFlagScores(t *testing.T) {
	task := tasks.Task{Name: "qa", Kind: tasks.MultiLabel, Heads: []tasks.Head{{Name: "hold", Labels: []string{"x", "y"}}, {Name: "closing", Labels: []string{"z"}}}}
	batches := []datasets.Batch{
		{Size: 2, Length: 1, Parts: onePart(datasets.Target{Flags: []float32{1, 0, 1, 1}, Width: 2}, datasets.Target{Flags: []float32{0, 0}, Width: 1})},
		{Size: 1, Length: 1, Parts: onePart(datasets.Target{Flags: []float32{0, 1}, Width: 2}, datasets.Target{Flags: []float32{1}, Width: 1})},
	}
	predicted := [][][]int{{{1, 1, 1, 0}, {0, 0}}, {{0, 1}, {1}}}
	s := scored(task, batches, predicted)
	// First batch: hold has 2 true positives, 1 false of each kind. The micro-F1 of closing's one column is to
	// scikit-learn its accuracy.
	near(t, "mean over batches of the heads' mean micro-F1", s.Value, ((4.0/6+1)/2+1)/2)
	near(t, "F1 of hold over all", s.figure(t, "f1_hold"), 6.0/8)
	near(t, "F1 of closing over all", s.figure(t, "f1_closing"), 1)
	near(t, "average F1", s.figure(t, "avg_f1"), (6.0/8+1)/2)
	near(t, "mean F1 of the criteria", s.figure(t, "criteria_f1"), (1+2.0/4+1)/3)
	near(t, "F1 of one criterion", s.figure(t, "sub_f1_hold_y"), 2.0/4)
	// Of hold's 6 flags 4 are right; 4 were to be found, 4 were said, 3 are both.
	near(t, "accuracy of hold's flags", s.figure(t, "acc_hold"), 4.0/6)
	near(t, "precision of hold", s.figure(t, "precision_hold"), 3.0/4)
	near(t, "recall of hold", s.figure(t, "recall_hold"), 3.0/4)
}

// A row with a flag that isn't labelled doesn't count.
func TestFlagScoresWithoutIgnoredRows(t *testing.T) {
	task := tasks.Task{Name: "qa", Kind: tasks.MultiLabel, Heads: []tasks.Head{{Name: "hold", Labels: []string{"x", "y/z"}}, {Name: "closing", Labels: []string{"z"}}}}
	none := datasets.Target{Flags: []float32{0}, Width: 1, Ignored: []bool{true}}
	batches := []datasets.Batch{
		{Size: 3, Length: 1, Parts: onePart(
			datasets.Target{Flags: []float32{1, 1, 1, 0, 0, 1}, Width: 2, Ignored: []bool{false, false, false, true, true, true}},
			datasets.Target{Flags: []float32{0, 0, 0}, Width: 1, Ignored: []bool{true, true, true}},
		)},
		{Size: 1, Length: 1, Parts: onePart(datasets.Target{Flags: []float32{0, 0}, Width: 2, Ignored: []bool{true, false}}, none)},
		{Size: 1, Length: 1, Parts: onePart(datasets.Target{Flags: []float32{0, 1}, Width: 2}, none)},
	}
	predicted := [][][]int{{{1, 0, 0, 1, 1, 0}, {1, 1, 1}}, {{1, 1}, {1}}, {{0, 1}, {1}}}
	s := scored(task, batches, predicted)
	// What counts: (1, 1) of which (1, 0) was said, and (0, 1), rightly. The second batch has nothing that does.
	near(t, "mean over batches of micro-F1", s.Value, (2.0/3+1)/2)
	near(t, "F1 of hold", s.figure(t, "f1_hold"), 2*2.0/(2*2+1))
	near(t, "accuracy of hold", s.figure(t, "acc_hold"), 3.0/4)
	near(t, "precision of hold", s.figure(t, "precision_hold"), 1)
	near(t, "recall of hold", s.figure(t, "recall_hold"), 2.0/3)
	near(t, "F1 of a criterion", s.figure(t, "sub_f1_hold_y or z"), 2.0/3)
	near(t, "average F1", s.figure(t, "avg_f1"), 2*2.0/(2*2+1))
	for _, f := range s.Report {
		if strings.Contains(f.Name, "closing") {
			t.Errorf("%s is %v, but nothing is labelled", f.Name, f.Value)
		}
	}
}

func TestBaseline(t *testing.T) {
	classes := func(c ...int64) datasets.Example {
		return datasets.Example{IDs: make([]int32, len(c)), Labels: []datasets.Label{{Classes: c}}}
	}
	loader := func(task tasks.Task, examples ...datasets.Example) datasets.Loader {
		return datasets.Loader{Tasks: []tasks.Task{task}, Examples: examples, BatchSize: 8}
	}
	baseline := func(l datasets.Loader) Scores {
		list := Baseline(l, l)
		if len(list) != 1 {
			t.Fatalf("%d scores of one task", len(list))
		}
		return list[0]
	}
	s := baseline(loader(tasks.NER([]string{"O", "NAME"}), classes(-100, 0, 0, -100), classes(-100, 1, -100)))
	near(t, "macro-F1 of always O", s.Value, (2*2.0/(2*2+1)+0)/2)
	near(t, "entity F1 of always O", s.Headline().Value, 0)

	flags := func(f ...float32) datasets.Example {
		return datasets.Example{IDs: []int32{1}, Labels: []datasets.Label{{Flags: [][]float32{f}}}}
	}
	qa := tasks.Task{Name: "qa", Kind: tasks.MultiLabel, Heads: []tasks.Head{{Name: "h", Labels: []string{"x", "y"}}}}
	s = baseline(loader(qa, flags(1, 0), flags(1, 0), flags(0, 1)))
	near(t, "micro-F1 of the more frequent values", s.Headline().Value, 2*2.0/(2*2+1+1))
	// Of y one is labelled, and with yes.
	s = baseline(loader(qa, flags(1, tasks.IgnoreClass), flags(1, 1), flags(0, tasks.IgnoreClass)))
	near(t, "micro-F1 of labelled values", s.Headline().Value, 1)

	cls := tasks.CLS(tasks.CaseLabels{Main: []string{"a", "b"}, Sub: []string{"c"}, Intervention: []string{"e"}, Priority: []string{"1"}})
	s = baseline(loader(cls, classes(1, 0, 0, -1), classes(1, 0, 0, 0), classes(0, 0, 0, 0)))
	near(t, "mean accuracy of the most frequent classes", s.Headline().Value, (2.0/3+1+1+1)/4)
}

// A set's tasks are scored apart.
func TestBaselineOfASharedSet(t *testing.T) {
	list := toyTasks()
	shared := toySet(list, 12)
	together := Baseline(shared, shared)
	for i, apart := range toyLoaders(list, 12) {
		if want := Baseline(apart, apart)[0]; !reflect.DeepEqual(together[i], want) {
			t.Errorf("task %s: %+v, alone %+v", list[i].Name, together[i], want)
		}
	}
}
