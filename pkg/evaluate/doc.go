// Package evaluate scores trained models on labelled calls: it reads the data, runs the
// models on it, and makes reports, for one model or comparing several, that can be
// printed, saved in a folder and logged to MLflow. cmd/eval adds flags to this package;
// other programs call [Run], then [Result.Save] and [Result.Track].
//
// The reports and their computation are in package report, which needs neither a model
// nor libtorch: a program that only reads a metrics.json doesn't need this package.
//
// Results, errors and notices never contain a call's text: they identify records by
// number.
package evaluate
