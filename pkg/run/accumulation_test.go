package run

import (
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestCheckAccumulation(t *testing.T) {
	d := &data{}
	for name, examples := range map[string]int{"ner": 80, "qa": 10} {
		d.sources = append(d.sources, source{train: datasets.Loader{Tasks: []tasks.Task{{Name: name}}, Examples: make([]datasets.Example, examples)}})
	}
	for _, test := range []struct {
		name                string
		batch, steps, ranks int
		refused, warned     string
	}{
		{name: "none", batch: 1000, steps: 1, ranks: 1},
		{name: "the largest set is filled", batch: 8, steps: 10, ranks: 1},
		{name: "with a remainder", batch: 9, steps: 9, ranks: 1},
		{name: "a pass too many", batch: 8, steps: 11, ranks: 1, warned: "is 11, but the largest training set, ner, with 80 examples, fills only 10 batches"},
		{name: "a pass for each example", batch: 8, steps: 80, ranks: 1, warned: "10 gives the same updates faster"},
		{name: "more passes than examples", batch: 8, steps: 81, ranks: 1, refused: "is 81, but the largest training set, ner, has only 80 examples: set it to 80 or less"},
		{name: "absurd", batch: 1 << 62, steps: 1 << 62, ranks: 1, refused: "set it to 80 or less"},
		{name: "processes, filled", batch: 8, steps: 5, ranks: 2},
		{name: "processes, a pass too many", batch: 8, steps: 6, ranks: 2, warned: "with 80 examples for 2 processes, fills only 5 batches"},
		{name: "processes, too many passes", batch: 8, steps: 41, ranks: 2, refused: "80 examples for 2 processes: set it to 40 or less"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stderr strings.Builder
			err := d.checkAccumulation(config.Training{BatchSize: test.batch, AccumulationSteps: test.steps}, test.ranks, &stderr)
			if (err != nil) != (test.refused != "") || err != nil && !strings.Contains(err.Error(), test.refused) {
				t.Errorf("error %v, want %q", err, test.refused)
			}
			if (stderr.Len() > 0) != (test.warned != "") || !strings.Contains(stderr.String(), test.warned) {
				t.Errorf("warning %q, want %q", stderr.String(), test.warned)
			}
		})
	}
}
