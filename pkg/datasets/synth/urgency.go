package synth

import "strings"

// The priority depends on when there is danger: now (critical), soon (urgent) or in the
// past (routine). Most answers mention two times, one with danger and one without, so
// that the same words are used for two priorities.

// priority is "1", "2" or "3", minus one.
type priority int

const (
	critical priority = iota
	urgent
	routine
)

var priorityWeights = []float64{critical: 0.36, urgent: 0.36, routine: 0.28}

// times of danger, by priority.
var times = [3][]string{
	critical: {"now", "right now", "tonight", "at this moment", "sasa hivi"},
	urgent:   {"tomorrow", "from tomorrow on", "this weekend", "in two days", "kesho"},
	routine:  {"last year", "in the past", "long ago", "two years ago", "mwaka jana"},
}

// state is a situation at a time, with danger and without. "<t>" is the time; "<is>" is
// the verb in that tense, for others, and "<am>" for the child. If somebody does harm,
// it is about that person's presence.
type state struct{ danger, safety []string }

var (
	withOffender = state{
		danger: []string{
			"<t> {he2} <is> in the same house", "<t> {he2} <is> with {him}", "<t> {child} <am> in danger",
			"<t> {he2} <is> close to {him}", "<t> {child} <am> not safe", "{child} <am> in danger <t>",
		},
		safety: []string{
			"<t> {he2} <is> far away", "<t> {he2} <is> in another town", "<t> {child} <am> out of danger",
			"<t> {he2} <is> in custody", "<t> {child} <am> safe", "{child} <am> safe <t>",
		},
	}
	withoutOffender = state{
		danger: []string{
			"<t> {child} <am> in danger", "<t> {child} <am> not safe", "<t> it <is> [very bad|too much] for {him}",
			"<t> {child} <am> all alone with it", "<t> nobody <is> with {him}", "{child} <am> in danger <t>",
		},
		safety: []string{
			"<t> {child} <am> out of danger", "<t> {child} <am> safe", "<t> it <is> [bearable|all right] for {him}",
			"<t> {child} <am> in good hands", "<t> somebody <is> with {him}", "{child} <am> safe <t>",
		},
	}
)

// tenses replace "<is>" and "<am>" for each time.
var tenses = [3]*strings.Replacer{
	critical: strings.NewReplacer("<is>", "is", "<am>", "{is}"),
	urgent:   strings.NewReplacer("<is>", "will be", "<am>", "will be"),
	routine:  strings.NewReplacer("<is>", "was", "<am>", "{was}"),
}

var urgencyQuestions = []string{
	"{is} {child} in danger or safe?", "{is} {he} safe, and since when?", "How urgent is it?",
	"When {is} {he} in danger?", "How much time do we have?",
}

// Times that don't say anything about danger.
var timeDecoys = []string{
	"I wanted to call last year already", "Tonight I have airtime at last", "Tomorrow I travel, so I call now",
	"Right now I am at work", "I heard of you long ago", "I called last night but nobody answered",
	"We moved here two years ago", "This weekend I am at home",
}

// askUrgency determines the call's priority by a question and its answer.
func (c *call) askUrgency(p priority) {
	c.turn(counselor)
	c.say(urgencyQuestions...)
	c.turn(caller)
	words := withOffender
	if c.alone {
		words = withoutOffender
	}
	danger := c.at(p, words.danger)
	if !chance(c.r, c.difficulty.calm) {
		c.say(danger)
		return
	}
	calm := c.at(c.otherTime(p), words.safety)
	if chance(c.r, 0.5) {
		danger, calm = calm, danger
	}
	c.say(danger + "[, but |, and |; ]" + calm)
}

// otherTime returns a time other than that of the danger. Something in the past or
// future is contrasted with the present.
func (c *call) otherTime(p priority) priority {
	if p != critical {
		return critical
	}
	return priority(1 + c.r.IntN(2))
}

// at returns one of the clauses, set at a time.
func (c *call) at(when priority, clauses []string) string {
	return strings.Replace(tenses[when].Replace(pick(c.r, clauses)), "<t>", pick(c.r, times[when]), 1)
}
