package main

import (
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/metrics"
)

func TestTable(t *testing.T) {
	all := tiny()
	run := func(recipe int, seed uint64, f1 float64) result {
		return result{
			Recipe: all[recipe].name, Settings: all[recipe].fingerprint(), Data: "demo calls", Seed: seed, Parameters: 1_234_567, CallMillis: 2.5,
			Figures: map[string]figureValue{
				"ner entity_f1": {f1, &metrics.Interval{Low: f1 - 0.01, High: f1 + 0.01}}, "cls avg_acc": {Value: 0.5}, "qa criteria_f1": {Value: 0.75},
			},
			Training: cost{CPUMinutes: 4, Minutes: 30},
		}
	}
	pretrained := run(1, 1, 0.9)
	pretrained.Pretrain = cost{CPUMinutes: 12}
	old := run(0, 3, 0.1)
	old.Settings = []string{"other=settings"}
	got := encoderTable(all, []result{run(0, 1, 0.8), pretrained, run(0, 2, 0.82), old})
	want := `demo calls:

| | runs | entity F1 | CLS accuracy | F1 over QA's criteria | parameters | ms per call | minutes of training | of pretraining |
|---|---|---|---|---|---|---|---|---|
| one epoch | 2 | 0.810 ± 0.127 | 0.500 ± 0.000 | 0.750 ± 0.000 | 1,234,567 | 2.5 | 4.0 | – |
| two epochs | 1 | 0.900 (0.890 – 0.910) | 0.500 | 0.750 | 1,234,567 | 2.5 | 4.0 | 12.0 |

Means over`
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
