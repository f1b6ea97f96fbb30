package fusion

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// lookedAt computes an attention of a task over one encoding from the hidden states
// and its row of the scores' parameter alone, in float64: softmax of their products.
func lookedAt(t *testing.T, m *Model, task tasks.Task, row int, enc tokenize.Encoding) []float64 {
	t.Helper()
	s := torchx.Inference(gotch.CPU)
	b := datasets.Batch{Size: 1, Length: len(enc.IDs)}
	for _, id := range enc.IDs {
		b.IDs = append(b.IDs, int64(id))
	}
	states, _ := m.Hidden(s, b)
	hidden := s.ReadFloat32(states)
	parameter, found := m.Params().Get(task.PoolParam + ".weight")
	if !found {
		t.Fatalf("no parameter %s", task.PoolParam)
	}
	score := s.ReadFloat32(s.Select(parameter, 0, int64(row)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	weights := make([]float64, len(enc.IDs))
	var sum float64
	for i := range weights {
		var product float64
		for d, v := range score {
			product += float64(v) * float64(hidden[i*len(score)+d])
		}
		weights[i] = math.Exp(product)
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
	return weights
}

// byWord adds share of the weights of each word's tokens to sums.
func byWord(sums []float64, enc tokenize.Encoding, weights []float64, share float64) {
	for i, word := range enc.Words {
		if word >= 0 {
			sums[word] += weights[i] * share
		}
	}
}

func TestAttention(t *testing.T) {
	p, m := newTestPredictor(t)
	for _, overlap := range []int{0, 7} {
		spread := 0.0
		for i, got := range mustPredict(t, p, predictorTexts, PredictOptions{Attention: true, Overlap: sharing(overlap)}) {
			if len(got.Attention) != 2 || got.Attention[0].Name != "cls" || got.Attention[1].Name != "qa" {
				t.Fatalf("text %d: attention of %d tasks", i, len(got.Attention))
			}
			whole := p.tok.Encode(string(predictorTexts[i]))
			windows := []tokenize.Window{{Encoding: whole.Truncate(predictorLimit), First: 1}}
			if overlap > 0 {
				windows = whole.Windows(predictorLimit, overlap)
			}
			for _, task := range m.Tasks[1:] {
				want := make([]float64, len(whole.IDs))
				for _, w := range windows {
					byWord(want, w.Encoding, lookedAt(t, m, task, 0, w.Encoding), 1/float64(len(windows)))
				}
				weights := got.Attention.Get(task.Name)
				if len(weights) != len(got.NER) {
					t.Fatalf("text %d, overlap %d: %d weights for %d words", i, overlap, len(weights), len(got.NER))
				}
				var sum float64
				for n, w := range weights {
					if w.Start != got.NER[n].Start || w.End != got.NER[n].End {
						t.Errorf("text %d: word %d of %s stands at %d to %d, want %d to %d", i, n, task.Name, w.Start, w.End, got.NER[n].Start, got.NER[n].End)
					}
					near(t, "weight of a word", w.Weight, float32(want[n]))
					sum += float64(w.Weight)
					spread = max(spread, float64(w.Weight))
				}
				if !(sum > 0 && sum <= 1+1e-6) {
					t.Errorf("text %d: the words' weights of %s sum to %v", i, task.Name, sum)
				}
			}
		}
		if spread < 0.3 {
			t.Errorf("no word weighs more than %v: too little to compare", spread)
		}
	}
}

// A task has attention if it pools by it, and only where it was asked for.
func TestAttentionOfTasks(t *testing.T) {
	p, _ := newOwnPredictor(t)
	for _, test := range []struct {
		o    PredictOptions
		want string
	}{
		{PredictOptions{Attention: true}, "topics qa"},
		{PredictOptions{Attention: true, Tasks: []string{"mood", "qa"}}, "qa"},
		{PredictOptions{Attention: true, Tasks: []string{"mood", "places"}}, ""},
		{PredictOptions{}, ""},
	} {
		got := mustPredict(t, p, predictorTexts[:1], test.o)[0]
		var names []string
		for _, field := range got.Attention {
			names = append(names, field.Name)
		}
		if strings.Join(names, " ") != test.want {
			t.Errorf("%v: attention of %v, want %s", test.o.Tasks, names, test.want)
		}
		data, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var back struct {
			Attention map[string][]WordWeight `json:"attention"`
		}
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if len(back.Attention) != len(names) || strings.Contains(string(data), `"attention"`) != (len(names) > 0) {
			t.Errorf("%v: attention of %d tasks in JSON", test.o.Tasks, len(back.Attention))
		}
		for _, field := range got.Attention {
			if list := back.Attention[field.Name]; len(list) != len(field.Value) || list[0] != field.Value[0] {
				t.Errorf("%s comes back as %v, want %v", field.Name, list, field.Value)
			}
		}
	}
}

// Without the option nothing is computed for it.
func TestAttentionCostsNothingUnasked(t *testing.T) {
	p, m := newTestPredictor(t)
	c := &attentionCounter{network: m}
	p.model = c
	mustPredict(t, p, predictorTexts, PredictOptions{Scores: true})
	if c.asked != 0 {
		t.Errorf("the model was asked %d times", c.asked)
	}
	mustPredict(t, p, predictorTexts, PredictOptions{Attention: true})
	if c.asked != 3 {
		t.Errorf("the model was asked %d times for a batch of 3 tasks", c.asked)
	}
}

type attentionCounter struct {
	network
	asked int
}

func (c *attentionCounter) Attention(s *torchx.Scope, task string, hidden, mask *ts.Tensor) *ts.Tensor {
	c.asked++
	return c.network.Attention(s, task, hidden, mask)
}
