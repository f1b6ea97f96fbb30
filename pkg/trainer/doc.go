// Package trainer is the training loop: task alternation over the batches of
// all tasks, AdamW under a linear schedule, validation after each epoch, early
// stopping, and the best checkpoint kept.
package trainer
