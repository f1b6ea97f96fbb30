package synth

// What decides the priority is when there is danger, and whether: not the
// words, which the three degrees share.

// priority is "1", "2" or "3" less one.
type priority int

const (
	critical priority = iota
	urgent
	routine
)

// With an offender, the danger is the offender's presence.
var dangerWords = [3][]string{
	critical: {
		"No, {child} {is} not safe, {he2} is in the house tonight",
		"{he2} is still near {him} and I fear for {his} life tonight",
		"The danger is now, {he2} came back and {child} {is} not safe",
		"{he2} is here at the door right now, nobody is safe tonight",
		"{child} {is} with {him2} right now and in danger",
		"Hapana, {he2} is here sasa hivi, it is not over",
	},
	urgent: {
		"{child} {is} safe tonight, but {he2} will come back tomorrow",
		"For now {he} {is} not in danger, but {he2} returns to the house tomorrow",
		"Not tonight, but {he2} will be at the door again this week",
		"{he2} is not here now, but I fear {he2} will come tomorrow",
		"{child} {is} safe until tomorrow, then {he2} comes back",
		"Leo {he} {is} safe, but kesho {he2} comes back",
	},
	routine: {
		"Yes, {child} {is} safe, {he2} left the house last year",
		"The danger is over, {he2} went away last year and never came back",
		"{he2} is no longer near {him}, it ended last year",
		"{he} {is} not in danger, {he2} is far away now and will not come back",
		"{child} {is} safe tonight and tomorrow, {he2} moved away last year",
		"Ndiyo, {he} {is} safe, it is over, {he2} left mwaka jana",
	},
}

// Without one, it is how long the matter can wait.
var needWords = [3][]string{
	critical: {
		"No, it cannot wait, {child} {is} in danger right now",
		"It is getting worse now and I fear for {his} life tonight",
		"{child} {is} alone and not safe tonight, it must be now",
		"Please hurry, {he} {is} in danger tonight, it cannot wait for tomorrow",
		"{child} {is} very weak right now, it cannot wait",
		"Hapana, it cannot wait, ni sasa hivi",
	},
	urgent: {
		"{child} {is} safe tonight, but it cannot wait longer than tomorrow",
		"It can wait tonight, but not longer than tomorrow",
		"For now {he} {is} not in danger, but we need an answer tomorrow",
		"Not right now, but it must be solved tomorrow",
		"{he} {is} safe for now, but tomorrow it will be worse",
		"Leo {he} {is} safe, but kesho it must be solved",
	},
	routine: {
		"It can wait, there is no danger and no hurry",
		"No hurry, {child} {is} safe tonight and tomorrow, it was worse last year",
		"{he} {is} not in danger now, it has been so since last year",
		"Yes, it can wait, nobody is in danger and I only ask",
		"{child} {is} safe and it can wait longer",
		"Ndiyo, it can wait, hakuna danger",
	},
}

var urgencyQuestions = []string{
	"{is} {child} safe now?", "{is} {he} in danger tonight?", "Can it wait?", "{is} {he} safe tonight?",
	"How urgent is it, {is} {he} in danger?",
}

// Times that say nothing about this danger.
var timeDecoys = []string{
	"I wanted to call last year already", "Tonight I have airtime at last",
	"Tomorrow I travel, so I call now", "Last year a child next door was in danger",
	"Right now I am at work", "I heard of you last year", "I called last night but nobody answered",
	"We moved here last year",
}

var priorityWeights = []float64{critical: 0.32, urgent: 0.40, routine: 0.28}

// askUrgency settles the call's priority in a question and its answer.
func (c *call) askUrgency(p priority) {
	c.turn(counselor)
	c.say(urgencyQuestions...)
	c.turn(caller)
	words := needWords
	if !c.alone {
		words = dangerWords
	}
	c.say(words[p]...)
}
