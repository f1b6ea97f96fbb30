package synth

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// Cases yields the records of the classification task.
func Cases(o Options) iter.Seq[datasets.CaseRecord] {
	return func(yield func(datasets.CaseRecord) bool) {
		for i := range o.Cases {
			if !yield(caseRecord(o, i)) {
				return
			}
		}
	}
}

func caseRecord(o Options, i int) datasets.CaseRecord {
	r := o.stream(caseKind, i)
	if o.Long {
		return longCase(r)
	}
	c := newCall(r, topics[weighted(r, topicWeights)], o.Short)
	c.chooseStyle(6, 2, 2)
	step := c.chooseStep()
	level := priority(weighted(r, priorityWeights))
	if o.Short {
		c.caseShort(step, level)
	} else {
		c.caseLong(bell(r, 445, 65, 290, 760), step, level)
	}
	return c.labelled(r, step, level)
}

// labelled is the record of a finished call with its labels, some of them replaced.
func (c *call) labelled(r *rand.Rand, step int, level priority) datasets.CaseRecord {
	record := c.record(r)
	record.Category = noisy(r, c.topic.name, datasets.SubCategories())
	record.Intervention = noisy(r, datasets.Interventions()[step], datasets.Interventions())
	record.Priority = noisy(r, datasets.Priorities()[level], datasets.Priorities())
	return record
}

// caseShort writes a call of a few sentences.
func (c *call) caseShort(step int, level priority) {
	c.turn(counselor)
	c.say("Child Helpline, how can I help?", "Child Helpline, {counselor} speaking", "Child Helpline, karibu")
	c.turn(caller)
	if c.self {
		c.introduce()
	} else {
		c.sometimes(0.4, c.introduce)
	}
	c.sometimes(0.3, c.place)
	c.sometimes(c.difficulty.when, func() { c.say(timeDecoys...) })
	c.problem()
	c.chatter(0.7)
	c.askUrgency(level)
	c.sometimes(c.difficulty.when, func() { c.say(timeDecoys...) })
	c.turn(counselor)
	c.chatter(0.7)
	c.decide(step)
	c.sometimes(0.5, func() { c.turn(caller); c.say(farewells...) })
}

// caseLong writes a call of about size word pieces, with the same content among much
// else.
func (c *call) caseLong(size int, step int, level priority) {
	c.greet()
	c.introduce()
	c.sometimes(0.7, c.place)
	c.problem()
	early := chance(c.r, 0.4)
	if early {
		c.askUrgency(level)
	}
	c.fill(size * between(c.r, 4, 6) / 10)
	c.sometimes(0.5, func() { c.turn(counselor); c.say(recaps...); c.turn(caller); c.say(c.topic.problems...) })
	if !early {
		c.askUrgency(level)
	}
	c.sometimes(c.difficulty.when, func() { c.say(timeDecoys...) })
	c.fill(size - 80)
	c.turn(counselor)
	c.decide(step)
	c.turn(caller)
	c.part()
}

// problem says who and what the call is about, and sometimes what it isn't about:
// another child's problem, or another matter.
func (c *call) problem() {
	c.presentChild()
	c.tellProblem()
}

func (c *call) tellProblem() {
	decoy := weighted(c.r, []float64{3 - 3*c.difficulty.topic, 2 * c.difficulty.topic, c.difficulty.topic})
	first := chance(c.r, 0.5)
	if first {
		c.ruledOut(decoy)
	}
	c.say(c.topic.problems...)
	if !first {
		c.ruledOut(decoy)
	}
}

func (c *call) ruledOut(decoy int) {
	switch decoy {
	case 1:
		c.anotherChild()
	case 2:
		c.denyOther()
	}
}

// record sets the fields of the case system other than the narrative.
func (c *call) record(r *rand.Rand) datasets.CaseRecord {
	nairobi := time.FixedZone("EAT", 3*60*60)
	start := time.Unix(int64(between(r, 1_580_500_800, 1_735_600_000)), 0).In(nairobi)
	perp := datasets.Perpetrator{Age: "Unknown"}
	if !c.alone {
		perp = datasets.Perpetrator{Gender: genderOf(c.perp), Age: c.perpAge}
	}
	return datasets.CaseRecord{
		UniqueID:    fmt.Sprintf("%d.%d", start.Unix(), between(r, 1, 9999)),
		StartDate:   start.Format("02 Jan 2006"),
		StartTime:   start.Format("15:04:05"),
		Victim:      datasets.Victim{Gender: genderOf(c.child), FirstName: c.child.first, Age: strconv.Itoa(c.age)},
		Reporter:    datasets.Reporter{Gender: genderOf(c.caller), Relationship: c.relation.name},
		Perpetrator: perp,
		County:      c.county.name,
		Counselor:   "Counselor " + string(rune('A'+r.IntN(26))),
		Narrative:   c.transcript(),
	}
}

func genderOf(p person) string {
	if p.female {
		return "female"
	}
	return "male"
}

// noisy replaces a label by another one of the list with the probability caseNoise.
func noisy(r *rand.Rand, label string, list []string) string {
	if !chance(r, caseNoise) {
		return label
	}
	for {
		if other := pick(r, list); other != label {
			return other
		}
	}
}
