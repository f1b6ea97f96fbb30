// Package metrics scores predictions against the truth: accuracy, precision,
// recall, F1, confusion and thresholds of classes and of yes/no flags, equal to
// scikit-learn's, and of entities, equal to seqeval's. It also estimates how
// reliable figures and probabilities are: bootstrap intervals, calibration.
//
// Everything is computed from the same counts per class. A ratio with the
// denominator 0 is 0, as with zero_division=0 in both libraries, and so is every
// score of no data. If truth and predictions differ in length, their score is
// NaN.
//
// pkg/trainer scores validation with it, and pkg/evaluate its reports.
package metrics
