package trainer

import "github.com/trident-nlp/trident/pkg/datasets"

// setDenominators sets the denominators of b, a part of the batch whole, to those of the
// whole: the losses and gradients of all parts add up to those of the whole batch, as
// with num_items_in_batch in Hugging Face's Trainer.
func setDenominators(m Trainable, b *datasets.Batch, whole datasets.Batch) {
	b.Denominator = float64(whole.Tokens)
	for p, part := range whole.Parts {
		denominators := m.Denominators(part)
		for h, target := range part.Targets {
			own := &b.Parts[p].Targets[h]
			own.Denominator, own.Soft.Denominator = denominators[h], float64(len(target.Soft.Rows))
		}
	}
}
