package synth

import (
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// QA yields the records of the quality task.
func QA(o Options) iter.Seq[datasets.QARecord] {
	return func(yield func(datasets.QARecord) bool) {
		for i := range o.QA {
			if !yield(qaRecord(o, i)) {
				return
			}
		}
	}
}

func qaRecord(o Options, i int) datasets.QARecord {
	r := o.stream(qaKind, i)
	if o.Long {
		return longQA(r, i)
	}
	c := newCall(r, topics[weighted(r, topicWeights)], o.Short)
	c.chooseStyle(1)
	c.judge = true
	c.manner.contracts = c.manner.contracts && chance(r, plainer)
	q := newConduct(r)
	if o.Short {
		c.qaCall(q, 0)
	} else {
		c.qaCall(q, bell(r, 370, 60, 240, 700))
	}
	return c.judgedRecord(r, q, i)
}

// judgedRecord is the record of a finished call.
func (c *call) judgedRecord(r *rand.Rand, q conduct, i int) datasets.QARecord {
	return datasets.QARecord{
		Text:         c.transcript(),
		Labels:       q.labels(r),
		SampleID:     fmt.Sprintf("qa_%d", i+1),
		Scenario:     scenario(c.topic.name),
		QualityLevel: qualities[q.quality].name,
	}
}

// scenario returns a category's name in lower case, joined by underscores.
func scenario(category string) string {
	words := strings.FieldsFunc(strings.ToLower(category), func(r rune) bool { return r < 'a' || r > 'z' })
	return strings.Join(words, "_")
}

// conduct is the counsellor's conduct in a call.
type conduct struct {
	quality int
	held    bool
	met     [criterionCount]bool
}

func newConduct(r *rand.Rand) conduct {
	weights := make([]float64, len(qualities))
	for i, q := range qualities {
		weights[i] = q.weight
	}
	c := conduct{quality: weighted(r, weights), held: chance(r, holdRate)}
	for i := range c.met {
		c.met[i] = chance(r, min(max(criteria[i].rate+qualities[c.quality].shift, 0.05), 0.95))
	}
	c.met[explainsHold] = c.met[explainsHold] && c.held
	c.met[thanksHold] = c.met[thanksHold] && c.held
	c.met[isPolite] = c.met[isPolite] || c.met[thanksHold]
	return c
}

// judged writes what the counsellor says, or doesn't say, for a criterion.
func (c *call) judged(q conduct, i int) {
	switch {
	case q.met[i] && len(criteria[i].met) > 0:
		c.say(criteria[i].met...)
	case !q.met[i] && len(criteria[i].unmet) > 0:
		c.say(criteria[i].unmet...)
	}
}

// echoed lets the caller say something similar to the counsellor's part.
func (c *call) echoed(q conduct, list ...int) {
	for _, n := range c.r.Perm(len(list)) {
		i := list[n]
		like := min(criteria[i].decoy*c.difficulty.echo, mostEcho)
		unlike := like * qaStray
		if q.met[i] {
			like, unlike = unlike, like
		}
		if chance(c.r, like) {
			c.echo(criteria[i].met, criteria[i].echo)
		}
		if chance(c.r, unlike) {
			c.echo(criteria[i].unmet, criteria[i].fault)
		}
	}
}

// echo writes a sentence of the counsellor's as quoted by the caller, or a similar one
// of the caller's own.
func (c *call) echo(quoted, alike []string) {
	switch {
	case len(alike) == 0:
	case chance(c.r, qaQuoted):
		c.utter(pick(c.r, quoteFrames) + ": " + pick(c.r, quoted))
	default:
		c.say(alike...)
	}
}

// qaCall writes a call in which the counsellor meets some criteria. It is filled up with
// small talk to about size word pieces; 0 adds none.
func (c *call) qaCall(q conduct, size int) {
	c.turn(counselor)
	c.judged(q, opens)
	c.turn(caller)
	c.echoed(q, opens)
	if size > 0 {
		c.introduce()
		c.place()
	}
	c.qaProblem()
	c.chatter(plainer)
	c.echoed(q, letsSpeak, empathises, paraphrases, isPolite)
	c.turn(counselor)
	c.judged(q, letsSpeak)
	c.shuffled(
		func() { c.chatter(plainer) },
		func() { c.judged(q, empathises) }, func() { c.judged(q, paraphrases) },
		func() { c.judged(q, isPolite) }, func() { c.judged(q, asksFirst) },
	)
	c.turn(caller)
	c.say("Yes", "It is so", "Ndiyo", "Since Monday", "Yes, since Monday")
	c.echoed(q, asksFirst, isSure, speaksWell, consults, isAccurate)
	c.fill(size * 3 / 4)
	c.turn(counselor)
	c.shuffled(
		func() { c.judged(q, isSure) }, func() { c.judged(q, isAccurate) },
		func() { c.judged(q, speaksWell) }, func() { c.judged(q, consults) },
	)
	c.hold(q)
	c.fill(size)
	c.turn(counselor)
	c.shuffled(func() { c.judged(q, offersMore) }, func() { c.judged(q, confirms) }, func() { c.judged(q, followsUp) })
	c.turn(caller)
	c.echoed(q, offersMore, closes)
	c.say("Asante", "OK", "Thank you")
	c.turn(counselor)
	c.judged(q, closes)
}

// hold puts the caller on hold, or not, in the counsellor's turn, and explains what will be done.
func (c *call) hold(q conduct) {
	if q.held {
		c.judged(q, explainsHold)
		c.turn(caller)
		c.say("OK", "Sawa", "Yes")
		c.turn(counselor)
		c.judged(q, thanksHold)
	}
	c.judged(q, explains)
	c.turn(caller)
	c.echoed(q, explains, explainsHold, thanksHold, confirms, followsUp)
	c.say("I see", "Sawa", "OK")
}

func (c *call) qaProblem() {
	if c.self {
		c.say("I call about my own problem", "It is about me, I am {age}")
	} else {
		c.say("I call about {kin} {victim}", "It is about {kin} {victim}")
	}
	c.say(c.topic.problems...)
}

// labels returns the criteria in the format of the prototype's file: a JSON string, with
// its irregularities, and with qaNoise.
func (q conduct) labels(r *rand.Rand) json.RawMessage {
	var b strings.Builder
	b.WriteByte('{')
	for n, head := range heads {
		if n > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q: %s", head.name, q.head(r, n))
	}
	b.WriteByte('}')
	quoted, err := json.Marshal(b.String())
	if err != nil { // strings can always be encoded
		return nil
	}
	return quoted
}

// head returns one head's value as JSON.
func (q conduct) head(r *rand.Rand, n int) string {
	head := heads[n]
	values := make([]string, 0, head.size+1)
	for i := head.first; i < head.first+head.size; i++ {
		values = append(values, bit(q.met[i] != chance(r, qaNoise)))
	}
	switch last := values[head.size-1]; {
	case head.name == "hold" && !q.held:
		sentinel := fmt.Sprintf("%q", pick(r, sentinels))
		switch x := r.Float64(); {
		case x < qaSentinel:
			return sentinel
		case x < qaSentinel+qaSentinelList:
			return "[" + sentinel + "]"
		}
	case head.name == "listening" && chance(r, qaLonger):
		values = append(values, bit(chance(r, 0.5)))
	case (head.name == "listening" || head.name == "resolution") && last == "0" && chance(r, qaShorter):
		values = values[:head.size-1]
	}
	return "[" + strings.Join(values, ", ") + "]"
}

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
