package synth

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// call is the state of a call while it is written.
//
// Templates are text with choices, "[one|two|]", and slots, "{name}". Neither can be
// nested in its own kind; choices may contain slots. Slots about the child depend on the
// speaker: a child who calls says "I" where others say "she".
type call struct {
	script
	cast
	r          *rand.Rand
	topic      topic
	short      bool
	difficulty difficulty
	voice      voice
	style      style
	separator  string
	tags       [2]string
	tagged     [2]string // names used as tags; "" if the tag is used
	unasked    []int     // unused exchanges
	unsaid     []int     // unused asides; nil before the first
	silent     bool      // nothing has been said in this turn
	elsewhere  bool      // the current sentence is about another child
	judge      bool      // the counsellor's conduct is judged
	introduced bool      // the caller's name has been said
	manner     manner
}

// voice is the speaker.
type voice int

const (
	caller voice = iota
	counselor
)

// newCall starts a call about a topic.
func newCall(r *rand.Rand, t topic, short bool) *call {
	return newCallOf(r, t, difficultyOf(short), short)
}

func newCallOf(r *rand.Rand, t topic, d difficulty, short bool) *call {
	c := &call{r: r, topic: t, short: short, difficulty: d, cast: newCast(r, t, d)}
	c.chooseManner()
	return c
}

// say writes one of the templates as a sentence of the current turn.
func (c *call) say(templates ...string) {
	c.utter(pick(c.r, templates))
}

// utter writes one template as a sentence.
func (c *call) utter(template string) {
	c.silent = false
	c.sentence()
	c.expand(c.spoken(template))
	c.end()
}

// maybe is say with probability p.
func (c *call) maybe(p float64, templates ...string) {
	if chance(c.r, p) {
		c.say(templates...)
	}
}

// expand writes a template without starting or ending a sentence.
func (c *call) expand(template string) {
	for template != "" {
		i := strings.IndexAny(template, "[{")
		if i < 0 {
			c.write(template)
			return
		}
		c.write(template[:i])
		closing := "}"
		if template[i] == '[' {
			closing = "]"
		}
		inside, rest, ok := strings.Cut(template[i+1:], closing)
		if !ok {
			c.write(template[i:])
			return
		}
		if closing == "]" {
			c.expand(pick(c.r, strings.Split(inside, "|")))
		} else {
			c.slot(inside)
		}
		template = rest
	}
}

// slot writes the content of a slot. An unknown one is written unchanged, and the tests
// look for braces in every text.
func (c *call) slot(name string) {
	if c.elsewhere {
		if words, ok := otherChild[name]; ok {
			c.expand(pick(c.r, words))
			return
		}
	}
	if forms, ok := childForms[name]; ok {
		c.write(forms.of(c))
		return
	}
	switch name {
	case "caller":
		label := "NAME"
		if c.self {
			label = "VICTIM"
		}
		if chance(c.r, 0.5) {
			c.mark(label, c.caller.full())
		} else {
			c.mark(label, c.caller.first)
		}
	case "callername":
		c.mark("NAME", c.caller.first)
	case "counselor":
		c.mark("NAME", c.counselor.first)
	case "victim":
		c.mark("VICTIM", nameOfChild(c.r, c.child))
	case "child": // the subject of a sentence
		c.subject()
	case "whom": // the object of a sentence
		c.object()
	case "kin": // the child's relation to the caller
		if c.child.female {
			c.expand(c.relation.girl)
		} else {
			c.expand(c.relation.boy)
		}
	case "age":
		c.mark("AGE", c.sayAge())
	case "gender":
		c.mark("GENDER", c.sayGender())
	case "county":
		c.mark("LOCATION", c.county.name)
	case "town":
		c.mark("LOCATION", c.town)
	case "landmark":
		c.mark("LANDMARK", c.landmark)
	case "phone":
		c.mark("PHONE_NUMBER", c.phone)
	case "incident":
		c.incident(c.topic.noun(c.r, c.difficulty.formal))
	case "other": // what the call isn't about: not an entity
		c.write(pick(c.r, c.otherTopic().incidents))
	case "perp":
		c.offender()
	case "perpname":
		if c.named {
			c.mark("PERPETRATOR", c.perp.mention(c.r))
		} else {
			c.expand(c.definite(c.kin))
			c.mark("PERPETRATOR", c.kin.noun)
		}
	case "friend":
		if !c.friendSaid {
			c.friendSaid = true
			c.expand(c.definite(c.friendKin))
			c.write(c.friendKin.noun + " ")
		}
		c.mark("NAME", c.friend.mention(c.r))
	case "he2", "him2", "his2":
		c.write(pronoun(name, c.perp.female || c.alone))
	default:
		if word, ok := c.ordinary(name); ok {
			c.write(word)
			return
		}
		c.write("{" + name + "}")
	}
}

// otherChild has the contents of slots in sentences about another child: nobody is
// named, and nothing is an entity.
var otherChild = map[string][]string{
	"child": {"that child", "the other child", "that other one"}, "whom": {"that child", "the other child"},
	"he": {"that child"}, "he's": {"that child is"}, "him": {"that child", "the other one"}, "his": {"that child's"},
	"is": {"is"}, "was": {"was"}, "has": {"has"}, "does": {"does"}, "s": {"s"}, "es": {"es"},
	"self": {"alone"}, "he2": {"somebody"}, "him2": {"somebody"}, "his2": {"somebody's"},
	"perp": {"somebody", "somebody else"}, "perpname": {"somebody"},
}

// incident writes and marks the name of the problem, without its article.
func (c *call) incident(name string) {
	for _, article := range []string{"a ", "an ", "the "} {
		if noun, ok := strings.CutPrefix(name, article); ok {
			c.write(article)
			name = noun
		}
	}
	c.mark("INCIDENT_TYPE", name)
}

// subject writes the child's name or a pronoun.
func (c *call) subject() {
	switch {
	case c.self && c.voice == caller:
		c.write("I")
	case c.self:
		c.write("you")
	case chance(c.r, 0.5):
		c.mark("VICTIM", nameOfChild(c.r, c.child))
	default:
		c.write(childForms["he"].of(c))
	}
}

// object is like subject, for objects.
func (c *call) object() {
	if c.self || chance(c.r, 0.5) {
		c.write(childForms["him"].of(c))
	} else {
		c.mark("VICTIM", nameOfChild(c.r, c.child))
	}
}

// offender names the offender: first with the relation, later often without.
func (c *call) offender() {
	if c.perpSaid && c.named && chance(c.r, c.difficulty.bare) {
		c.mark("PERPETRATOR", c.perp.mention(c.r))
		return
	}
	owner := c.definite(c.kin)
	if !c.perpSaid {
		owner = c.kin.owner + " "
	}
	c.expand(owner)
	if !c.named {
		c.mark("PERPETRATOR", c.kin.noun)
	} else {
		c.write(c.kin.noun + " ")
		c.mark("PERPETRATOR", c.perp.mention(c.r))
	}
	c.perpSaid = true
}

// definite returns the owner of a relation that was mentioned before.
func (c *call) definite(k kinship) string {
	if k.owner == "a" || k.owner == "an" {
		return "the "
	}
	return k.owner + " "
}

func nameOfChild(r *rand.Rand, p person) string {
	if chance(r, 0.75) {
		return p.first
	}
	return p.full()
}

var numerals = []string{
	"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
	"twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
}

func (c *call) sayAge() string {
	if chance(c.r, 0.35) {
		return numerals[c.age]
	}
	return strconv.Itoa(c.age)
}

func (c *call) sayGender() string {
	if c.child.female {
		return "girl"
	}
	return "boy"
}

// otherTopic returns a topic other than the call's and those of the same name.
func (c *call) otherTopic() topic {
	for {
		if t := pick(c.r, topics); t.theme != c.topic.theme {
			return t
		}
	}
}

// forms are the words for the child: for a girl, for a boy, by the child itself, and to
// the child.
type forms struct{ girl, boy, me, you string }

func (f forms) of(c *call) string {
	switch {
	case c.self && c.voice == caller:
		return f.me
	case c.self:
		return f.you
	case c.child.female:
		return f.girl
	default:
		return f.boy
	}
}

var childForms = map[string]forms{
	"he":   {"she", "he", "I", "you"},
	"he's": {"she's", "he's", "I'm", "you're"},
	"him":  {"her", "him", "me", "you"},
	"his":  {"her", "his", "my", "your"},
	"is":   {"is", "is", "am", "are"},
	"was":  {"was", "was", "was", "were"},
	"has":  {"has", "has", "have", "have"},
	"does": {"does", "does", "do", "do"},
	"s":    {"s", "s", "", ""},
	"es":   {"es", "es", "", ""},
	"self": {"herself", "himself", "myself", "yourself"},
}

func pronoun(slot string, female bool) string {
	forms := map[string][2]string{"he2": {"he", "she"}, "him2": {"him", "her"}, "his2": {"his", "her"}}[slot]
	if female {
		return forms[1]
	}
	return forms[0]
}
