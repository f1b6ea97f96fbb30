package synth

import (
	"iter"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// NER gives the records of the entity task.
func NER(o Options) iter.Seq[datasets.NERRecord] {
	return func(yield func(datasets.NERRecord) bool) {
		for i := range o.NER {
			if !yield(nerRecord(o, i)) {
				return
			}
		}
	}
}

func nerRecord(o Options, i int) datasets.NERRecord {
	r := o.stream(nerKind, i)
	c := newCall(r, topics[weighted(r, topicWeights)], o.Short)
	c.chooseStyle(5, 2, 3)
	switch {
	case o.Short:
		c.nerShort()
	case i%longEvery == firstLong:
		c.nerLong(between(r, 850, 1000))
	default:
		c.nerLong(bell(r, 290, 25, 220, 325))
	}
	return datasets.NERRecord{Text: c.transcript(), Entities: c.entities}
}

// nerShort is a call in which everybody is named once or twice.
func (c *call) nerShort() {
	c.turn(counselor)
	c.say(openings...)
	c.turn(caller)
	c.maybe(0.4, greetings...)
	c.story()
	c.turn(counselor)
	c.say("Where {is} {he}?", "Where can we find you?", "Who else knows?", "How do we reach you?", "Pole sana, where {is} {he}?")
	c.turn(caller)
	c.shuffled(
		func() { c.sometimes(0.35, c.landmarkSentence) },
		func() { c.sometimes(0.35, c.phoneSentence) },
		func() { c.sometimes(bystander, c.witness) },
	)
	c.turn(counselor)
	if c.alone || chance(c.r, 0.5) {
		c.say("Thank you, I will help {him}", "Asante, I note that", "We will help {him}")
	} else {
		c.say("Is {perpname} there?", "Do you fear {perpname}?", "Has {perpname} done this before?")
	}
}

// story is who, where, what and by whom, in some natural order.
func (c *call) story() {
	introduceLate := !c.self && chance(c.r, 0.15)
	if !introduceLate {
		c.introduce()
	}
	c.sometimes(0.6, c.place)
	blame := func() {
		if !c.alone {
			c.sometimes(0.7, c.blame)
		}
	}
	problem := func() { c.say(c.topic.problems...) }
	matter := func() { c.sometimes(0.5, func() { c.matter(topicDecoy) }) }
	c.presentChild()
	c.shuffled(problem, matter, blame)
	if introduceLate {
		c.introduce()
	}
}

// sometimes does something with probability p.
func (c *call) sometimes(p float64, do func()) {
	if chance(c.r, p) {
		do()
	}
}

// shuffled does all of the things in random order.
func (c *call) shuffled(things ...func()) {
	for _, i := range c.r.Perm(len(things)) {
		things[i]()
	}
}
