package web

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

var modelFlag = flag.String("model", "", "a trained model's folder, for the pictures; without one they show a tiny random model")

// limit is how many tokens the tests' model reads.
const limit = 160

// tiny is a model with large random weights, the same every time: it labels
// at random, but does so as the real one does.
var tiny = sync.OnceValues(func() (*fusion.Predictor, error) { return newTiny(datasets.Windows{}) })

// newTiny is tiny with windows in which it learnt to read long calls.
func newTiny(w datasets.Windows) (*fusion.Predictor, error) { return newTinyOf(w, tasks.QA()) }

// newTinyOf is newTiny with another kind of QA.
func newTinyOf(w datasets.Windows, qa tasks.Task) (*fusion.Predictor, error) {
	vocab := strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] Hello my name is Mwa ##kam ##ba from Ki ##su ##mu son he was beaten school . , ? : < > /")
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		return nil, err
	}
	mood, err := tasks.Custom{Name: "mood", Kind: tasks.MultiClass, Heads: []tasks.Head{{Name: "caller", Labels: []string{"calm", "upset"}}}}.Task()
	if err != nil {
		return nil, err
	}
	risk, err := tasks.Custom{Name: "risk_signs", Kind: tasks.MultiLabel, Pooling: tasks.CLSPooling, Heads: []tasks.Head{{Name: "violence", Labels: []string{"weapon", "threat"}}}}.Task()
	if err != nil {
		return nil, err
	}
	places, err := tasks.Custom{Name: "places", Kind: tasks.Token, Labels: []string{"TOWN", "ROAD"}}.Task()
	if err != nil {
		return nil, err
	}
	cls := tasks.CLS(tasks.CaseLabels{
		Main: []string{"Child Maintenance & Custody", "GBV", "=VANE"}, Sub: []string{"Custody", "Physical Violence", "Neglect", "School"},
		Intervention: []string{"Counselling", "Referral"}, Priority: []string{"1", "2", "3"},
	})
	cls.Heads[0].Follows = &tasks.Follows{Head: "sub", IDs: []int{0, 1, 2, tasks.AnyLabel}}
	m, err := fusion.New(fusion.Architecture{
		Windows: w,
		Tasks:   []tasks.Task{tasks.NER(tasks.NERLabels()), cls, qa, mood, risk, places},
		Config: backbone.Config{
			VocabSize: int64(len(vocab)), MaxPositions: limit, Dim: 16, Layers: 1, Heads: 2, HiddenDim: 16,
			Activation: "gelu", InitRange: 0.02, ModelType: "distilbert",
		},
	}, gotch.CPU)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(5, 3))
	for _, p := range m.Params().All() {
		shape, err := p.Tensor.Size()
		if err != nil {
			return nil, err
		}
		var data []byte
		for range ts.ElementCount(shape) {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(rng.NormFloat64()*0.5)))
		}
		if err := torchx.SetBytes(p.Tensor, data, gotch.Float, shape); err != nil {
			return nil, err
		}
	}
	return fusion.NewPredictor(m, tok), nil
}

func tinyModel(t *testing.T) *fusion.Predictor {
	t.Helper()
	p, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// predicted is what the model says of a text, with all that the page asks for.
func predicted(t *testing.T, p *fusion.Predictor, text string) fusion.Prediction {
	t.Helper()
	list, err := p.Predict(t.Context(), []datasets.Transcript{datasets.Transcript(text)}, fusion.PredictOptions{TextScores: true, Attention: true})
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

// question is what the page asks the service.
type question struct {
	Texts     []datasets.Transcript `json:"texts"`
	Scores    bool                  `json:"text_scores"`
	Attention bool                  `json:"attention"`
	Long      fusion.Long           `json:"long"`
	Overlap   *int                  `json:"overlap"`
}

// ready answers readyz as the service does.
func ready(p *fusion.Predictor) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "ready", "max_length": p.MaxLength(), "windows": p.Windows().On(),
			"about": map[string]any{"name": "tiny", "made_up": true, "tasks": []any{map[string]any{"name": "cls", "figure": "avg_acc", "score": 0.81, "calls": 1234}}}})
	}
}

// predict answers v1/predict as the service does.
func predict(p *fusion.Predictor) http.HandlerFunc { return predictAs(p, "tiny-7f3a") }

func predictAs(p *fusion.Predictor, name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q question
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		if err := d.Decode(&q); err != nil {
			refuse(w, http.StatusUnprocessableEntity, err.Error())
			return
		}
		if half := p.MaxLength() / 2; q.Overlap != nil && *q.Overlap > half {
			refuse(w, http.StatusUnprocessableEntity, fmt.Sprintf("with this model want 0 to %d, half of what it reads at once", half))
			return
		}
		list, err := p.Predict(r.Context(), q.Texts, fusion.PredictOptions{TextScores: q.Scores, Attention: q.Attention, Long: q.Long, Overlap: q.Overlap})
		if err != nil {
			refuse(w, http.StatusUnprocessableEntity, err.Error())
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"predictions": list, "model": name})
	}
}

// refuse answers with problem+json, as the service does.
func refuse(w http.ResponseWriter, code int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(code), "status": code, "detail": detail})
}
