package synth

import "math/rand/v2"

// The source's sizes.
const (
	DefaultNER   = 2000
	DefaultCases = 9996
	DefaultQA    = 4996
	DefaultSeed  = 42
)

// Options says how much to make. Record i of a kind depends on Seed and Short
// alone, not on the sizes: a smaller set is the beginning of a larger one.
type Options struct {
	NER, Cases, QA int    // number of records; none where zero or less
	Seed           uint64 // another seed gives other calls
	Short          bool   // 70 (QA: 160) words a call instead of about 300
}

// Defaults are the Python prototype's sizes and seed, with calls of full length.
func Defaults() Options {
	return Options{NER: DefaultNER, Cases: DefaultCases, QA: DefaultQA, Seed: DefaultSeed}
}

// kind keeps the three kinds' random streams apart.
type kind uint64

const (
	nerKind kind = iota + 1
	caseKind
	qaKind
)

// stream is the random source of record i of a kind.
func (o Options) stream(k kind, i int) *rand.Rand {
	return rand.New(rand.NewPCG(o.Seed, uint64(k)<<48|uint64(i)))
}
