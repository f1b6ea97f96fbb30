// Package report makes reports on a model's outputs for one task's records, for people
// and programs: figures with 95 % intervals, a table of the labels, confusion,
// thresholds, calibration; as JSON, Markdown, plots and CSV. It also compares several
// models.
//
// Figures have the same names and definitions as those that training reports for its
// validation set, so they can be compared.
//
// Reports never contain a record's text: they identify records by number.
package report
