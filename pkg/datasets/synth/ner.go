package synth

import (
	"iter"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// NER yields the records of the entity task.
func NER(o Options) iter.Seq[datasets.NERRecord] {
	return func(yield func(datasets.NERRecord) bool) {
		for i := range o.NER {
			if !yield(nerRecord(o, i)) {
				return
			}
		}
	}
}

// nerWeights are topicWeights with more calls that have an offender.
var nerWeights = func() []float64 {
	weights := slices.Clone(topicWeights)
	for i, t := range topics {
		if len(t.by) > 0 {
			weights[i] *= blamedTopics
		}
	}
	return weights
}()

func nerRecord(o Options, i int) datasets.NERRecord {
	c := nerCall(o, i)
	return datasets.NERRecord{Text: c.transcript(), Entities: c.entities}
}

func nerCall(o Options, i int) *call {
	r := o.stream(nerKind, i)
	if o.Long {
		return longNER(r)
	}
	c := newCall(r, topics[weighted(r, nerWeights)], o.Short)
	c.chooseStyle(4, 2, 3, 1)
	switch {
	case o.Short:
		c.nerShort()
	case i%longEvery == firstLong:
		c.nerLong(between(r, 1130, 1280))
	default:
		c.nerLong(c.roomy(bell(r, 385, 10, 365, 398)))
	}
	return c
}

// roomy reserves room for names in every turn, which a vocabulary without them splits
// into many word pieces: only the long calls may exceed 512.
func (c *call) roomy(size int) int {
	if c.style == namedTags || c.style == bareTags {
		return size - 35
	}
	return size
}

// nerShort writes a call in which everybody is named once or twice.
func (c *call) nerShort() {
	c.turn(counselor)
	c.say(openings...)
	c.turn(caller)
	c.maybe(0.4, greetings...)
	c.story()
	c.turn(counselor)
	c.chatter(1)
	c.maybe(0.25, "So it is {incident}", "I note that it is {incident}", "You call about {incident}")
	c.say(contactQuestions...)
	c.turn(caller)
	c.shuffled(
		func() { c.sometimes(0.35, c.landmarkSentence) },
		func() { c.sometimes(0.35, c.phoneSentence) },
		func() { c.sometimes(bystander, c.witness) },
		func() { c.chatter(0.7) },
	)
	c.turn(counselor)
	c.chatter(0.5)
	if c.alone || chance(c.r, 0.5) {
		c.say("Thank you, I will help {him}", "Asante, I note that", "We will help {him}")
	} else {
		c.say("Is {perp} there?", "Do you fear {perp}?", "Has {perp} done this before?")
	}
}

// nerLong writes a call of about size word pieces in which persons are mentioned
// repeatedly.
func (c *call) nerLong(size int) {
	c.greet()
	c.story()
	c.fill(size / 2)
	c.turn(counselor)
	c.say(contactQuestions...)
	c.turn(caller)
	c.shuffled(
		func() { c.sometimes(0.5, c.landmarkSentence) },
		func() { c.sometimes(0.5, c.phoneSentence) },
		func() { c.sometimes(bystander, c.witness) },
	)
	c.fill(size - 20)
	c.part()
}

var contactQuestions = []string{
	"Who helps you, and how do we find you?", "How do we find you?", "How can we get to {him}?", "Tutakupata aje?",
	"Pole sana, how can we reach {him}?",
}

// story says who, where, what and by whom, in a natural order.
func (c *call) story() {
	introduceLate := !c.self && chance(c.r, 0.15)
	if !introduceLate {
		c.introduce()
	}
	c.sometimes(0.6, c.place)
	blame := func() {
		if !c.alone {
			c.sometimes(0.8, c.blame)
		}
	}
	problem := func() { c.say(c.topic.problems...) }
	matter := func() { c.sometimes(0.7, func() { c.matter(c.difficulty.name) }) }
	c.presentChild()
	c.shuffled(problem, matter, blame, func() { c.chatter(1) })
	if introduceLate {
		c.introduce()
	}
}

// greet begins a call, up to the caller's greeting.
func (c *call) greet() {
	c.turn(counselor)
	c.say(openings...)
	c.turn(caller)
	c.say(greetings...)
}

// part ends a call, from the caller's farewell on.
func (c *call) part() {
	c.say(farewells...)
	c.turn(counselor)
	c.say(goodbyes...)
}

// sometimes calls do with probability p.
func (c *call) sometimes(p float64, do func()) {
	if chance(c.r, p) {
		do()
	}
}

// shuffled calls all things in random order.
func (c *call) shuffled(things ...func()) {
	for _, i := range c.r.Perm(len(things)) {
		things[i]()
	}
}
