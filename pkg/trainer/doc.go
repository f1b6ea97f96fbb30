// Package trainer is the training loop: task alternation over the batches of
// all tasks, AdamW under a linear schedule, validation after each epoch, early
// stopping, and the best checkpoint saved. [New] makes a [Trainer], [Trainer.Run]
// trains; [Trainer.Step] is one update, for loops of one's own.
package trainer
