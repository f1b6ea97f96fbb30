// Package run is a training from its configuration to the model's folder: it
// reads the data, finds the encoder and the teachers, builds the model and the
// trainer, trains, and leaves the best model with its card, curves and lists of
// held-out records. It keeps the run's state, so that a stopped run can go on,
// and what the tracker shows of it.
//
// [Open] makes a run ready, [Run.Fit] trains, [Run.Close] gives back what it
// holds. [DryRun] and [CheckData] only look. The train command is a set of flags
// over this package; a program that trains as a part of its own work calls it
// the same way. The number of threads and libtorch's random numbers belong to the
// process: it has one run at a time.
package run
