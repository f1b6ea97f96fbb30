package fusion

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
)

// bfloat16 has 8 bits for a number's digits, int8 7: products are a little off,
// and mustn't be the float32 ones by accident.
func TestReducedPrecisionIsNearFP32(t *testing.T) {
	p, m := newTestPredictor(t)
	for _, precision := range []torchx.Precision{torchx.BF16, torchx.INT8} {
		for _, task := range m.Tasks {
			exact, err := p.TaskLogits(t.Context(), task.Name, predictorTexts, PredictOptions{})
			if err != nil {
				t.Fatal(err)
			}
			rough, err := p.TaskLogits(t.Context(), task.Name, predictorTexts, PredictOptions{Precision: precision})
			if err != nil {
				t.Fatal(err)
			}
			var worst, largest float64
			for i := range exact {
				for h, values := range exact[i].Values {
					for j, x := range values {
						worst = max(worst, math.Abs(float64(x-rough[i].Values[h][j])))
						largest = max(largest, math.Abs(float64(x)))
					}
				}
			}
			if worst == 0 || worst > 0.05*largest+0.02 {
				t.Errorf("%s, %s: logits up to %.3f differ by %.2e, want a little", precision, task.Name, largest, worst)
			}
		}
	}
}

// In 8 bits, too, a text's prediction depends on the texts beside it by rounding alone.
func TestInt8PredictionsAreIndependent(t *testing.T) {
	p, _ := newTestPredictor(t)
	o := PredictOptions{Precision: torchx.INT8}
	together, err := p.Predict(t.Context(), predictorTexts, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range predictorTexts {
		alone, err := p.Predict(t.Context(), predictorTexts[i:i+1], o)
		if err != nil {
			t.Fatal(err)
		}
		a, errA := json.Marshal(alone[0])
		b, errB := json.Marshal(together[i])
		if errA != nil || errB != nil || !goldentest.AlikeLines(string(a), string(b)) {
			t.Errorf("text %d: another prediction alone; %v, %v", i, errA, errB)
		}
	}
}

// New weights are rounded anew.
func TestInt8FollowsLoadedWeights(t *testing.T) {
	p, m := newTestPredictor(t)
	o := PredictOptions{Precision: torchx.INT8}
	logits := func() []Logits {
		t.Helper()
		l, err := p.TaskLogits(t.Context(), m.Tasks[0].Name, predictorTexts[:1], o)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	before := logits()
	dir := t.TempDir() + "/other"
	other, err := New(m.Architecture, m.params.Device()) // other random weights
	if err != nil {
		t.Fatal(err)
	}
	defer other.Drop()
	if err := Save(dir, other, p.tok, nil); err != nil {
		t.Fatal(err)
	}
	if err := m.LoadWeights(dir); err != nil {
		t.Fatal(err)
	}
	if reflect.DeepEqual(before, logits()) {
		t.Error("the rounded weights are still those from before")
	}
}

func TestUnknownPrecision(t *testing.T) {
	p, _ := newTestPredictor(t)
	if _, err := p.Predict(t.Context(), predictorTexts, PredictOptions{Precision: "fp8"}); err == nil {
		t.Error("no error")
	}
}
