package synth

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// person is a person in a call.
type person struct {
	female      bool
	first, last string
}

func (p person) full() string { return p.first + " " + p.last }

// mention returns the person's name in a form used in speech.
func (p person) mention(r *rand.Rand) string {
	switch x := r.Float64(); {
	case x < 0.6:
		return p.first
	case x < 0.85:
		return p.full()
	default:
		return p.last
	}
}

// newPerson draws a person; each of the two names is an uncommon one with probability
// rare.
func newPerson(r *rand.Rand, female bool, rare float64) person {
	names, uncommon, grammars := boyNames, rareBoyNames, boyGrammars
	if female {
		names, uncommon, grammars = girlNames, rareGirlNames, girlGrammars
	}
	p := person{female: female, first: pick(r, names)}
	if chance(r, rare) {
		p.first = rareWord(r, uncommon, grammars)
	}
	for p.last == "" || p.last == p.first {
		p.last = pick(r, familyNames)
		if chance(r, rare) {
			p.last = rareWord(r, rareFamilyNames, boyGrammars)
		}
	}
	return p
}

// kinship is a person's relation to the child: "her uncle", "the landlord".
type kinship struct {
	owner, noun string
	female      bool
	ages        []string // possible age groups of the case system
}

var (
	teens  = []string{"Adolescent (12-17)"}
	young  = []string{"Young Adult (18-24)", "Adult (25-40)"}
	adults = []string{"Young Adult (18-24)", "Adult (25-40)", "Adult (25-40)", "Middle-aged (41-60)"}
	elders = []string{"Middle-aged (41-60)", "Senior (61+)"}
)

var kin = map[string]kinship{
	"father":      {"{his}", "father", false, adults[1:]},
	"stepfather":  {"{his}", "stepfather", false, adults[1:]},
	"uncle":       {"{his}", "uncle", false, adults},
	"cousin":      {"{his}", "cousin", false, []string{"Adolescent (12-17)", "Young Adult (18-24)"}},
	"brother":     {"{his}", "elder brother", false, []string{"Adolescent (12-17)", "Young Adult (18-24)"}},
	"grandfather": {"{his}", "grandfather", false, elders},
	"mother":      {"{his}", "mother", true, adults[1:]},
	"stepmother":  {"{his}", "stepmother", true, adults[1:]},
	"aunt":        {"{his}", "aunt", true, adults},
	"grandmother": {"{his}", "grandmother", true, elders},
	"teacher":     {"{his}", "teacher", false, adults},
	"madam":       {"{his}", "class teacher", true, adults},
	"pastor":      {"the", "pastor", false, elders},
	"neighbour":   {"the", "neighbour", false, adults},
	"landlord":    {"the", "landlord", false, elders},
	"shopkeeper":  {"a", "shopkeeper", false, adults},
	"rider":       {"a", "boda boda rider", false, young},
	"watchman":    {"the", "watchman", false, elders},
	"farmer":      {"a", "farmer", false, elders},
	"employer":    {"{his}", "employer", true, adults},
	"boyfriend":   {"{his}", "boyfriend", false, young},
	"husband":     {"{his}", "husband", false, adults},
	"stranger":    {"a", "stranger", false, adults},
	"old man":     {"an", "old man", false, elders},
	"healer":      {"the", "healer", true, elders},
	"agent":       {"an", "agent", true, adults},
	"classmate":   {"{his}", "classmate", false, teens},
	"student":     {"{his}", "schoolmate", true, teens},
	"recruiter":   {"a", "recruiter", false, adults},
}

// Possible offenders by kind of harm.
var (
	atHome   = []string{"father", "stepfather", "uncle", "cousin", "brother", "stepmother", "aunt", "mother", "grandmother"}
	carers   = []string{"father", "mother", "stepmother", "aunt", "uncle", "grandmother"}
	elderly  = []string{"father", "grandfather", "uncle", "grandmother", "aunt"}
	abusers  = []string{"uncle", "stepfather", "cousin", "neighbour", "pastor", "watchman", "shopkeeper", "rider", "teacher"}
	partners = []string{"boyfriend", "husband"}
	takers   = []string{"stranger", "agent", "neighbour", "rider", "aunt", "uncle"}
	bosses   = []string{"employer", "farmer", "shopkeeper", "aunt", "uncle"}
	online   = []string{"stranger", "boyfriend", "classmate", "neighbour"}
	teachers = []string{"teacher", "madam"}
	peers    = []string{"classmate", "student"}
	suitors  = []string{"old man", "farmer", "neighbour", "shopkeeper"}
	healers  = []string{"healer", "grandmother", "grandfather", "pastor"}
)

// helpers are bystanders who are unlikely to be taken for the offender.
var helpers = []kinship{
	{"our", "village elder", false, nil}, {"the", "chief", false, nil}, {"our", "nurse", true, nil},
	{"my", "friend", true, nil}, {"the", "headteacher", false, nil}, {"our", "community health worker", true, nil},
	{"a", "social worker", true, nil}, {"my", "colleague", false, nil},
}

// relation is the caller's relation to the child. Child and its two gendered forms are
// templates for "I am calling about …".
type relation struct {
	name     string
	girl     string
	boy      string
	weight   float64
	nameless bool // the caller gives no name
}

var relations = []relation{
	{"Parent", "my daughter", "my son", 24, false},
	{"Neighbor", "my neighbour's [daughter|{gender}]", "my neighbour's [son|{gender}]", 12, false},
	{"Guardian", "a {gender} in my care", "a {gender} in my care", 8, false},
	{"Teacher/School Staff", "a {gender} in my class", "a {gender} in my class", 9, false},
	{"Grandparent", "my granddaughter", "my grandson", 9, false},
	{"Medical Professional", "a {gender} at our clinic", "a {gender} at our clinic", 5, false},
	{"Social Worker", "a {gender} I visit", "a {gender} I visit", 5, false},
	{"Relative", "my niece", "my nephew", 8, false},
	{"Sibling", "my [little |]sister", "my [little |]brother", 6, false},
	{"Community Member", "a {gender} in our village", "a {gender} in our village", 6, false},
	{"Friend of Family", "my friend's daughter", "my friend's son", 4, false},
	{"Anonymous", "a {gender} I know", "a {gender} I know", 4, true},
}

// cast is all persons in a call and its location.
type cast struct {
	caller, child, perp, friend, counselor person

	relation   relation
	self       bool // the child calls
	age        int
	kin        kinship // of the offender
	perpAge    string
	named      bool // the offender's name is known
	friendKin  kinship
	county     county
	town       string
	landmark   string
	phone      string
	perpSaid   bool
	friendSaid bool
	alone      bool // no offender
}

func newCast(r *rand.Rand, t topic, d difficulty) cast {
	c := cast{
		age:       between(r, t.ages[0], t.ages[1]),
		child:     newPerson(r, t.girl || chance(r, 0.55), d.rareName),
		counselor: newPerson(r, chance(r, 0.6), d.rareName),
		county:    pick(r, counties),
		alone:     len(t.by) == 0,
		named:     !chance(r, d.unnamed),
	}
	c.town = pick(r, c.county.towns)
	if chance(r, d.rarePlace) {
		c.town = coin(r, placeGrammars)
	}
	c.landmark = pick(r, landmarkNames) + " " + pick(r, landmarkKinds)
	c.phone = newPhone(r)
	c.cast(r, t, d)
	return c
}

// cast draws the parts that depend on each other.
func (c *cast) cast(r *rand.Rand, t topic, d difficulty) {
	c.caller = newPerson(r, chance(r, 0.65), d.rareName)
	c.self = c.age >= 10 && chance(r, selfReport)
	if c.self {
		c.caller = c.child
		c.relation = relation{name: "Self-reporting"}
	} else {
		weights := make([]float64, len(relations))
		for i, rel := range relations {
			weights[i] = rel.weight
		}
		c.relation = relations[weighted(r, weights)]
		for c.age < 5 && c.relation.name == "Teacher/School Staff" {
			c.relation = relations[weighted(r, weights)]
		}
	}
	if !c.alone {
		by := pick(r, t.by)
		for c.clashes(by) {
			by = pick(r, t.by)
		}
		c.kin = kin[by]
		c.perpAge = pick(r, c.kin.ages)
		c.perp = newPerson(r, c.kin.female, d.rareName)
	}
	c.friendKin = pick(r, helpers)
	if chance(r, d.kinBystander) {
		c.friendKin = kin[pick(r, atHome)]
		for c.friendKin.noun == c.kin.noun || c.clashes(c.friendKin.noun) {
			c.friendKin = kin[pick(r, atHome)]
		}
	}
	c.friend = newPerson(r, c.friendKin.female, d.rareName)
	// All names are distinct, except the family name of relatives.
	taken := map[string]bool{}
	for _, p := range []*person{&c.child, &c.caller, &c.perp, &c.friend, &c.counselor} {
		if p == &c.caller && c.self || p.first == "" {
			continue
		}
		for taken[p.first] || taken[p.last] {
			*p = newPerson(r, p.female, d.rareName)
		}
		taken[p.first], taken[p.last] = true, true
	}
	if c.self {
		c.caller = c.child
	}
}

// clashes reports whether the offender would be the caller.
func (c *cast) clashes(by string) bool {
	switch c.relation.name {
	case "Parent":
		return by == "father" && !c.caller.female || by == "mother" && c.caller.female
	case "Grandparent":
		return by == "grandfather" && !c.caller.female || by == "grandmother" && c.caller.female
	case "Relative":
		return by == "uncle" && !c.caller.female || by == "aunt" && c.caller.female
	}
	return false
}

// newPhone returns a number in one of the usual formats, with the prefix 03, which is
// neither an area code nor a mobile network in Kenya, so the number isn't in use.
func newPhone(r *rand.Rand) string {
	n := strconv.Itoa(between(r, 300_000_000, 399_999_999))
	switch r.IntN(4) {
	case 0:
		return "+254" + n
	case 1:
		return fmt.Sprintf("0%s %s %s", n[:3], n[3:6], n[6:])
	case 2:
		return fmt.Sprintf("0%s-%s", n[:3], n[3:])
	default:
		return "0" + n
	}
}
