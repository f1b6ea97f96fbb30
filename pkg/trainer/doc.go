// Package trainer is the training loop: task alternation over the batches of all tasks,
// AdamW with a linear schedule, validation after each epoch, early stopping, and saving
// the best checkpoint. [New] returns a [Trainer], [Trainer.Run] trains; [Trainer.Step]
// is a single update, for custom loops.
//
// pkg/run creates a Trainer from a model, batches and observers, and runs it. The
// Trainer gets losses and logits from the [Model] (a fusion.Model, or another one),
// batches from pkg/datasets and scores from pkg/metrics.
package trainer
