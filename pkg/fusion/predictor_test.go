package fusion

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// predictorLimit is how many tokens the test's model reads.
const predictorLimit = 24

// predictorTexts have different lengths; the fifth is too long for the model.
var predictorTexts = []datasets.Transcript{
	"Hello, my name is Mwakamba.",
	"Help",
	"I call from Kisumu. My son is 8; he was beaten by his uncle.",
	"Jina langu ni Zoë, nipo Murang'a!",
	datasets.Transcript(strings.Repeat("hello my son Mwakamba was beaten in Kisumu. ", 8)),
	"?",
	"my uncle called",
}

// newTestPredictor is a tiny model whose weights are large and the same every
// time, so that its predictions differ between words and texts.
func newTestPredictor(t testing.TB) (*Predictor, *Model) {
	t.Helper()
	return newPredictorOf(t, 7, []tasks.Task{
		tasks.NER(tasks.NERLabels()),
		tasks.CLS(tasks.CaseLabels{
			Main: []string{"GBV", "VANE"}, Sub: []string{"a", "b", "c"}, Intervention: []string{"x", "y"}, Priority: []string{"1", "2", "3"},
		}),
		tasks.QA(),
	})
}

func newPredictorOf(t testing.TB, seed uint64, list []tasks.Task) (*Predictor, *Model) {
	t.Helper()
	vocab := strings.Fields(`[PAD] [UNK] [CLS] [SEP] [MASK] Hello hello my name is Mwa ##kam ##ba Help I call ##ed from
		Ki ##su ##mu My son 8 he was beat ##en by his uncle in Zo ##ë ni ##po . , ; ! ? ' a`)
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	config := backbone.Config{
		VocabSize: int64(len(vocab)), MaxPositions: predictorLimit, Dim: 16, Layers: 2, Heads: 2, HiddenDim: 32,
		Dropout: 0.1, AttentionDropout: 0.1, Activation: "gelu", InitRange: 0.02, ModelType: "distilbert",
	}
	m, err := New(Architecture{Config: config, Tasks: list}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Drop)
	rng := rand.New(rand.NewPCG(seed, 7))
	for _, p := range m.Params().All() {
		shape, err := p.Tensor.Size()
		if err != nil {
			t.Fatal(err)
		}
		var data []byte
		for range ts.ElementCount(shape) {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(rng.NormFloat64()*0.5)))
		}
		if err := torchx.SetBytes(p.Tensor, data, gotch.Float, shape); err != nil {
			t.Fatal(err)
		}
	}
	return NewPredictor(m, tok), m
}

// direct is one encoding's logits from the model alone, by task and head.
func direct(t *testing.T, m *Model, enc tokenize.Encoding) map[string][][]float32 {
	t.Helper()
	all := map[string][][]float32{}
	for _, task := range m.Tasks {
		s := torchx.Inference(gotch.CPU)
		b := datasets.Batch{Size: 1, Length: len(enc.IDs)}
		for _, id := range enc.IDs {
			b.IDs = append(b.IDs, int64(id))
		}
		for _, logits := range forward(s, m, task.Name, b) {
			all[task.Name] = append(all[task.Name], s.ReadFloat32(logits))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// sharing is [PredictOptions].Overlap; 0: as the model learnt.
func sharing(overlap int) *int {
	if overlap == 0 {
		return nil
	}
	return &overlap
}

func mustPredict(t *testing.T, p *Predictor, texts []datasets.Transcript, o PredictOptions) []Prediction {
	t.Helper()
	predictions, err := p.Predict(t.Context(), texts, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(predictions) != len(texts) {
		t.Fatalf("%d predictions for %d texts", len(predictions), len(texts))
	}
	return predictions
}

// near compares probabilities.
func near(t *testing.T, what string, got, want float32) {
	t.Helper()
	if !(math.Abs(float64(got-want)) <= 1e-5) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestPredictMatchesForward(t *testing.T) {
	p, m := newTestPredictor(t)
	seen := map[string]bool{}
	for i, got := range mustPredict(t, p, predictorTexts, PredictOptions{Scores: true}) {
		whole := p.tok.Encode(string(predictorTexts[i]))
		enc := whole.Truncate(predictorLimit)
		if got.Truncated != (len(whole.IDs) > predictorLimit) {
			t.Errorf("text %d: truncated is %v with %d tokens", i, got.Truncated, len(whole.IDs))
		}
		logits := direct(t, m, enc)

		labels := tasks.NERLabels()
		n := 0
		for j, word := range enc.Words {
			if word < 0 || word == enc.Words[j-1] {
				continue
			}
			want := softmax(logits["ner"][0][j*len(labels) : (j+1)*len(labels)])
			if label := labels[numbers.Argmax(want)]; got.NER[n].Label != label {
				t.Errorf("text %d: word %d is %s, want %s", i, n, got.NER[n].Label, label)
			}
			seen[got.NER[n].Label] = true
			for l, label := range labels {
				near(t, "probability of "+label, got.Scores.NER[n].Get(label), want[l])
			}
			n++
		}
		if n != len(got.NER) || n != len(got.Scores.NER) {
			t.Errorf("text %d: %d words, %d scores, want %d", i, len(got.NER), len(got.Scores.NER), n)
		}
		for h, head := range m.Tasks[1].Heads {
			want := softmax(logits["cls"][h])
			if label := head.Labels[numbers.Argmax(want)]; got.Classification.Get(head.Field) != label {
				t.Errorf("text %d: %s is %s, want %s", i, head.Field, got.Classification.Get(head.Field), label)
			}
			seen[head.Field+got.Classification.Get(head.Field)] = true
			for l, label := range head.Labels {
				near(t, head.Field+" "+label, got.Scores.Classification.Get(head.Field).Get(label), want[l])
			}
		}
		for h, head := range m.Tasks[2].Heads {
			for c, logit := range logits["qa"][h] {
				want := 1 / (1 + math.Exp(-float64(logit)))
				if met := got.QA.Get(head.Field)[c]; (met == 1) != (want > 0.5) {
					t.Errorf("text %d: %s %d is %d with probability %v", i, head.Field, c, met, want)
				}
				near(t, head.Field, got.Scores.QA.Get(head.Field)[c], float32(want))
			}
		}
	}
	if len(seen) < 6 {
		t.Errorf("the model says only %v: too little to compare", seen)
	}
}

func TestPaddingAndOrder(t *testing.T) {
	p, _ := newTestPredictor(t)
	for _, overlap := range []int{0, 6} {
		var alone []Prediction
		for _, text := range predictorTexts {
			alone = append(alone, mustPredict(t, p, []datasets.Transcript{text}, PredictOptions{Scores: true, Overlap: sharing(overlap), BatchSize: 1})...)
		}
		for _, o := range []PredictOptions{{}, {BatchSize: 1}, {BatchSize: 3}, {BatchTokens: 1}, {BatchTokens: 50}} {
			o.Scores, o.Overlap = true, sharing(overlap)
			for i, got := range mustPredict(t, p, predictorTexts, o) {
				want := alone[i]
				if !slices.Equal(got.NER, want.NER) || !slices.Equal(unscored(got.Entities), unscored(want.Entities)) || !slices.Equal(got.Classification, want.Classification) {
					t.Errorf("%+v: text %d differs from when it is read alone", o, i)
					continue
				}
				for j, e := range got.Entities {
					near(t, e.Label, e.Score, want.Entities[j].Score)
					near(t, e.Label, e.Least, want.Entities[j].Least)
				}
				for j := range got.Scores.NER {
					for l, field := range got.Scores.NER[j] {
						near(t, field.Name, field.Value, want.Scores.NER[j][l].Value)
					}
				}
				for h, head := range got.Scores.Classification {
					for l, field := range head.Value {
						near(t, field.Name, field.Value, want.Scores.Classification[h].Value[l].Value)
					}
				}
				for h, head := range got.Scores.QA {
					for c := range head.Value {
						near(t, head.Name, head.Value[c], want.Scores.QA[h].Value[c])
					}
				}
			}
		}
	}
}

// counter counts what a Predictor asks of its model.
type counter struct {
	network
	encoder int
	texts   int
	heads   []string
}

func (c *counter) Hidden(s *torchx.Scope, b datasets.Batch) (hidden, mask *ts.Tensor) {
	c.encoder++
	c.texts += b.Size
	return c.network.Hidden(s, b)
}

func (c *counter) Logits(s *torchx.Scope, task string, hidden, mask *ts.Tensor) []*ts.Tensor {
	c.heads = append(c.heads, task)
	return c.network.Logits(s, task, hidden, mask)
}

func TestOneEncoderPassForAllTasks(t *testing.T) {
	p, m := newTestPredictor(t)
	for _, test := range []struct {
		tasks []string
		size  int
		calls int
		heads []string
	}{
		{nil, 7, 1, []string{"ner", "cls", "qa"}},
		{[]string{"qa", "ner"}, 7, 1, []string{"ner", "qa"}},
		{[]string{"cls"}, 4, 2, []string{"cls", "cls"}},
	} {
		c := &counter{network: m}
		p.model = c
		progress := 0
		got := mustPredict(t, p, predictorTexts, PredictOptions{Tasks: test.tasks, BatchSize: test.size, Progress: func(done, total int) {
			if progress++; total != len(predictorTexts) {
				t.Errorf("progress counts %d of %d", done, total)
			}
		}})
		if c.encoder != test.calls || c.texts != len(predictorTexts) || !slices.Equal(c.heads, test.heads) || progress != test.calls {
			t.Errorf("%v: %d encoder calls with %d texts, heads %v, %d reports; want %d calls, heads %v", test.tasks, c.encoder, c.texts, c.heads, progress, test.calls, test.heads)
		}
		for _, pr := range got {
			if asked := slices.Contains(test.heads, "ner"); (pr.NER != nil) != asked || (pr.Entities != nil) != asked {
				t.Errorf("%v: NER %v", test.tasks, pr.NER)
			}
			if (pr.Classification != nil) != slices.Contains(test.heads, "cls") || (pr.QA != nil) != slices.Contains(test.heads, "qa") || pr.Scores != nil {
				t.Errorf("%v: %+v", test.tasks, pr)
			}
		}
	}
}

func TestSingleTaskMethods(t *testing.T) {
	p, _ := newTestPredictor(t)
	all := mustPredict(t, p, predictorTexts, PredictOptions{})
	ner, err1 := p.PredictNER(t.Context(), predictorTexts, PredictOptions{})
	cls, err2 := p.PredictClassification(t.Context(), predictorTexts, PredictOptions{})
	qa, err3 := p.PredictQA(t.Context(), predictorTexts, PredictOptions{})
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if !slices.Equal(ner[i].NER, all[i].NER) || !slices.Equal(ner[i].Entities, all[i].Entities) || ner[i].QA != nil {
			t.Errorf("text %d: PredictNER says %+v", i, ner[i])
		}
		if !slices.Equal(cls[i], all[i].Classification) {
			t.Errorf("text %d: PredictClassification says %v, want %v", i, cls[i], all[i].Classification)
		}
		if !slices.EqualFunc(qa[i], all[i].QA, func(a, b Field[[]int]) bool { return a.Name == b.Name && slices.Equal(a.Value, b.Value) }) {
			t.Errorf("text %d: PredictQA says %v, want %v", i, qa[i], all[i].QA)
		}
	}
}

func TestThreshold(t *testing.T) {
	p, _ := newTestPredictor(t)
	met := func(threshold float64) (n int) {
		for _, pr := range mustPredict(t, p, predictorTexts, PredictOptions{Tasks: []string{"qa"}, Threshold: threshold, Scores: true}) {
			for h, head := range pr.QA {
				for c, v := range head.Value {
					if above := float64(pr.Scores.QA[h].Value[c]) > threshold; (v == 1) != above {
						t.Errorf("%s %d is %d at probability %v and threshold %v", head.Name, c, v, pr.Scores.QA[h].Value[c], threshold)
					}
					n += v
				}
			}
		}
		return n
	}
	if low, high := met(0.1), met(0.9); low <= high || high == 0 {
		t.Errorf("%d criteria met at 0.1, %d at 0.9", low, high)
	}
}

func TestPredictRefuses(t *testing.T) {
	p, _ := newTestPredictor(t)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx  context.Context
		o    PredictOptions
		want string
	}{
		"task":      {t.Context(), PredictOptions{Tasks: []string{"sentiment"}}, `no task "sentiment"`},
		"threshold": {t.Context(), PredictOptions{Threshold: 1}, "threshold is 1"},
		"NaN":       {t.Context(), PredictOptions{Threshold: math.NaN()}, "threshold is NaN"},
		"batch":     {t.Context(), PredictOptions{BatchSize: -1}, "batches of -1 texts"},
		"overlap":   {t.Context(), PredictOptions{Overlap: new(predictorLimit - 2)}, "want 0 to 21"},
		"cancelled": {done, PredictOptions{}, context.Canceled.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := p.Predict(test.ctx, predictorTexts, test.o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	p.limit = 2
	if _, err := p.Predict(t.Context(), predictorTexts, PredictOptions{}); err == nil || !strings.Contains(err.Error(), "the model reads only 2 tokens at once") {
		t.Errorf("a model that reads only [CLS] and [SEP]: error %v", err)
	}
	p.limit = predictorLimit
	if got := mustPredict(t, p, nil, PredictOptions{}); len(got) != 0 {
		t.Errorf("no texts give %v", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	p, _ := newTestPredictor(t)
	want := mustPredict(t, p, predictorTexts, PredictOptions{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			got, err := p.Predict(t.Context(), predictorTexts, PredictOptions{BatchSize: 2})
			if err != nil {
				t.Error(err)
				return
			}
			for i := range got {
				if !slices.Equal(got[i].NER, want[i].NER) || !slices.Equal(got[i].Classification, want[i].Classification) {
					t.Errorf("text %d differs", i)
				}
			}
		})
	}
	group.Wait()
}
