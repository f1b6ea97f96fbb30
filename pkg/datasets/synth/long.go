package synth

import "math/rand/v2"

// Long calls are as long as real ones, and what decides their labels stands where a
// reader of the first 512 tokens doesn't get: long_cases.go, long_ner.go, long_qa.go.
// They are gentle otherwise, so that a small model can learn them: their difficulty is
// their length.

const (
	// pastReach is more word pieces than a reader of 512 tokens sees, with a margin: a
	// call that has as many has more than 512 words.
	pastReach = 850

	piecesPerWord = 1.5 // of long calls, by guessPieces
	banterShare   = 0.4 // of what fills long calls; the rest are questions with answers
)

// newLongCall starts a long call: each turn is a line, which begins with "Counselor:" or
// "Caller:".
func newLongCall(r *rand.Rand, weights []float64) *call {
	c := newCallOf(r, topics[weighted(r, weights)], gentle, false)
	c.style, c.separator = plainTags, "\n"
	c.tags = [2]string{caller: "Caller", counselor: "Counselor"}
	return c
}

// longSize draws a long call's size in word pieces.
func longSize(r *rand.Rand) int {
	return int(piecesPerWord * float64(bell(r, 2400, 500, 1700, 3600)))
}

// fillLong is fill for long calls: between the questions the two chat, so that fewer
// questions come twice.
func (c *call) fillLong(size int) {
	for c.pieces < size {
		if chance(c.r, banterShare) {
			c.banter()
			continue
		}
		c.fill(c.pieces + 1)
	}
}

// answered lets the caller take note of what the counsellor said.
func (c *call) answered() {
	c.turn(caller)
	c.say("I see", "Sawa", "OK", "Yes", "Haya")
}

// banter writes some turns of small talk.
func (c *call) banter() {
	for range between(c.r, 1, 2) {
		for _, v := range []voice{counselor, caller} {
			c.turn(v)
			for range between(c.r, 1, 3) {
				c.remark()
			}
		}
	}
}
