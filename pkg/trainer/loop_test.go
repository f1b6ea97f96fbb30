package trainer

import "testing"

// TestNoClipping: a largest norm of 0 leaves gradients as they are, as one that
// no gradient reaches does.
func TestNoClipping(t *testing.T) {
	trained := func(maxGradNorm float64) (map[string]string, float64) {
		tr, _ := toy(t, 1)
		tr.MaxGradNorm = maxGradNorm
		h := run(t, tr)
		return weightsOf(t, tr), h.All[0].Train.GradNorm
	}
	without, norm := trained(0)
	high, _ := trained(1e30)
	clipped, _ := trained(norm / 1000)
	same := true
	for name, data := range without {
		if high[name] != data {
			t.Errorf("%s differs from that of a high limit", name)
		}
		same = same && clipped[name] == data
	}
	if same {
		t.Error("a limit below all norms changes nothing")
	}
}
