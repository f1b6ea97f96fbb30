// Package redact replaces names, places, numbers and the like in the text of a call, so
// that it can be handed on. What is replaced is the union of what a model found ([Span]),
// what patterns find (phone numbers, e-mail addresses, links, dates, numbers of documents),
// and further mentions in the same call of what either found. It needs no model and no
// libtorch: pkg/fusion does both, with PredictOptions.Redact.
//
// Redaction lowers a risk and doesn't remove it: what neither the model nor a pattern finds
// stays, and so does a story that only one child can have lived. [Measure] says how much
// of the labelled entities was replaced.
package redact
