// Package run is a training run, from its configuration to the model folder: it reads
// the data, finds the encoder and the teachers, builds the model and the trainer,
// trains, and saves the best model with its model card, curves and lists of held-out
// records. It saves the run's state, so that a stopped run can be resumed, and logs to
// the tracker. With distill.train_teachers it does so for each missing teacher first, then
// for the student.
//
// [Open] prepares a run, [Run.Fit] trains, [Run.Close] releases its resources. [DryRun]
// and [CheckData] don't train. The train command adds flags to this package; programs
// that train as a part of their work call it in the same way. The number of threads and
// libtorch's random numbers are global to the process, so it can have only one run at a
// time.
package run
