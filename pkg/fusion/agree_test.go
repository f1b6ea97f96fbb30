package fusion

import (
	"fmt"
	"testing"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// TestPredictionsAsInTraining: a call's answers are those of the hidden states that training
// puts together of its windows ([Model.Outputs]).
func TestPredictionsAsInTraining(t *testing.T) {
	for _, w := range []datasets.Windows{{Length: 10, Overlap: 3}, {Length: 9}, {Length: 12, Overlap: 9}, atTurns} {
		p, m := newWindowPredictor(t, w)
		said, err := p.Logits(t.Context(), predictorTexts, PredictOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range predictorTexts {
			enc := p.tok.Encode(string(text))
			b := datasets.Collator{PadID: int64(p.tok.PadID())}.Collate(nil, []datasets.Example{{IDs: enc.IDs}})
			outputs, err := m.Outputs(b, m.Tasks, OutputOptions{Precision: torchx.FP32})
			if err != nil {
				t.Fatal(err)
			}
			for j, out := range outputs {
				for h, rows := range out.Logits {
					want := rows[0]
					if out.Task.PerToken() {
						labels := len(out.Task.Heads[h].Labels)
						want = nil
						for _, token := range said[i][j].Tokens {
							want = append(want, rows[0][token*labels:(token+1)*labels]...)
						}
					}
					for k, v := range said[i][j].Values[h] {
						near(t, fmt.Sprintf("%+v, text %d, %s, logit %d", w, i, out.Task.Name, k), v, want[k])
					}
				}
			}
		}
	}
}
