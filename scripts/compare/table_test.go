package main

import (
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/metrics"
)

func tableRun(r recipe, seed uint64, f1 float64) result {
	return result{
		Recipe: r.name, Settings: r.fingerprint(), Data: "demo calls", Seed: seed, Parameters: 1_234_567, CallMillis: 2.5,
		Figures: map[string]figureValue{
			"ner entity_f1": {f1, &metrics.Interval{Low: f1 - 0.01, High: f1 + 0.01}}, "cls avg_acc": {Value: 0.5}, "qa criteria_f1": {Value: 0.75},
		},
		Training: cost{CPUMinutes: 4, Minutes: 30}, Teachers: cost{CPUMinutes: 1.5},
	}
}

func TestTable(t *testing.T) {
	c := &compare{all: tiny()}
	pretrained := tableRun(c.all[1], 1, 0.9)
	pretrained.Pretrain = cost{CPUMinutes: 12}
	old := tableRun(c.all[0], 3, 0.1)
	old.Settings = []string{"other=settings"}
	searched := tableRun(c.all[0], 4, 0.1)
	searched.Search = true
	all, err := c.summarise(t.Context(), []result{tableRun(c.all[0], 1, 0.8), pretrained, tableRun(c.all[0], 2, 0.82), old, searched})
	if err != nil {
		t.Fatal(err)
	}
	all[0].Recipes[0].Paired = 2
	all[0].Baseline = "two"
	all[0].Recipes[0].Difference = map[string]figureValue{}
	for _, key := range figureKeys() {
		all[0].Recipes[0].Difference[key] = figureValue{-0.012, &metrics.Interval{Low: -0.02, High: 0.004}}
	}
	got := table(all)
	want := `demo calls:

| | runs | entity F1 | CLS accuracy | F1 over QA's criteria | mean of the three | parameters | ms per call | minutes of training | with teachers' | of pretraining |
|---|---|---|---|---|---|---|---|---|---|---|
| one epoch | 2 | 0.810 ± 0.127 | 0.500 ± 0.000 | 0.750 ± 0.000 | 0.687 ± 0.042 | 1,234,567 | 2.5 | 4.0 | 5.5 | – |
| two epochs | 1 | 0.900 (0.890 – 0.910) | 0.500 | 0.750 | 0.717 | 1,234,567 | 2.5 | 4.0 | 5.5 | 12.0 |

Difference from two in points, with the same seeds (95 % bootstrap interval over the test calls):

| | pairs of runs | entity F1 | CLS accuracy | F1 over QA's criteria | mean of the three |
|---|---|---|---|---|---|
| one epoch | 2 | −1.2 (−2.0 – +0.4) | −1.2 (−2.0 – +0.4) | −1.2 (−2.0 – +0.4) | −1.2 (−2.0 – +0.4) |

Means over`
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestVerdicts holds models against the better of singles and plain, over their common seeds.
func TestVerdicts(t *testing.T) {
	summarised := func(name string, f1 map[uint64]float64) recipeSummary {
		r := recipe{name: name}
		if name == "singles" {
			r.parts = divided()
		}
		var runs []result
		for seed := range uint64(4) {
			if value, ok := f1[seed]; ok {
				runs = append(runs, tableRun(r, seed, value))
			}
		}
		return summariseRuns(r, runs)
	}
	singles := summarised("singles", map[uint64]float64{1: 0.9, 2: 0.9, 3: 0.1})
	plain := summarised("plain", map[uint64]float64{1: 0.8, 2: 0.8})
	for name, test := range map[string]struct {
		recipes []recipeSummary
		want    string
	}{
		"no references":   {[]recipeSummary{singles, summarised("x", map[uint64]float64{1: 1})}, ""},
		"no common seeds": {[]recipeSummary{singles, plain, summarised("x", map[uint64]float64{3: 1})}, ""},
		"reached": {
			[]recipeSummary{singles, plain, summarised("x", map[uint64]float64{1: 0.93, 2: 0.93, 3: 0})},
			"x (2 runs): entity F1 reached, +3.5 points; CLS accuracy reached, +0.5 points; F1 over QA's criteria reached, +0.5 points; mean of the three reached, +0.0 points.",
		},
		"not reached": {
			[]recipeSummary{singles, plain, summarised("x", map[uint64]float64{1: 0.883})},
			"x (1 run): entity F1 not reached, −1.2 points; CLS accuracy reached, +0.5 points; F1 over QA's criteria reached, +0.5 points; mean of the three not reached, −1.6 points.",
		},
		"just reached": {
			[]recipeSummary{singles, plain, summarised("x", map[uint64]float64{2: 0.895})},
			"x (1 run): entity F1 reached, +0.0 points; CLS accuracy reached, +0.5 points; F1 over QA's criteria reached, +0.5 points; mean of the three not reached, −1.2 points.",
		},
	} {
		text := table([]summary{{Data: "d", Recipes: test.recipes, Verdicts: verdicts(test.recipes)}})
		_, got, found := strings.Cut(text, "\n- ")
		got, _, _ = strings.Cut(got, "\n")
		if got != test.want || found != (test.want != "") {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
