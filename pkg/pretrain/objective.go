package pretrain

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// TaskName is the task's in metrics and logs.
const TaskName = "mlm"

// Task describes masked language modelling to a [datasets.Loader].
func Task() tasks.Task {
	return tasks.Task{Name: TaskName, Kind: tasks.MaskedLM, Heads: []tasks.Head{{Name: TaskName}}}
}

// Vary is [datasets.Loader.Vary]: it masks tokens of the example, and labels it with the
// original ids. The mask depends on the epoch's seed and the example's number.
func (m *Masker) Vary(ex datasets.Example, seed uint64) datasets.Example {
	ids, targets := m.Mask(ex.IDs, mix(seed, uint64(ex.Record)))
	return datasets.Example{Record: ex.Record, IDs: ids, Labels: []datasets.Label{{Classes: targets}}}
}

// Objective is a [trainer.Objective]: masked language modelling and, where Distill is set,
// distillation from a teacher that reads the same masked tokens.
type Objective struct {
	*Model
	Distill   *Distillation
	Smoothing float64 // label smoothing of the cross-entropy in training; validation has none
}

// Distillation is DistilBERT's (Sanh et al. 2019, section 3): the loss is
//
//	Soft·T²·KL(teacher ‖ student) + Hard·cross-entropy + Cosine·(1-cos)
//	+ Attention·KL of the attention's weights + Values·KL of the value relation
//
// The first two are means over masked positions, the others over all tokens. Cosine needs a
// student as wide as its teacher; the last two, MiniLM's, don't. Losses of weight 0 are left
// out.
type Distillation struct {
	Teacher                               *Model // has the student's vocabulary; runs in inference mode
	Temperature                           float64
	Soft, Hard, Cosine, Attention, Values float64
	RelationHeads                         int64 // into which both models' projections are split
}

func (d *Distillation) relations() bool { return d.Attention > 0 || d.Values > 0 }

// Denominators implements [trainer.Trainable].
func (o Objective) Denominators(part datasets.Part) []float64 {
	return []float64{float64(part.Targets[0].Valid)}
}

// Losses implements [trainer.Objective]. Hidden is the sum of the losses over all tokens,
// without their weights.
func (o Objective) Losses(s *nn.Scope, b datasets.Batch) []trainer.PartLoss {
	target := b.Parts[0].Targets[0]
	q := QuestionOf(b, target.Classes)
	loss := trainer.PartLoss{Task: b.Parts[0].Task}
	if o.Distill == nil {
		if len(q.Answers) == 0 {
			return nil
		}
		loss.Hard = MaskedLoss(s, o.Logits(s, o.Hidden(s, q.Tokens), q.Rows), q.Answers, o.Smoothing, target.Denominator)
		loss.Total = loss.Hard
		return []trainer.PartLoss{loss}
	}
	o.learn(s, q, b, &loss)
	if loss.Total == nil {
		return nil
	}
	return []trainer.PartLoss{loss}
}

// learn sets a student's losses.
func (o Objective) learn(s *nn.Scope, q Question, b datasets.Batch, loss *trainer.PartLoss) {
	d, places := o.Distill, b.Parts[0].Targets[0].Denominator
	teacher := d.ask(s, q)
	defer teacher.drop(s) // the graph holds what the backward pass needs
	hidden, last := o.run(s, q.Tokens, d.relations())
	if len(q.Answers) > 0 {
		logits := o.Logits(s, hidden, q.Rows)
		loss.Hard = MaskedLoss(s, logits, q.Answers, o.Smoothing, places)
		loss.Total = add(s, loss.Total, loss.Hard, d.Hard)
		if d.Soft > 0 {
			loss.Soft = SoftLoss(s, logits, teacher.logits, d.Temperature, places)
			loss.Total = add(s, loss.Total, loss.Soft, d.Soft)
		}
	}
	imitate := func(x *ts.Tensor, weight float64) {
		loss.Hidden = add(s, loss.Hidden, x, 1)
		loss.Total = add(s, loss.Total, x, weight)
	}
	if d.Cosine > 0 {
		imitate(CosineLoss(s, hidden, teacher.hidden, b.Denominator), d.Cosine)
	}
	if d.Attention > 0 {
		imitate(RelationLoss(s, Projections{last.Queries, last.Keys}, Projections{teacher.last.Queries, teacher.last.Keys}, q.Tokens.Lengths, d.RelationHeads, b.Denominator), d.Attention)
	}
	if d.Values > 0 {
		imitate(RelationLoss(s, Projections{last.Values, last.Values}, Projections{teacher.last.Values, teacher.last.Values}, q.Tokens.Lengths, d.RelationHeads, b.Denominator), d.Values)
	}
}

// run is the encoder's pass, with the last layer's projections if they are wanted.
func (m *Model) run(s *nn.Scope, t backbone.Tokens, projections bool) (*ts.Tensor, backbone.Projections) {
	if projections {
		return m.Projections(s, t)
	}
	return m.Hidden(s, t), backbone.Projections{}
}

// taught are a teacher's outputs for a batch, which outlive the Scope they were made in.
type taught struct {
	hidden, logits *ts.Tensor
	last           backbone.Projections
	kept           []*ts.Tensor
}

// ask runs the teacher in inference mode and in the precision of s, which receives its error.
func (d *Distillation) ask(s *nn.Scope, q Question) (t taught) {
	if s.Err() != nil {
		return t
	}
	inner := nn.Inference(s.Device())
	hidden, last := d.Teacher.run(inner, q.Tokens, d.relations())
	keep := func(x *ts.Tensor) *ts.Tensor {
		if inner.Err() == nil {
			t.kept = append(t.kept, inner.Keep(x))
		}
		return x
	}
	if d.Soft > 0 && len(q.Rows) > 0 {
		t.logits = keep(d.Teacher.Logits(inner, hidden, q.Rows))
	}
	if d.Cosine > 0 {
		t.hidden = keep(hidden)
	}
	if d.relations() {
		t.last = backbone.Projections{Queries: keep(last.Queries), Keys: keep(last.Keys), Values: keep(last.Values)}
	}
	if err := inner.Close(); err != nil {
		s.Fail(err)
	}
	return t
}

func (t taught) drop(s *nn.Scope) {
	for _, x := range t.kept {
		if err := x.Drop(); err != nil {
			s.Fail(err)
		}
	}
}

// add is sum + weight·x; sum may be nil.
func add(s *nn.Scope, sum, x *ts.Tensor, weight float64) *ts.Tensor {
	switch {
	case weight == 0:
		return sum
	case weight != 1:
		x = s.Scale(x, weight)
	}
	if sum == nil {
		return x
	}
	return s.Add(sum, x)
}

// Predict implements [trainer.Objective]: the most probable token at each masked position.
func (o Objective) Predict(s *nn.Scope, b datasets.Batch, _ []tasks.Task) []trainer.Prediction {
	target := b.Parts[0].Targets[0]
	q := QuestionOf(b, target.Classes)
	predicted := make([]int, len(target.Classes))
	if len(q.Answers) == 0 {
		return []trainer.Prediction{{Predicted: [][]int{predicted}}}
	}
	logits := o.Logits(s, o.Hidden(s, q.Tokens), q.Rows)
	tokens := s.ReadInt64(s.Argmax(logits, 1))
	for i, class := range target.Classes {
		if class != tasks.IgnoreToken && len(tokens) > 0 {
			predicted[i], tokens = int(tokens[0]), tokens[1:]
		}
	}
	return []trainer.Prediction{{Loss: MaskedLoss(s, logits, q.Answers, 0, target.Denominator), Predicted: [][]int{predicted}}}
}
