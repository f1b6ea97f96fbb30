package synth

import "math/rand/v2"

// The Python prototype's sizes.
const (
	DefaultNER   = 2000
	DefaultCases = 9996
	DefaultQA    = 4996
	DefaultSeed  = 42
)

// Options are the numbers of records and their kind. Record i of a kind only depends on
// Seed and Short, not on the sizes: a smaller set is the beginning of a larger one.
type Options struct {
	NER, Cases, QA int    // numbers of records; none if zero or less
	Seed           uint64 // another seed gives different calls
	Short          bool   // 70 (QA: 160) words per call instead of about 300
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
)

// stream returns the random source of record i of a kind.
func (o Options) stream(k kind, i int) *rand.Rand {
	return rand.New(rand.NewPCG(o.Seed, uint64(k)<<48|uint64(i)))
}
