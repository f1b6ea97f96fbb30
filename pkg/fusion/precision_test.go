package fusion

import (
	"math"
	"testing"
)

// bfloat16 has 8 bits for a number's digits: products are a little off, and
// mustn't be the float32 ones by accident.
func TestBF16IsNearFP32(t *testing.T) {
	p, m := newTestPredictor(t)
	for _, task := range m.Tasks {
		exact, err := p.TaskLogits(t.Context(), task.Name, predictorTexts, PredictOptions{})
		if err != nil {
			t.Fatal(err)
		}
		rough, err := p.TaskLogits(t.Context(), task.Name, predictorTexts, PredictOptions{BF16: true})
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
			t.Errorf("%s: logits up to %.3f differ by %.2e, want a little", task.Name, largest, worst)
		}
	}
}
