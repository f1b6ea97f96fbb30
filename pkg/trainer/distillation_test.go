package trainer

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// randomTeacher draws logits.
type randomTeacher struct{ *rand.Rand }

func drawing(seed uint64) randomTeacher { return randomTeacher{rand.New(rand.NewPCG(seed, 2))} }

// targets are random ones of an example: for a token task of all tokens but [CLS] and [SEP].
func (r randomTeacher) targets(task tasks.Task, ex datasets.Example) []datasets.SoftLabel {
	list := make([]datasets.SoftLabel, len(task.Heads))
	for h, head := range task.Heads {
		rows := 1
		if task.Kind == tasks.Token {
			for i := 1; i+1 < len(ex.IDs); i++ {
				list[h].Rows = append(list[h].Rows, int32(i))
			}
			rows = len(list[h].Rows)
		}
		for range rows * len(head.Labels) {
			list[h].Logits = append(list[h].Logits, float32(3*r.NormFloat64()))
		}
	}
	return list
}

// teach puts random soft labels beside all examples of tr's training sets.
func teach(tr *toyTrainer) {
	draw := drawing(1)
	for _, l := range tr.Train {
		for _, ex := range l.Examples {
			for t, task := range l.Tasks {
				ex.Labels[t].Soft = draw.targets(task, ex)
			}
		}
	}
}

// teachEvery is teach, and gives most examples the targets of the tasks that they have no
// labels of.
func teachEvery(tr *toyTrainer) {
	teach(tr)
	draw := drawing(5)
	for i := range tr.Train {
		l := &tr.Train[i]
		for _, task := range toyTasks() {
			if task.Name == l.Tasks[0].Name {
				continue
			}
			l.Taught = append(l.Taught, task)
			for j, ex := range l.Examples {
				var taught []datasets.SoftLabel
				if j%4 > 0 {
					taught = draw.targets(task, ex)
				}
				l.Examples[j].Taught = append(l.Examples[j].Taught, taught)
			}
		}
	}
}

// headModel is a head whose hidden states are given.
type headModel struct {
	Model
	heads.Head
}

func (m headModel) Loss(s *torchx.Scope, _ datasets.Batch, part datasets.Part, logits []*ts.Tensor) *ts.Tensor {
	target := part.Targets[0]
	if target.Flags != nil {
		return m.Head.Loss(s, logits, []heads.Target{{Values: s.Float32s(target.Flags, s.Shape(logits[0])...)}})
	}
	return m.Head.Loss(s, logits, []heads.Target{{Values: s.Int64s(target.Classes, int64(len(target.Classes)))}})
}

func (m headModel) SoftLoss(s *torchx.Scope, part datasets.Part, logits []*ts.Tensor, temperature float64) *ts.Tensor {
	soft := part.Targets[0].Soft
	n := int64(len(soft.Rows))
	return m.Head.SoftLoss(s, logits, []heads.Soft{{Rows: s.Int64s(soft.Rows, n), Logits: s.Float32s(soft.Logits, n, int64(len(soft.Logits))/n)}}, temperature)
}

func (m headModel) Logits(*torchx.Scope, string, *ts.Tensor, *ts.Tensor) []*ts.Tensor { return nil }

func tensors(list ...*ts.Tensor) []*ts.Tensor { return list }

// distill gives every task the same setting.
func distill(d Distillation) map[string]Distillation {
	all := map[string]Distillation{}
	for _, task := range toyTasks() {
		all[task.Name] = d
	}
	return all
}

func TestAlphaZeroIsPlainTraining(t *testing.T) {
	plain, _ := toy(t, 2)
	want := run(t, plain)
	taught, _ := toy(t, 2)
	teach(taught)
	taught.Distill = distill(Distillation{Alpha: 0, Temperature: 2})
	got := run(t, taught)
	sameWeights(t, plain, taught, "from plain training")
	for i := range want.All {
		if got.All[i].Train.Loss != want.All[i].Train.Loss || got.All[i].loss() != want.All[i].loss() || got.All[i].Train.Parts != nil {
			t.Errorf("epoch %d: %+v, plain %+v", i+1, got.All[i].Train, want.All[i].Train)
		}
	}

	taught, _ = toy(t, 2)
	teach(taught)
	taught.Distill = distill(Distillation{Alpha: 0.5, Temperature: 2})
	run(t, taught)
	for _, name := range []string{"ner_classifier.weight", "cls_main.weight", "qa_heads.hold.weight", "backbone.embeddings.word_embeddings.weight"} {
		if weightsOf(t, taught)[name] == weightsOf(t, plain)[name] {
			t.Errorf("the teacher changes nothing of %s", name)
		}
	}
}

// withOwnLogits makes the model its own teacher of a batch.
func withOwnLogits(t *testing.T, m Model, b datasets.Batch) datasets.Batch {
	t.Helper()
	s := torchx.Inference(gotch.CPU)
	hidden, mask := m.Hidden(s, b)
	for p := range b.Parts {
		for h, logits := range m.Logits(s, b.Parts[p].Task, hidden, mask) {
			shape := s.Shape(logits)
			rows := make([]int64, ts.ElementCount(shape[:len(shape)-1]))
			for i := range rows {
				rows[i] = int64(i)
			}
			b.Parts[p].Targets[h].Soft = datasets.Soft{Rows: rows, Logits: s.ReadFloat32(logits)}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOwnTeacher(t *testing.T) {
	tr := plainToy(t)
	tr.Distill = distill(Distillation{Alpha: 1, Temperature: 3})
	b := withOwnLogits(t, tr.Model, toySet(toyTasks(), 5).Ordered()[0].Batch())
	gradient, losses := gradientOf(t, tr, b)
	if len(losses) != 3 {
		t.Fatalf("losses of %d tasks, want 3", len(losses))
	}
	for _, loss := range losses {
		if !(math.Abs(loss.Soft) < 1e-5) || !(math.Abs(loss.Total) < 1e-5) || !(loss.Hard > 0.1) {
			t.Errorf("%s: soft loss %v, total %v, hard %v; want 0, 0, more", loss.Task, loss.Soft, loss.Total, loss.Hard)
		}
	}
	for name, values := range gradient {
		if worst := max(slices.Max(values), -slices.Min(values)); !(worst < 1e-5) {
			t.Errorf("gradient of %s is %.1e", name, worst)
		}
	}

	// Another model's logits are no such thing.
	b = withOwnLogits(t, toyModel(t, 7, 0), toySet(toyTasks(), 5).Ordered()[0].Batch())
	_, losses = gradientOf(t, tr, b)
	for _, loss := range losses {
		if !(loss.Soft > 1e-3) || loss.Total != loss.Soft {
			t.Errorf("%s: soft loss %v, total %v", loss.Task, loss.Soft, loss.Total)
		}
	}
}

func TestPartsOfTheLoss(t *testing.T) {
	const alpha, hiddenWeight = 0.7, 0.3
	tr, _ := toy(t, 1)
	teach(tr)
	tr.Distill = map[string]Distillation{
		"ner": {Alpha: alpha, Temperature: 2, HiddenWeight: hiddenWeight, Teacher: toyModel(t, 7, 0)},
		"qa":  {Alpha: alpha, Temperature: 2},
	}
	log := tr.log
	trained := run(t, tr).All[0].Train
	parts := map[string]float64{}
	for _, part := range trained.Parts {
		parts[part.Name] = part.Value
		if got := log[1]["train/"+part.Name]; got != part.Value {
			t.Errorf("tracked %s is %v, want %v", part.Name, got, part.Value)
		}
	}
	for _, name := range []string{"hard_ner", "soft_ner", "hidden_ner", "hard_qa", "soft_qa"} {
		if !(parts[name] > 0) {
			t.Errorf("%s is %v", name, parts[name])
		}
	}
	if len(parts) != 5 {
		t.Errorf("parts %v, want 5", parts)
	}
	total := func(task string) float64 {
		for _, loss := range trained.Losses {
			if loss.Name == task {
				return loss.Value
			}
		}
		return math.NaN()
	}
	if got, want := total("ner"), (1-alpha)*parts["hard_ner"]+alpha*parts["soft_ner"]+hiddenWeight*parts["hidden_ner"]; !(math.Abs(got-want) < 1e-5) {
		t.Errorf("loss of ner is %v, its parts make %v", got, want)
	}
	if got, want := total("qa"), (1-alpha)*parts["hard_qa"]+alpha*parts["soft_qa"]; !(math.Abs(got-want) < 1e-5) {
		t.Errorf("loss of qa is %v, its parts make %v", got, want)
	}
}

// A batch without hard labels teaches what the teacher says.
func TestSoftLabelsAlone(t *testing.T) {
	tr, _ := toy(t, 1)
	teach(tr)
	tr.Distill = distill(Distillation{Alpha: 0.25, Temperature: 2})
	for _, l := range tr.Train {
		for _, ex := range l.Examples {
			ignore(l.Tasks[0].Kind, ex.Labels[0])
		}
		_, losses := gradientOf(t, tr, l.Ordered()[0].Batch())
		if len(losses) != 1 || !math.IsNaN(losses[0].Hard) || !(losses[0].Soft > 0) || !(math.Abs(losses[0].Total-0.25*losses[0].Soft) < 1e-5) {
			t.Errorf("%s: losses %+v", l.Name(), losses)
		}
	}
}

func TestHiddenLossFalls(t *testing.T) {
	tr, _ := toy(t, 8)
	teacher := toyModel(t, 7, 0.1)
	tr.Distill = distill(Distillation{HiddenWeight: 5, Teacher: teacher})
	tr.build(t)
	before := len(ts.ExistingTensors)
	h := run(t, tr)
	first, last := h.All[0].Train, h.All[7].Train
	hidden := func(trained Trained, task string) float64 { return partOf(trained, "hidden_"+task) }
	for i, task := range []string{"ner", "cls", "qa"} {
		if a, b := hidden(first, task), hidden(last, task); !(b < 0.8*a) {
			t.Errorf("hidden loss of %s went from %.3f to %.3f", task, a, b)
		}
		if hard := last.Losses[i].Value - 5*hidden(last, task); !(math.Abs(hard-partOf(last, "hard_"+task)) < 1e-4) {
			t.Errorf("%s: without the hidden loss %v, hard loss %v", task, hard, partOf(last, "hard_"+task))
		}
	}
	if got := len(ts.ExistingTensors); got > before {
		t.Errorf("%d tensors left by a run", got-before)
	}
}

func partOf(trained Trained, name string) float64 {
	for _, part := range trained.Parts {
		if part.Name == name {
			return part.Value
		}
	}
	return math.NaN()
}
