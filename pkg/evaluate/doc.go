// Package evaluate scores trained models on labelled calls: it reads the data, runs the
// models on it, and makes reports, one model's or several side by side, that can be
// printed, saved in a folder and logged to MLflow. cmd/eval is this package with flags;
// other programs call [Run], then [Result.Save] and [Result.Track].
//
// The reports themselves, and the arithmetic behind them, are package report, which
// needs neither a model nor libtorch: a program that only reads a metrics.json uses that
// one alone.
//
// No text of a call is in a result, an error or a notice: records go by their number.
package evaluate
