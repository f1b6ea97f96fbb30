package trainer

import "github.com/trident-nlp/trident/pkg/datasets"

// setDenominators gives b, a part of the batch whole, the whole's denominators: the losses
// and gradients of all such parts add up to the whole's, as with num_items_in_batch
// of Hugging Face's Trainer.
func setDenominators(m Model, b *datasets.Batch, whole datasets.Batch) {
	b.Denominator = float64(whole.Tokens)
	for p, part := range whole.Parts {
		denominators := m.Denominators(part)
		for h, target := range part.Targets {
			own := &b.Parts[p].Targets[h]
			own.Denominator, own.Soft.Denominator = denominators[h], float64(len(target.Soft.Rows))
		}
	}
}
