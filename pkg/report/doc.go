// Package report makes of a model's outputs on one task's records a report
// that people and programs can read: figures with their 95 % intervals, a table
// for each label, confusion, thresholds, calibration; as JSON, Markdown, plots
// and CSV. It also sets several models side by side.
//
// Figures have the names and the meaning of those that training reports for
// its validation set, so that the two may be compared.
//
// There is no text of a record anywhere in a report: records go by their
// number.
package report
