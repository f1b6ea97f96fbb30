package synth

import (
	"math/rand/v2"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// lateCriteria are judged by what is said past the reach of a reader of 512 tokens.
var lateCriteria = []int{explains, explainsHold, thanksHold, offersMore, confirms, followsUp, closes}

// earlyDecoy is the probability that the caller uses the words of a late criterion early,
// whether or not it will be met.
const earlyDecoy = 0.2

// longQA writes a long call whose late criteria are drawn where they are judged: whatever
// precedes, and the counsellor's quality, says nothing about them.
func longQA(r *rand.Rand, i int) datasets.QARecord {
	c := newLongCall(r, topicWeights)
	c.judge = true
	c.manner.contracts = c.manner.contracts && chance(r, plainer)
	q := newConduct(r)
	size := longSize(r)
	c.longOpening(q)
	c.longMiddle(q, size)
	q.drawLate(r)
	c.turn(counselor)
	c.hold(q)
	c.longClosing(q, size)
	return c.judgedRecord(r, q, i)
}

// longOpening writes how the counsellor opens the call and listens, with the first decoys.
func (c *call) longOpening(q conduct) {
	c.turn(counselor)
	c.judged(q, opens)
	c.turn(caller)
	c.echoed(q, opens)
	c.introduce()
	c.place()
	c.qaProblem()
	c.echoed(q, letsSpeak, empathises, paraphrases, isPolite)
	c.turn(counselor)
	c.judged(q, letsSpeak)
	c.shuffled(
		func() { c.judged(q, empathises) }, func() { c.judged(q, paraphrases) },
		func() { c.judged(q, isPolite) }, func() { c.judged(q, asksFirst) },
	)
	c.turn(caller)
	c.say("Yes", "It is so", "Ndiyo", "Since Monday", "Yes, since Monday")
	c.lateWords()
}

// longMiddle writes how the counsellor works on the case, until the late criteria.
func (c *call) longMiddle(q conduct, size int) {
	c.fillLong(pastReach / 4)
	c.lateWords()
	c.echoed(q, asksFirst, isSure, speaksWell, consults, isAccurate)
	for n, i := range c.r.Perm(4) {
		c.fillLong(size * (8 + 10*n) / 100)
		c.turn(counselor)
		c.judged(q, []int{isSure, isAccurate, speaksWell, consults}[i])
		c.answered()
	}
	c.fillLong(max(pastReach, size*between(c.r, 45, 60)/100))
}

// drawLate draws the late criteria, independently of the quality.
func (q *conduct) drawLate(r *rand.Rand) {
	q.held = chance(r, holdRate)
	for _, i := range lateCriteria {
		q.met[i] = chance(r, criteria[i].rate)
	}
	q.met[explainsHold] = q.met[explainsHold] && q.held
	q.met[thanksHold] = q.met[thanksHold] && q.held
	q.met[isPolite] = q.met[isPolite] || q.met[thanksHold]
}

// lateWords lets the caller use words of late criteria, which the counsellor may or may
// not say later.
func (c *call) lateWords() {
	for _, n := range c.r.Perm(len(lateCriteria)) {
		i := lateCriteria[n]
		if chance(c.r, earlyDecoy) {
			c.echo(criteria[i].met, criteria[i].echo)
		}
		if chance(c.r, earlyDecoy) {
			c.echo(criteria[i].unmet, criteria[i].fault)
		}
	}
}

// longClosing ends the call.
func (c *call) longClosing(q conduct, size int) {
	for n, i := range c.r.Perm(3) {
		c.fillLong(size * (70 + 10*n) / 100)
		c.turn(counselor)
		c.judged(q, []int{offersMore, confirms, followsUp}[i])
		c.answered()
	}
	c.echoed(q, offersMore)
	c.fillLong(size * 97 / 100)
	c.echoed(q, closes)
	c.say("Asante", "OK", "Thank you")
	c.turn(counselor)
	c.judged(q, closes)
}
