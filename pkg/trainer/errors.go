package trainer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// ErrNotFinite is returned, wrapped, when losses or gradients are repeatedly infinite or
// NaN, or a weight is: continuing would corrupt the model.
var ErrNotFinite = errors.New("not a finite number")

// ErrOutOfMemory is returned, wrapped, when a batch doesn't fit into the device's
// memory.
var ErrOutOfMemory = errors.New("out of memory")

func tooManyBad(err error, before int) error {
	const hint = "a lower training.learning_rate may help"
	if before == 0 {
		return fmt.Errorf("%w; %s", err, hint)
	}
	return fmt.Errorf("%w, as in the %d steps before, which were skipped; %s", err, before, hint)
}

// describe identifies batches by their sizes and their records' numbers.
func describe(batches ...datasets.Batch) string {
	var list []string
	for _, b := range batches {
		list = append(list, fmt.Sprintf("a %s batch of %d × %d tokens, records %v", b.Name(), b.Size, b.Length, b.Records))
	}
	return strings.Join(list, "; ")
}

// explainMemory adds advice to an out-of-memory error.
func explainMemory(err error) error {
	if torchx.OutOfMemory(err) {
		return fmt.Errorf("%w: a lower training.batch_size (with as many more training.gradient_accumulation_steps the updates stay the same), training.batch_tokens or tokenizer.max_length needs less (%w)", ErrOutOfMemory, err)
	}
	return err
}

// checkWeights returns an error if a weight isn't finite.
func (t *Trainer) checkWeights() error {
	for _, p := range t.objective.Params().All() {
		tensors, err := checkpoint.Tensors([]torchx.Param{p})
		if err != nil {
			return err
		}
		if err := checkpoint.Finite(tensors); err != nil {
			return fmt.Errorf("%w: %w", ErrNotFinite, err)
		}
	}
	return nil
}
