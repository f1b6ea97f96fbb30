package synth

import "math/rand/v2"

// longNER writes a long call whose entities are spread over all of it.
func longNER(r *rand.Rand) *call {
	c := newLongCall(r, nerWeights)
	size := longSize(r)
	c.greet()
	c.story()
	for _, percent := range []int{25, 50, 75} {
		c.fillLong(size * percent / 100)
		c.turn(counselor)
		c.say(contactQuestions...)
		c.turn(caller)
		c.whereabouts()
		c.turn(counselor)
		c.say(recaps...)
		c.turn(caller)
		c.again()
	}
	c.fillLong(size * 97 / 100)
	c.part()
	return c
}

// whereabouts says where the child and the caller are.
func (c *call) whereabouts() {
	c.shuffled(
		func() { c.sometimes(0.5, c.landmarkSentence) },
		func() { c.sometimes(0.5, c.phoneSentence) },
		func() { c.sometimes(0.5, c.place) },
		func() { c.sometimes(bystander, c.witness) },
	)
}

// again tells the story again, in parts.
func (c *call) again() {
	c.shuffled(
		func() { c.sometimes(0.6, c.presentChild) },
		func() { c.sometimes(0.6, func() { c.matter(c.difficulty.name) }) },
		func() {
			if !c.alone {
				c.sometimes(0.5, c.blame)
			}
		},
	)
}
