package synth

import (
	"errors"
	"math/rand/v2"
)

// The Python prototype's sizes.
const (
	DefaultNER   = 2000
	DefaultCases = 9996
	DefaultQA    = 4996
	DefaultSeed  = 42
)

// Options are the numbers of records and their kind. Record i of a kind only depends on
// Seed, Short and Long, not on the sizes: a smaller set is the beginning of a larger one.
type Options struct {
	NER, Cases, QA int    // numbers of records; none if zero or less
	Seed           uint64 // another seed gives different calls
	Short          bool   // 70 (QA: 160) words per call instead of about 300
	Long           bool   // 1,500 to 4,000 words per call, with evidence late in it; not with Short
}

// check returns an error for options that exclude each other.
func (o Options) check() error {
	if o.Short && o.Long {
		return errors.New("calls can't be both short and long; choose one")
	}
	return nil
}

// Defaults returns the Python prototype's sizes and seed, with long calls.
func Defaults() Options {
	return Options{NER: DefaultNER, Cases: DefaultCases, QA: DefaultQA, Seed: DefaultSeed}
}

// kind separates the random streams of the three kinds.
type kind uint64

const (
	nerKind kind = iota + 1
	caseKind
	qaKind
	longKinds // added to the kind of a long call
)

// stream returns the random source of record i of a kind.
func (o Options) stream(k kind, i int) *rand.Rand {
	if o.Long {
		k += longKinds
	}
	return rand.New(rand.NewPCG(o.Seed, uint64(k)<<48|uint64(i)))
}
