// Package trainer is the training loop: task alternation over the batches of
// all tasks, AdamW under a linear schedule, validation after each epoch, early
// stopping, and the best checkpoint saved. [New] makes a [Trainer], [Trainer.Run]
// trains; [Trainer.Step] is one update, for loops of one's own.
//
// pkg/run makes a Trainer, with a model, batches and what is to hear of its progress, and
// runs it. The Trainer asks the [Model] (a fusion.Model, or another's) for losses and
// logits, pkg/datasets for batches and pkg/metrics for scores.
package trainer
