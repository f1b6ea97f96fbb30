// Package synth generates synthetic helpline calls in the three schemas.
//
// A call has a cast (who calls, for whom, about whom), a topic and a script: sentences
// drawn from templates with slots for the cast, so that spans and labels are known while
// the text is written. Labels depend on context: callers, children and offenders share
// one pool of names, what is ruled out is mentioned as well as what is meant, and both
// speakers use the same words. difficulty.go sets how often; scripts/bagofwords.py
// measures it.
//
// Around the matter there is small talk (chatter.go) with words (lexicon.go) and numbers
// (figures.go) that are no entities, and calls differ in how speech is written down
// (texture.go). Some names are uncommon or coined (coined.go). Without these, nearly
// every rare word is a name, and a model takes each rare word of a real call for one.
//
// Long calls (long.go) are as long as real ones: what decides their labels stands late.
//
// Everything is invented. Problems are described soberly, in no more detail than in the
// heading of a case file.
//
// cmd/datagen and pkg/run, for the quickstart, call [WriteAll]; [NER], [Cases] and [QA]
// yield single records.
package synth
