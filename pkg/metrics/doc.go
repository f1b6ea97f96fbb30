// Package metrics scores predictions against the truth: accuracy, precision,
// recall, F1, confusion and thresholds of classes and of yes/no flags, equal to
// scikit-learn's, and of entities, equal to seqeval's. It also says how far
// figures and probabilities can be trusted: bootstrap intervals, calibration.
//
// Everything is worked out from the same counts of hits for each class. A
// ratio whose denominator is 0 is 0, as with zero_division=0 in both
// libraries, and so is every score of no data. Truth and predictions of
// different lengths can't be compared: their score is NaN.
//
// pkg/trainer scores validation with it, and pkg/evaluate makes its reports of it.
package metrics
