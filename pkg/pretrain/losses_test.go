package pretrain

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// distilled runs a student and its teacher on the golden batch, and returns one loss's value
// and gradients against PyTorch's.
func expectDistilled(t *testing.T, modelType, kind, name string, loss func(s *torchx.Scope, q Question, student, teacher said) *ts.Tensor) {
	t.Helper()
	f := goldentest.Open(t, "testdata/distill.safetensors")
	q := goldenQuestion(f, "")
	teacher := load(t, filepath.Join("testdata", modelType+"_teacher"))
	student := load(t, filepath.Join("testdata", modelType+"_"+kind))
	s := torchx.Training(gotch.CPU)
	defer closeScope(t, s)
	x := loss(s, q, ask(s, student, q), ask(s, teacher, q))
	s.Backward(x)
	d := goldentest.Compare(s.ReadFloat32(x), f.Float32s(modelType+"/"+name+"/loss"))
	if t.Logf("%s: loss %.4f differs by %.1e", name, s.Value(x), d.Relative); !(d.Relative <= 1e-6) {
		t.Errorf("%s: loss %v differs by %.1e", name, s.Value(x), d.Relative)
	}
	expectGradients(t, s, student, f, modelType+"/"+name+"/grad/")
	for _, p := range teacher.params.All() {
		if gradient(t, s, p.Tensor) != nil {
			t.Fatalf("%s: the teacher's %s has a gradient", name, p.Name)
		}
	}
}

// said is what a model says of a batch.
type said struct {
	hidden, logits *ts.Tensor
	last           backbone.Projections
}

func ask(s *torchx.Scope, m *Model, q Question) said {
	hidden, last := m.Projections(s, q.Tokens)
	return said{hidden, m.Logits(s, hidden, q.Rows), last}
}

func TestDistilBERTsLossesEqualPyTorch(t *testing.T) {
	forEachType(t, func(t *testing.T, modelType string) {
		expectDistilled(t, modelType, "same", "kl", func(s *torchx.Scope, _ Question, student, teacher said) *ts.Tensor {
			return SoftLoss(s, student.logits, teacher.logits, 2, 0)
		})
		expectDistilled(t, modelType, "same", "cosine", func(s *torchx.Scope, _ Question, student, teacher said) *ts.Tensor {
			return CosineLoss(s, student.hidden, teacher.hidden, 0)
		})
	})
}

func TestMiniLMsLossesEqualPyTorch(t *testing.T) {
	forEachType(t, func(t *testing.T, modelType string) {
		expectDistilled(t, modelType, "narrow", "attention", func(s *torchx.Scope, q Question, student, teacher said) *ts.Tensor {
			return RelationLoss(s, Projections{student.last.Queries, student.last.Keys}, Projections{teacher.last.Queries, teacher.last.Keys}, q.Tokens.Lengths, 2, 0)
		})
		expectDistilled(t, modelType, "narrow", "values", func(s *torchx.Scope, q Question, student, teacher said) *ts.Tensor {
			return RelationLoss(s, Projections{student.last.Values, student.last.Values}, Projections{teacher.last.Values, teacher.last.Values}, q.Tokens.Lengths, 2, 0)
		})
	})
}

// The states beside the projections are those of the encoder's other pass.
func TestProjectionsChangeNothing(t *testing.T) {
	forEachType(t, func(t *testing.T, modelType string) {
		m := load(t, filepath.Join("testdata", modelType))
		q := goldenQuestion(goldentest.Open(t, "testdata/distill.safetensors"), "")
		s := torchx.Inference(gotch.CPU)
		defer closeScope(t, s)
		hidden, _ := m.Projections(s, q.Tokens)
		if d := goldentest.Compare(s.ReadFloat32(hidden), s.ReadFloat32(m.Hidden(s, q.Tokens))); d.Max != 0 {
			t.Errorf("hidden states differ by %.1e", d.Max)
		}
	})
}

// A teacher teaches a student that is the same nothing.
func TestLossesOfEqualsAreZero(t *testing.T) {
	m := load(t, "testdata/distilbert")
	q := goldenQuestion(goldentest.Open(t, "testdata/distill.safetensors"), "")
	s := torchx.Training(gotch.CPU)
	defer closeScope(t, s)
	own, same := ask(s, m, q), ask(s, m, q)
	values := Projections{own.last.Values, own.last.Values}
	for name, loss := range map[string]*ts.Tensor{
		"kl":        SoftLoss(s, own.logits, same.logits, 2, 0),
		"cosine":    CosineLoss(s, own.hidden, same.hidden, 0),
		"relations": RelationLoss(s, values, values, q.Tokens.Lengths, 4, 0),
	} {
		if v := s.Value(loss); v > 1e-6 || v < -1e-6 {
			t.Errorf("%s: loss %v, want 0", name, v)
		}
	}
}

func TestInitFrom(t *testing.T) {
	const chosen = 2
	for _, tc := range []struct{ teacher, student string }{
		{backbone.DistilBERT, backbone.DistilBERT}, {backbone.BERT, backbone.BERT}, {backbone.BERT, backbone.DistilBERT}, {backbone.DistilBERT, backbone.BERT},
	} {
		t.Run(tc.teacher+" to "+tc.student, func(t *testing.T) {
			teacher := load(t, filepath.Join("testdata", tc.teacher+"_teacher"))
			c := teacher.Config
			c.ModelType, c.Layers, c.TypeVocabSize, c.LayerNormEps = tc.student, chosen, 0, 0
			if tc.student == backbone.BERT {
				c.TypeVocabSize, c.LayerNormEps = 2, teacher.Config.NormEps()
			}
			student, err := New(c, gotch.CPU)
			if err != nil {
				t.Fatal(err)
			}
			defer student.Drop()
			if err := student.InitFrom(teacher, []int{0, 2}); err != nil {
				t.Fatal(err)
			}
			// A teacher with the student's two layers alone says the same: its third stands
			// where its second was, so the student of all layers must equal the teacher.
			whole := c
			whole.Layers = 3
			all, err := New(whole, gotch.CPU)
			if err != nil {
				t.Fatal(err)
			}
			defer all.Drop()
			if err := all.InitFrom(teacher, []int{0, 1, 2}); err != nil {
				t.Fatal(err)
			}
			q := goldenQuestion(goldentest.Open(t, "testdata/distill.safetensors"), "")
			s := torchx.Inference(gotch.CPU)
			defer closeScope(t, s)
			want := s.ReadFloat32(ask(s, teacher, q).logits)
			// A norm's ε differs between BERT and DistilBERT.
			limit := 2e-5
			if tc.teacher != tc.student {
				limit = 2e-3
			}
			if d := goldentest.Compare(s.ReadFloat32(ask(s, all, q).logits), want); d.Relative > limit {
				t.Errorf("a student of all layers differs by %.1e", d.Relative)
			}
			if d := goldentest.Compare(s.ReadFloat32(ask(s, student, q).logits), want); d.Relative < 0.01 {
				t.Error("a student of two layers says what its teacher says: the test tests nothing")
			}
			names := map[string]string{backbone.DistilBERT: "transformer.layer.%s.ffn.lin1.weight", backbone.BERT: "encoder.layer.%s.intermediate.dense.weight"}
			own, _ := student.params.Get(tc.student + "." + strings.Replace(names[tc.student], "%s", "1", 1))
			theirs, _ := teacher.params.Get(tc.teacher + "." + strings.Replace(names[tc.teacher], "%s", "2", 1))
			if d := goldentest.Compare(s.ReadFloat32(own), s.ReadFloat32(theirs)); d.Max != 0 {
				t.Error("the student's second layer isn't the teacher's third")
			}
		})
	}
}

func TestInitFromRefuses(t *testing.T) {
	teacher, narrow := load(t, "testdata/bert_teacher"), load(t, "testdata/distilbert_narrow")
	same := load(t, "testdata/distilbert_same")
	for want, err := range map[string]error{
		"its dim is 8, but the teacher's hidden_size 16":          narrow.InitFrom(teacher, []int{0, 2}),
		"it has 2 layers, but 1 of the teacher's are named ([0])": same.InitFrom(teacher, []int{0}),
		"there is no layer 3 in the teacher, which has 3":         same.InitFrom(teacher, []int{0, 3}),
		"there is no layer -1 in the teacher":                     same.InitFrom(teacher, []int{-1, 2}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
