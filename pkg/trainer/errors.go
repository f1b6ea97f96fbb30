package trainer

import (
	"errors"
	"fmt"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// ErrNotFinite is returned, wrapped, when a loss or gradient is infinite or
// not a number again and again, or a weight is: going on would spoil the model.
var ErrNotFinite = errors.New("not a finite number")

// ErrOutOfMemory is returned, wrapped, when the device can't hold a batch.
var ErrOutOfMemory = errors.New("out of memory")

func tooManyBad(err error, before int) error {
	const hint = "a lower training.learning_rate may help"
	if before == 0 {
		return fmt.Errorf("%w; %s", err, hint)
	}
	return fmt.Errorf("%w, as in the %d steps before, which were skipped; %s", err, before, hint)
}

// describe names a batch by its size and its records' numbers.
func describe(b datasets.Batch) string {
	return fmt.Sprintf("a %s batch of %d × %d tokens, records %v", b.Name(), b.Size, b.Length, b.Records)
}

// explainMemory says what to do about an error that is for want of memory.
func explainMemory(err error) error {
	if torchx.OutOfMemory(err) {
		return fmt.Errorf("%w: a lower training.batch_size (with as many more training.gradient_accumulation_steps the updates stay the same) or tokenizer.max_length needs less (%w)", ErrOutOfMemory, err)
	}
	return err
}

// checkWeights reports a weight that is no finite number.
func (t *Trainer) checkWeights() error {
	for _, p := range t.model.Params().All() {
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
