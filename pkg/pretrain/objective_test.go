package pretrain

import (
	"bytes"
	"context"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// smallModel is one over testTokenizer's vocabulary.
func smallModel(t testing.TB, layers int64, dim int64) *Model {
	t.Helper()
	if err := torchx.Seed(5); err != nil {
		t.Fatal(err)
	}
	c := backbone.DistilBERTCased()
	c.VocabSize, c.MaxPositions, c.Dim, c.Heads, c.HiddenDim, c.Layers = int64(testTokenizer(t).VocabSize()), 32, dim, 4, 2*dim, layers
	m, err := New(c, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Drop)
	return m
}

// toyCalls say one thing again and again: what is masked can be told from what is around it.
func toyLoaders(t testing.TB, wholeWords bool) (train, val datasets.Loader) {
	t.Helper()
	tok := testTokenizer(t)
	var pieces []Piece
	for i := range 60 {
		pieces = append(pieces, Piece{IDs: tok.Encode(strings.Repeat("a b c d e f g h . ", 1+i%3)).IDs})
	}
	m := newMasker(t, 0.15, wholeWords)
	loader := func(p []Piece) datasets.Loader {
		return datasets.Loader{
			Tasks: []tasks.Task{Task()}, Examples: Examples(p), BatchSize: 8, Vary: m.Vary,
			Collator: datasets.Collator{PadID: int64(tok.PadID())},
		}
	}
	return loader(pieces[:48]), loader(pieces[48:])
}

func newTrainer(t testing.TB, o Objective, epochs int, observers ...trainer.Observer) *trainer.Trainer {
	t.Helper()
	train, val := toyLoaders(t, false)
	tr, err := trainer.New(trainer.Settings{
		Epochs: epochs, LearningRate: 5e-3, WarmupRatio: 0.1, MaxGradNorm: 1, Seed: 4, MaxBadSteps: 1, Best: trainer.BestLoss,
	}, trainer.Deps{Objective: o, Train: []datasets.Loader{train}, Val: []datasets.Loader{val}, Observers: observers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Drop)
	return tr
}

func figures(scores trainer.Scores) map[string]float64 {
	values := map[string]float64{}
	for _, f := range scores.Report {
		values[f.Name] = f.Value
	}
	return values
}

func TestTrains(t *testing.T) {
	var out bytes.Buffer
	tr := newTrainer(t, Objective{Model: smallModel(t, 2, 32)}, 12, trainer.NewConsole(&out, io.Discard))
	h, err := tr.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	first, last := figures(h.All[0].Val[0]), figures(h.All[len(h.All)-1].Val[0])
	if !(last["perplexity"] < first["perplexity"]/2) || !(last["masked_accuracy"] > first["masked_accuracy"]+0.2) {
		t.Errorf("perplexity went from %.2f to %.2f, accuracy from %.3f to %.3f", first["perplexity"], last["perplexity"], first["masked_accuracy"], last["masked_accuracy"])
	}
	if !strings.Contains(out.String(), "MLM acc: ") || !strings.Contains(out.String(), "perplexity: ") {
		t.Errorf("printed %q", out.String())
	}
	train, val := toyLoaders(t, false)
	base := trainer.Baseline(train, val)
	if accuracy := figures(base[0])["masked_accuracy"]; !(accuracy > 0 && accuracy < last["masked_accuracy"]) {
		t.Errorf("the most frequent token is right at %.3f of the places, the model at %.3f", accuracy, last["masked_accuracy"])
	}
}

// A validation's perplexity is the exponential of the mean loss over its masked places.
func TestPerplexity(t *testing.T) {
	m := smallModel(t, 1, 16)
	tr := newTrainer(t, Objective{Model: m}, 1)
	_, val := toyLoaders(t, false)
	scores, err := tr.Evaluate(context.Background(), []datasets.Loader{val})
	if err != nil {
		t.Fatal(err)
	}
	var loss, places, right float64
	for _, ref := range val.Ordered() {
		s := torchx.Inference(gotch.CPU)
		b := ref.Batch()
		q := QuestionOf(b, b.Parts[0].Targets[0].Classes)
		logits := m.Logits(s, m.Hidden(s, q.Tokens), q.Rows)
		loss += s.Value(MaskedLoss(s, logits, q.Answers, 0, 0)) * float64(len(q.Answers))
		places += float64(len(q.Answers))
		for i, id := range s.ReadInt64(s.Argmax(logits, 1)) {
			if id == q.Answers[i] {
				right++
			}
		}
		closeScope(t, s)
	}
	got := figures(scores[0])
	if want := math.Exp(loss / places); math.Abs(got["perplexity"]-want) > 1e-4*want {
		t.Errorf("perplexity %v, want %v", got["perplexity"], want)
	}
	if want := right / places; got["masked_accuracy"] != want {
		t.Errorf("accuracy %v, want %v", got["masked_accuracy"], want)
	}
}

// Each epoch masks other tokens, each run the same ones, and validation always the same.
func TestMasksChangeByEpoch(t *testing.T) {
	train, val := toyLoaders(t, true)
	masks := func(l datasets.Loader, seed uint64) map[int][]int64 {
		byRecord := map[int][]int64{}
		for _, ref := range datasets.Alternate([]datasets.Loader{l}, datasets.Sampling{}, seed) {
			b := ref.Batch()
			for i, record := range b.Records {
				byRecord[record] = b.Parts[0].Targets[0].Classes[i*b.Length : (i+1)*b.Length]
			}
		}
		return byRecord
	}
	first, again, second := masks(train, 1), masks(train, 1), masks(train, 2)
	same := 0
	for record, targets := range first {
		if !slices.Equal(targets, again[record]) {
			t.Errorf("example %d is masked otherwise in the same epoch", record)
		}
		if slices.Equal(targets, second[record]) {
			same++
		}
	}
	if same > len(first)/2 {
		t.Errorf("%d of %d examples are masked as in another epoch", same, len(first))
	}
	if a, b := val.Ordered()[0].Batch(), val.Ordered()[0].Batch(); !slices.Equal(a.IDs, b.IDs) {
		t.Error("validation masks other tokens each time")
	}
}

// The shares of any number of ranks are masked as the whole batch is.
func TestRanksShareMasks(t *testing.T) {
	train, _ := toyLoaders(t, false)
	ref := datasets.Alternate([]datasets.Loader{train}, datasets.Sampling{}, 9)[0]
	whole := ref.Batch()
	wanted := map[int][]int64{}
	row := func(b datasets.Batch, i int) []int64 {
		ids := slices.Clone(b.IDs[i*b.Length : (i+1)*b.Length])
		for len(ids) > 0 && ids[len(ids)-1] == 0 { // padding
			ids = ids[:len(ids)-1]
		}
		return ids
	}
	for i, record := range whole.Records {
		wanted[record] = row(whole, i)
	}
	for _, size := range []int{1, 2, 3, 5} {
		n := 0
		for rank := range size {
			b := ref.Share(rank, size)
			for i, record := range b.Records {
				if n++; !slices.Equal(row(b, i), wanted[record]) {
					t.Errorf("of %d ranks, rank %d masks example %d otherwise", size, rank, record)
				}
			}
		}
		if n != whole.Size {
			t.Errorf("%d ranks share %d examples, want %d", size, n, whole.Size)
		}
	}
}

// A student learns from its teacher by each loss alone, and by all together.
func TestStudentLearns(t *testing.T) {
	teacher := smallModel(t, 4, 32)
	if _, err := newTrainer(t, Objective{Model: teacher}, 12).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	before := bytesOf(t, teacher)
	for name, d := range map[string]Distillation{
		"DistilBERT's": {Temperature: 2, Soft: 5, Hard: 2, Cosine: 1},
		"soft alone":   {Temperature: 2, Soft: 1},
		"MiniLM's":     {Hard: 1, Attention: 1, Values: 1, RelationHeads: 4},
	} {
		t.Run(name, func(t *testing.T) {
			d.Teacher = teacher
			dim := int64(32)
			if d.Cosine == 0 {
				dim = 16
			}
			student := smallModel(t, 2, dim)
			if dim == 32 {
				if err := student.InitFrom(teacher, []int{0, 2}); err != nil {
					t.Fatal(err)
				}
			}
			h, err := newTrainer(t, Objective{Model: student, Distill: &d}, 8).Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			first, last := h.All[0], h.All[len(h.All)-1]
			if !(last.Train.Loss < first.Train.Loss) {
				t.Errorf("the loss went from %.3f to %.3f", first.Train.Loss, last.Train.Loss)
			}
			parts := map[string]bool{}
			for _, part := range last.Train.Parts {
				parts[part.Name] = true
			}
			if parts["soft_mlm"] != (d.Soft > 0) || parts["hidden_mlm"] != (d.Cosine+d.Attention+d.Values > 0) || !parts["hard_mlm"] {
				t.Errorf("parts of the loss: %v", parts)
			}
		})
	}
	if !bytes.Equal(before, bytesOf(t, teacher)) {
		t.Error("the teacher has changed")
	}
}

func bytesOf(t testing.TB, m *Model) (all []byte) {
	t.Helper()
	for _, p := range m.params.All() {
		data, err := torchx.Bytes(p.Tensor)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

// The losses of a student on shares of a batch add up to those on the batch.
func TestStudentsSharesAddUp(t *testing.T) {
	teacher, student := smallModel(t, 2, 32), smallModel(t, 1, 32)
	train, _ := toyLoaders(t, false)
	ref := datasets.Alternate([]datasets.Loader{train}, datasets.Sampling{}, 9)[0]
	o := Objective{Model: student, Distill: &Distillation{Teacher: teacher, Temperature: 2, Soft: 5, Hard: 2, Cosine: 1, Values: 1, RelationHeads: 4}}
	losses := func(b datasets.Batch) (sums [4]float64) {
		s := torchx.Inference(gotch.CPU) // no dropout
		defer closeScope(t, s)
		for _, l := range o.Losses(s, b) {
			sums[0] += s.Value(l.Total)
			if l.Hard != nil {
				sums[1] += s.Value(l.Hard)
				sums[2] += s.Value(l.Soft)
			}
			sums[3] += s.Value(l.Hidden)
		}
		return sums
	}
	whole := ref.Batch()
	want := losses(whole)
	for _, size := range []int{2, 3} {
		var got [4]float64
		for rank := range size {
			b := ref.Share(rank, size)
			b.Denominator = float64(whole.Tokens)
			b.Parts[0].Targets[0].Denominator = o.Denominators(whole.Parts[0])[0]
			for i, x := range losses(b) {
				got[i] += x
			}
		}
		for i := range got {
			if math.Abs(got[i]-want[i]) > 1e-5*want[i]+1e-7 { // a cosine near 1 leaves few digits of 1 - cos
				t.Errorf("%d shares: losses %v, want %v", size, got, want)
				break
			}
		}
	}
}
