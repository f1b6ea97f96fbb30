package synth

// Parts of a call that name persons and places. Each writes into the current turn.

var greetings = []string{"Hello", "Hi", "Hello, good afternoon", "Hello there", "Hello, can you hear me?", "Good morning", "Habari", "Hello, is this the child helpline?", "Good evening", "Jambo"}

var openings = []string{
	"Child Helpline, {counselor} speaking, how can I help?", "Hello, this is the Child Helpline, I am {counselor}",
	"Welcome to the helpline, my name is {counselor}", "Child Helpline, karibu, you speak with {counselor}",
	"Hello, you've reached the Child Helpline, this is {counselor}", "Thank you for calling, {counselor} here", "Helpline, {counselor} on the line",
	"Hello, my name is {counselor}, who am I speaking with?", "Child Helpline, how may I assist you?",
}

// introduce says who calls and from where.
func (c *call) introduce() {
	if c.self {
		c.say("My name is {caller} and I am {age} years old", "I am {caller}, a {gender} of {age}",
			"Naitwa {caller}, I am a {gender}, {age} years old", "This is {caller}, I am {age} and I call for myself")
		return
	}
	if c.relation.nameless {
		c.say("I would rather not say my name", "I want to stay anonymous", "Sitaki kusema jina langu")
		return
	}
	c.introduced = true
	c.say("My name is {caller}", "I am {caller}", "This is {caller}", "Naitwa {caller}", "It is {caller} calling",
		"You are speaking with {caller}", "Jina langu ni {caller}", "My name's {caller}", "Yes, this is {caller}")
}

// place says where the call comes from.
func (c *call) place() {
	c.say("I call from {town} in {county}", "We live in {town}", "We stay in {county} county",
		"I am in {town}, {county}", "Tunaishi {town}, {county} county", "We are from {town} Ward, {county} County", "I am from {county} County",
		"Our home is in {town} village", "We moved to {town} in {year}")
}

// presentChild says whom the call is about.
func (c *call) presentChild() {
	if c.self {
		return
	}
	c.say(
		"I am calling about {kin} {victim}, {he} {is} {age}",
		"It is about {kin}, {victim}, who is {age} years old",
		"I worry about {kin} {victim}, aged {age}",
		"{kin} {victim} is {age} and needs help",
		"Nataka kuongea kuhusu {kin} {victim}, {age} years old",
		"There is {kin}, {victim}, only {age}",
		"I have {kin} {victim}, {age}, and I need advice",
		"The child is {victim}, {kin}, {age} years of age",
	)
}

// blame names the offender, without the offence.
func (c *call) blame() {
	c.say(
		"It was {perp} who did this", "{perp} is the one who did it", "The one who hurts {him} is {perp}",
		"{he} {is} afraid of {perp}", "Aliyefanya hivi ni {perp}", "All this began when {perp} came to live with {him}",
		"{perp} threatened {him}",
		"I blame {perp} for it", "We all know that it was {perp}",
	)
}

// witness names a person who isn't to blame.
func (c *call) witness() {
	c.say(
		"{friend} told me to call you", "{friend} found {him} and helped {him}", "It was {friend} who told me",
		"I heard it from {friend}", "{friend} is helping {him}", "{friend} knows and stands with {him}",
		"I trust {friend}, who gave me this number", "{friend} alinipa hii namba",
		"I spoke to {friend} about it on {day}", "{friend} said that you {act} such things",
	)
}

// matter names the problem, and sometimes one that it isn't.
func (c *call) matter(decoy float64) {
	if chance(c.r, decoy) {
		c.say(
			"It is {incident}, not {other}", "It is not {other}, it is {incident}", "It is not about {other}, it is about {incident}",
		)
		return
	}
	c.say("It is {incident}", "It is about {incident}", "We are talking about {incident}", "Ni {incident}",
		"This concerns {incident}", "I need advice on {incident}")
}

// denyOther rules out a problem that the call isn't about.
func (c *call) denyOther() {
	c.say(
		"It is not about {other}", "I do not call about {other}", "Others here call about {other}, I do not",
		"A child next door had {other}, not this one", "There was never any {other}",
	)
}

// anotherChild describes another child's problem, which isn't the call's.
func (c *call) anotherChild() {
	frame := pick(c.r, []string{
		"last month I called about another child, ", "[my sister|a friend of mine] called you about another child, ",
		"it is not like the other case here, where ", "you have helped another child, I heard, when ",
	})
	told := pick(c.r, c.otherTopic().problems)
	c.silent = false
	c.sentence()
	c.expand(frame)
	c.elsewhere = true
	c.expand(told)
	c.elsewhere = false
	c.stop()
}

// landmarkSentence says where the child can be found.
func (c *call) landmarkSentence() {
	c.say("{he} stay{s} near {landmark}", "the house is behind {landmark}", "you find us next to {landmark}",
		"it happened near {landmark}", "tuko karibu na {landmark}")
}

// phoneSentence says how the caller can be reached.
func (c *call) phoneSentence() {
	c.say("my number is {phone}", "you can reach me on {phone}", "call me back on {phone}", "namba yangu ni {phone}")
}

var recaps = []string{
	"Let me hear it once more, what is the matter?", "Tell me again in your own words", "Rudia kidogo, what is it about?",
	"What is the main thing?",
}

var farewells = []string{
	"Thank you", "Asante sana", "Thank you, I feel better", "Sawa, asante", "Thank you, goodbye",
}

var goodbyes = []string{"Goodbye", "Take care, goodbye", "Kwaheri", "Call again any time"}
