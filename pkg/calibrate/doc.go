// Package calibrate makes a model's probabilities mean what they say: one temperature per
// head (Guo et al., On Calibration of Modern Neural Networks, 2017), sets of labels that
// hold the right one in a wished share of calls (split conformal prediction; Papadopoulos
// et al. 2002, Vovk et al. 2005), and thresholds for a wished recall. All are fitted on
// held-out records and kept in the model's folder ([FileName]).
package calibrate
