package fusion

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// drawn is a model with weights of its own for each seed.
func drawn(t *testing.T, seed uint64, list ...tasks.Task) *Model {
	t.Helper()
	if err := torchx.Seed(seed); err != nil {
		t.Fatal(err)
	}
	m, err := New(Architecture{Config: smallConfig(), Tasks: list}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Drop)
	return m
}

// sameEncoder gives a model another one's encoder.
func sameEncoder(t *testing.T, m, from *Model) {
	t.Helper()
	for _, p := range from.params.All() {
		name, within := strings.CutPrefix(p.Name, from.EncoderName+".")
		if !within {
			continue
		}
		mine, _ := m.params.Get(m.EncoderName + "." + name)
		data, err := torchx.Bytes(p.Tensor)
		if err == nil {
			err = torchx.SetBytes(mine, data, gotch.Float, p.Tensor.MustSize())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// logitsBy are a text's logits for each label of a head, of tokens one after another.
func logitsBy(t *testing.T, m *Model, task string) map[string][]float32 {
	t.Helper()
	s := torchx.Inference(gotch.CPU)
	hidden, mask := m.Hidden(s, datasets.Batch{Size: 1, Length: 4, IDs: []int64{1, 5, 7, 2}})
	by := map[string][]float32{}
	of, err := tasks.Find(m.Tasks, task)
	if err != nil {
		t.Fatal(err)
	}
	for h, x := range m.Logits(s, task, hidden, mask) {
		labels := of.Heads[h].Labels
		for i, v := range s.ReadFloat32(x) {
			label := of.Heads[h].Name + "/" + labels[i%len(labels)]
			by[label] = append(by[label], v)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return by
}

func caseTask(sub ...string) tasks.Task {
	task := tasks.CLS(tasks.CaseLabels{Main: []string{"A", "B"}, Sub: sub, Intervention: namesOf(2), Priority: namesOf(3)})
	task.Heads[0].Follows = nil
	return task
}

// Next month's data has labels in another order, a new one, and lacks one.
func TestKeepHeads(t *testing.T) {
	old := drawn(t, 1, tasks.NER([]string{"O", "NAME", "LANDMARK", "AGE"}), caseTask("a", "b", "c"), tasks.QA())
	m := drawn(t, 2, tasks.QA(), tasks.NER([]string{"O", "AGE", "SCHOOL", "NAME"}), caseTask("b", "c", "d", "a"))
	before := logitsBy(t, m, tasks.CLSName)
	sameEncoder(t, m, old)
	heads, err := m.KeepHeads(old)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]KeptHead{}
	for _, h := range heads {
		byName[h.Task+"/"+h.Head] = h
	}
	if len(heads) != 6+1+4 {
		t.Errorf("%d heads", len(heads))
	}
	for name, want := range map[string]KeptHead{
		"ner/ner": {"ner", "ner", []string{"O", "AGE", "NAME"}, []string{"SCHOOL"}, []string{"LANDMARK"}, ""},
		"cls/sub": {"cls", "sub", []string{"b", "c", "a"}, []string{"d"}, nil, ""},
		"qa/hold": {"qa", "hold", tasks.QA().Heads[4].Labels, nil, nil, ""},
	} {
		if !reflect.DeepEqual(byName[name], want) {
			t.Errorf("%s: %+v, want %+v", name, byName[name], want)
		}
	}
	same := 0
	for _, task := range []string{"ner", "cls", "qa"} {
		was := logitsBy(t, old, task)
		for label, got := range logitsBy(t, m, task) {
			want, known := was[label]
			if known {
				same++
			}
			if known && !(goldentest.Compare(got, want).Relative <= goldentest.Rounding) {
				t.Errorf("%s: %s has logits %v, want the old model's %v", task, label, got, want)
			}
		}
	}
	if want := 3 + 2 + 3 + 2 + 3 + 17; same != want {
		t.Errorf("%d labels are in both, want %d", same, want)
	}
	if reflect.DeepEqual(before["sub/a"], logitsBy(t, m, tasks.CLSName)["sub/a"]) {
		t.Error("nothing was changed")
	}
}

func TestHeadsThatDontFit(t *testing.T) {
	single := tasks.SingleCLS(tasks.CaseLabels{Main: namesOf(2), Sub: namesOf(2), Intervention: namesOf(2), Priority: namesOf(2)})
	single.Heads[0].Follows = nil
	other := caseTask("a", "b")
	other.Kind = tasks.MultiLabel
	for want, from := range map[string]tasks.Task{
		"it has no task of that name":   tasks.QA(),
		"there it has cls pooling":      single,
		"there it is a multilabel task": other,
		"no label is in both":           caseTask("x", "y"),
	} {
		m := drawn(t, 2, caseTask("a", "b"))
		before := logitsBy(t, m, tasks.CLSName)
		heads, err := m.KeepHeads(drawn(t, 1, from))
		if err != nil || len(heads) != 4 {
			t.Fatal(heads, err)
		}
		if sub := heads[1]; sub.Why != want || len(sub.Kept) > 0 || !slices.Equal(sub.New, []string{"a", "b"}) {
			t.Errorf("%+v, want %q", sub, want)
		}
		if want != "no label is in both" && !reflect.DeepEqual(before, logitsBy(t, m, tasks.CLSName)) {
			t.Errorf("%s: heads were changed", want)
		}
	}
	plain := tasks.NER([]string{"O", "NAME"})
	plain.Transform = ""
	heads, err := drawn(t, 2, plain).KeepHeads(drawn(t, 1, tasks.NER([]string{"O", "NAME"})))
	if err != nil || !strings.Contains(heads[0].Why, "a linear layer before its classifiers") {
		t.Errorf("%+v, %v", heads, err)
	}
}

// The prototype's models of single tasks are continued by ours.
func TestKeepThePrototypesHeads(t *testing.T) {
	for name, task := range map[string]tasks.Task{
		"prototype-ner": tasks.SingleNER(nil), "prototype-classification": tasks.SingleCLS(tasks.CaseLabels{}), "prototype-qa": tasks.SingleQA(),
	} {
		from, _, err := Load("testdata/folders/"+name, gotch.CPU)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(from.Drop)
		for h := range task.Heads {
			task.Heads[h].Follows = nil
			task.Heads[h].Labels = slices.Clone(from.Tasks[0].Heads[h].Labels)
			slices.Reverse(task.Heads[h].Labels)
		}
		a := from.Architecture
		a.Tasks = []tasks.Task{task}
		m, err := New(a, gotch.CPU)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Drop)
		sameEncoder(t, m, from)
		if _, err := m.KeepHeads(from); err != nil {
			t.Fatal(err)
		}
		if got, want := logitsBy(t, m, task.Name), logitsBy(t, from, task.Name); !alikeLogits(got, want) || len(got) < 3 {
			t.Errorf("%s: logits %v, want %v", name, got, want)
		}
	}
}

// No head passes between a built-in task of the model of all tasks and that of a model of
// its own, as docs/training.md says: their layers differ.
func TestKeepNoHeadsOfTheOtherKind(t *testing.T) {
	labels := tasks.CaseLabels{Main: []string{"a"}, Sub: []string{"b"}, Intervention: []string{"c"}, Priority: []string{"1"}}
	for _, pair := range [][2]tasks.Task{
		{tasks.NER([]string{"O", "NAME"}), tasks.SingleNER([]string{"O", "NAME"})},
		{tasks.CLS(labels), tasks.SingleCLS(labels)},
		{tasks.QA(), tasks.SingleQA()},
	} {
		for i := range pair {
			from, to := pair[i], pair[1-i]
			heads, err := drawn(t, 2, to).KeepHeads(drawn(t, 1, from))
			if err != nil {
				t.Fatal(err)
			}
			for _, head := range heads {
				if head.Why == "" || len(head.Kept) > 0 {
					t.Errorf("%s, direction %d: %+v", to.Name, i, head)
				}
			}
		}
	}
}

// alikeLogits compares logits of the same weights in another order of labels, which the
// matrix product may round differently.
func alikeLogits(got, want map[string][]float32) bool {
	return maps.EqualFunc(got, want, func(a, b []float32) bool {
		return len(a) == len(b) && goldentest.Compare(a, b).Max <= 1e-6
	})
}
