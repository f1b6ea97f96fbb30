package run

import (
	"fmt"
	"io"

	"github.com/trident-nlp/trident/pkg/config"
)

// checkAccumulation refuses gradient accumulation over more passes than the largest
// training set has examples, as some of them would always be empty. It warns of an
// effective batch that even this set doesn't fill: its passes are then smaller than
// batch_size, and so slower, for the updates that fewer passes give as well. The loaders'
// batches are those of a single pass.
func (d *data) checkAccumulation(c config.Training, ranks int, stderr io.Writer) error {
	if c.AccumulationSteps <= 1 {
		return nil
	}
	most, name := 0, ""
	for _, l := range d.train() {
		if len(l.Examples) > most {
			most, name = len(l.Examples), l.Name()
		}
	}
	if c.AccumulationSteps > most/ranks {
		return fmt.Errorf("training.gradient_accumulation_steps is %d, but the largest training set, %s, has only %d examples%s: set it to %d or less",
			c.AccumulationSteps, name, most, beside(ranks), max(1, most/ranks))
	}
	if full := passes(most, c.BatchSize, ranks); full < c.AccumulationSteps {
		fmt.Fprintf(stderr, "train: warning: training.gradient_accumulation_steps is %d, but the largest training set, %s, with %d examples%s, fills only %d batches of training.batch_size: "+
			"each epoch updates the weights from it once, in smaller passes; %d gives the same updates faster, a lower number more updates\n",
			c.AccumulationSteps, name, most, beside(ranks), full, full)
	}
	return nil
}

// passes is how many passes of batchSize examples on each rank a set of examples fills.
func passes(examples, batchSize, ranks int) int {
	perRank := (examples + ranks - 1) / ranks
	return 1 + (perRank-1)/batchSize // perRank+batchSize could overflow
}

// beside names the processes that share the examples, if there are several.
func beside(ranks int) string {
	if ranks == 1 {
		return ""
	}
	return fmt.Sprintf(" for %d processes", ranks)
}
