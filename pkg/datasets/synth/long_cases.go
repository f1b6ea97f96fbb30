package synth

import (
	"math/rand/v2"

	"github.com/trident-nlp/trident/pkg/datasets"
)

const (
	longToldEarly  = 0.3  // the problem is told at once
	longAskedEarly = 0.25 // the danger is asked about at once
)

// Sentences of callers who don't come to the point.
var detours = []string{
	"I do not know where to begin", "it is hard to say it", "let me first tell you about us", "I will come to it, give me time",
	"sijui nianze wapi", "it is a long story",
}

// Other calls' interventions, before anything is agreed. They may be agreed later.
var earlySteps = []string{
	"We could think of <b>, but not now", "Some callers ask for <b>", "We may speak of <b> later", "I once arranged <b> for another caller",
}

// longCase writes a long call. The intervention, mostly the priority, and mostly also the
// category are only known late; priority and intervention are drawn there, so that what
// precedes says nothing about them.
func longCase(r *rand.Rand) datasets.CaseRecord {
	c := newLongCall(r, topicWeights)
	size := longSize(r)
	c.greet()
	c.introduce()
	c.sometimes(0.7, c.place)
	c.presentChild()
	early := chance(r, longToldEarly)
	if early {
		c.tellProblem()
	} else {
		c.say(detours...)
		c.ruledOut(between(r, 1, 2))
	}
	c.sometimes(0.5, func() { c.say(timeDecoys...) })
	level, asked := priority(0), chance(r, longAskedEarly)
	if asked {
		level = c.askedLevel()
	}
	c.fillLong(size / 8)
	c.sometimes(0.5, c.earlyStep)
	c.fillLong(max(pastReach, size*between(r, 40, 60)/100))
	c.turn(counselor)
	c.say(recaps...)
	c.turn(caller)
	c.tellProblem()
	c.fillLong(size * between(r, 65, 80) / 100)
	if !asked {
		level = c.askedLevel()
	}
	c.sometimes(c.difficulty.when, func() { c.say(timeDecoys...) })
	c.fillLong(size * 95 / 100)
	step := c.chooseStep()
	c.turn(counselor)
	c.decide(step)
	c.turn(caller)
	c.part()
	return c.labelled(r, step, level)
}

// askedLevel draws the priority and determines it.
func (c *call) askedLevel() priority {
	level := priority(weighted(c.r, priorityWeights))
	c.askUrgency(level)
	return level
}

// earlyStep mentions an intervention of which nothing follows.
func (c *call) earlyStep() {
	c.turn(counselor)
	c.silent = false
	c.sentence()
	c.stepFrame(pick(c.r, earlySteps), unknownStep, c.otherStep(unknownStep, unknownStep))
	c.stop()
	c.answered()
}
