// Package synth makes helpline calls in the three schemas.
//
// A call has a cast (who calls, for whom, about whom), a topic and a script:
// sentences drawn from templates whose slots name the cast, so that spans and
// labels are known while the text is written. A label depends on context:
// callers, children and offenders share one pool of names, what is ruled out is
// named beside what is meant, and both speakers use the same words. How much
// of that there is stands in difficulty.go; scripts/bagofwords.py measures it.
//
// Everything is made up. The matters are named soberly, in no more detail than
// a case file's heading has.
//
// cmd/datagen and pkg/run, for the quickstart, call [WriteAll]; [NER], [Cases] and [QA]
// give the records one by one.
package synth
