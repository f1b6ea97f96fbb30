package synth

import "github.com/trident-nlp/trident/pkg/datasets"

// steps are the names of the interventions, in the order of datasets.Interventions. The
// last one, Unknown, has no name: nothing was agreed.
var steps = [][]string{
	{"counselling sessions", "sessions with our counselor"},
	{"a referral to the Children's Office", "a referral to a partner"},
	{"a follow-up call next week", "a follow-up call on Monday"},
	{"legal aid", "a free lawyer"},
	{"psychosocial support", "a psychosocial support group"},
	{"a referral to the hospital", "a check-up at the hospital"},
	{"a home visit", "a visit at home"},
	{"a case conference", "a meeting of all agencies"},
	{"a report to the police", "the police gender desk"},
	{"a child protection officer", "the child protection unit"},
	{"the rescue team", "an emergency rescue"},
	{"mediation with the family", "a mediation meeting"},
	{"a place in a shelter", "a bed in a safe house"},
	{"nutritional support", "food rations and supplements"},
	{"educational support", "support with books and fees"},
}

var unknownStep = len(steps)

// Weights of the interventions, before those of the topic's theme.
var stepWeights = []float64{20, 13, 7, 6, 9, 6, 7, 4, 8, 8, 5, 5, 5, 4, 4, 4}

// themeSteps are three times as likely in calls of a theme.
var themeSteps = map[theme][]string{
	school:   {"Educational Support", "Mediation"},
	home:     {"Mediation", "Home Visit"},
	law:      {"Legal Aid", "Referral"},
	health:   {"Medical Referral", "Follow-up"},
	mind:     {"Psychosocial Support", "Counselling"},
	care:     {"Legal Aid", "Home Visit"},
	ability:  {"Medical Referral", "Educational Support"},
	violence: {"Child Protection", "Police Referral"},
	marriage: {"Police Referral", "Shelter"},
	food:     {"Nutritional Support", "Medical Referral"},
	question: {"Counselling", "Referral"},
	street:   {"Emergency Response", "Shelter"},
}

// chooseStep draws an intervention for the topic.
func (c *call) chooseStep() int {
	weights := append([]float64(nil), stepWeights...)
	for i, name := range datasets.Interventions() {
		for _, favoured := range themeSteps[c.topic.theme] {
			if name == favoured {
				weights[i] *= 2
			}
		}
	}
	return weighted(c.r, weights)
}

// Agreed and declined steps use the same words; only their context distinguishes them.
// "{a}" is agreed, "{b}" is not.
var (
	agreeFrames = []string{
		"I will arrange <a>", "So we agree on <a>", "The next step is <a>", "Let us go for <a>",
		"Sawa, tutapanga <a>",
	}
	declineFrames = []string{
		"We could think of <b>, but not now", "I would not begin with <b>", "There is no need for <b> yet",
		"Let us leave <b> aside", "You asked for <b>, that is not possible",
	}
	bothFrames = []string{
		"I will arrange <a> instead of <b>", "Instead of <b> I will arrange <a>", "Let us go for <a>, not <b>",
		"Not <b>, let us go for <a>", "We agree on <a> rather than <b>", "Rather than <b> we agree on <a>",
	}
	undecidedFrames = []string{
		"Let us not decide today, think about it first", "We have not agreed on a next step",
		"Sawa, nothing is decided, call us again",
	}
)

// decide says what will be done, and what will not.
func (c *call) decide(step int) {
	frame := func(frames []string, b int) {
		c.silent = false
		c.sentence()
		c.stepFrame(pick(c.r, frames), step, b)
		c.stop()
	}
	other := c.otherStep(step, step)
	switch {
	case step == unknownStep:
		frame(declineFrames, other)
		c.maybeDecline(c.otherStep(step, other), c.difficulty.second, frame)
		frame(undecidedFrames, other)
	case !chance(c.r, c.difficulty.option):
		frame(agreeFrames, other)
	case chance(c.r, 0.5):
		frame(bothFrames, other)
	case chance(c.r, 0.7):
		frame(declineFrames, other)
		c.maybeDecline(c.otherStep(step, other), c.difficulty.second, frame)
		frame(agreeFrames, other)
	default:
		frame(agreeFrames, other)
		frame(declineFrames, other)
	}
}

func (c *call) maybeDecline(b int, p float64, frame func([]string, int)) {
	if chance(c.r, p) {
		frame(declineFrames, b)
	}
}

// otherStep returns a step other than a and b, by the general weights.
func (c *call) otherStep(a, b int) int {
	for {
		if s := weighted(c.r, stepWeights[:unknownStep]); s != a && s != b {
			return s
		}
	}
}

// stepFrame writes a frame with the names of the agreed and the declined step.
func (c *call) stepFrame(frame string, a, b int) {
	for frame != "" {
		i := indexStep(frame)
		if i < 0 {
			c.expand(frame)
			return
		}
		c.expand(frame[:i])
		step := b
		if frame[i:i+3] == "<a>" {
			step = a
		}
		c.write(pick(c.r, steps[step]))
		frame = frame[i+3:]
	}
}

func indexStep(frame string) int {
	for i := 0; i+3 <= len(frame); i++ {
		if frame[i] == '<' && frame[i+2] == '>' {
			return i
		}
	}
	return -1
}
