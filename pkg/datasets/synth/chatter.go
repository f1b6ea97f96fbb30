package synth

// Small talk around the matter: what speakers say about the line, the room, the form,
// the weather and their feelings. It names nobody: capitals at the beginning of a
// sentence, titles, days, offices and numbers in it are no entities. Nothing in it bears
// on a label of any task. In calls that are judged for quality only the plain remarks
// are used, since courtesy is what is judged there.

// plainRemarks are by voice.
var plainRemarks = [2][]string{
	caller: {
		"{adverb} I was {acting} on the {setting}", "I left the {thing} in the {setting}", "the {thing} cost {amount} in {month}",
		"{adverb}, this phone is from {year}", "we came back at {clock}, I was {mood}", "I'm {mood}, {honour}",
		"{honour}, I'm {mood}, that is all", "I wrote {few} lines into my {thing}", "somebody is {acting} in the {setting}",
		"my {label} did not work until {day}", "it is {count} minutes on foot, {adverb} more",
		"the {field} {unit} was closed on {day}", "they gave me form {ref} in {month}", "I need time to {act} it",
		"I can't {act} everything, {honour}", "it is {feel} to {act} this", "it feels {feel}", "all this is {feel} and {feel}",
		"I kept the {thing} and the {thing} for it", "it rained before {feast}, the {setting} is wet",
		"in {year} there was no {label} here", "I had {amount} and the {thing}", "the {setting} has {count} steps",
		"\"{notion}\", they call it", "I have thought about {notion} and {notion}",
		"{notion} is what I miss", "that is a matter of {notion}, {honour}", "Bus {count} goes at {clock}", "God knows, {honour}",
		"Wait, the {thing} fell", "Yes, {honour}, I {act} that", "No, not on {day}, {honour}",
		"I read it in the {thing} of {day}", "Page {count} says \"{notion}\"", "the {thing}, the {thing}, it is {feel}",
	},
	counselor: {
		"I write {ref} on the form", "It is {clock} here", "{adverb}, our {thing} is {feel} today", "I hear {acting} at your side",
		"The form is from {month} {year}", "I {act} the {notion} of it", "{adverb}, that is {feel}", "Number {ref} is for our {thing}",
		"We {act} such things {ly}", "{month} {count} is a {day}", "There is a word for it: {notion}", "{notion} and {notion} matter here", "Field {count}: {notion}",
		"You sound {mood}", "You seem {mood} and {mood}", "Take your time, {honour}", "The {field} {unit} has the {thing} for it",
		"On my screen it says {month} {count}", "Somebody is {acting} here, too", "My {label} is slow on {day}",
		"Line {count} is for {notion}", "I {act} and {act}", "{adverb} we {act} that first",
	},
}

// courteousRemarks are in the tone of a formal call.
var courteousRemarks = [2][]string{
	caller: {
		"Thank you for your {notion}", "I {act} your {notion}", "I appreciate that, {honour}", "Thanks, that is good to {act}",
		"Please {act} my {notion}", "It's {feel} for all of us", "I hope you {act}", "{adverb}, I don't know what to {act}",
		"I've been {mood} and {mood}", "We're {mood}, {adverb}", "I would like to {act} it with somebody",
		"It means a lot, {honour}", "I feel {mood}", "Nobody else would {act} it", "I don't feel {mood}", "The child doesn't {act} it",
		"Being {mood} is {feel}", "But they {act} it {ly}", "They don't {act} it", "The {matter} is what I {act}", "It's {feel} for the {many}", "The {many} don't {act} it",
		"Nobody in the {matter} wants to {act}", "They were {mood}, the {many}, too", "That's {feel} for the {matter}", "Could you {act} that for me?", "You're very kind, {honour}", "I was told you {act} {notion}",
	},
	counselor: {
		"I understand, {honour}", "I {act} how {feel} this is", "I understand how {feel} it must be", "Thank you for reaching out",
		"Thank you for your {notion}, {honour}", "That sounds {feel}", "That must be {feel} and {feel}", "It's okay to be {mood}",
		"It's normal to feel {mood}", "I'm here to {act}, not to {act}", "We {act} your {notion}", "Your {notion} is important to us",
		"Could you {act} that a little?", "Would you be able to {act} more?", "Please {act} as much as you can",
		"I want to {act} your {notion}", "{adverb}, {notion} takes {notion}", "We take {notion} seriously", "Don't be {mood}, {honour}",
		"{adverb}, you're not the only one who feels {mood}", "It takes {notion} to {act} this", "I appreciate your {notion}",
		"It's good that you {act} it", "Let's {act} it step by step", "We can {act} this in {few} minutes",
		"{adverb} it helps to {act} the {notion}", "The {field} {unit} can {act} this, too", "{notion} comes first, {honour}",
		"I can {act} that, it's {feel}", "What you {act} is {feel}", "Can we {act} it {ly}?", "Is there anything else about the {matter}?", "It's about being {mood}, isn't it?",
		"How do you feel about the {matter}?", "Every child should be heard, {honour}", "You feel {mood}, and that's {feel}", "Have they tried to {act} it?",
		"Did the {many} {act} it?", "Are the {many} {mood} about it?", "The {matter} is important, we {act} it {ly}",
		"If you {act} it, the {matter} will {act} it, too", "But that can be {feel}", "And the {matter}?", "We look at the {matter} {ly}",
		"There are {few} ways to {act} the {matter}", "I don't judge the {matter}", "Do the {many} {act} that?", "The {many} there {act} the {matter}",
	},
}

// namedRemarks name the child, as real calls do again and again. They aren't for children
// who call.
var namedRemarks = [2][]string{
	caller: {
		"{victim}'s {matter} is {feel}", "I {act} {victim}'s {matter}", "{victim} seemed {mood}", "{victim} was {mood} on {day}",
		"{victim} doesn't {act} it", "I'm {mood} about {victim}", "{victim}'s {thing} is in the {setting}", "I try to {act} {victim}",
		"The {many} {act} {victim} {ly}", "{victim} has been {mood}", "We all want to {act} {victim}",
	},
	counselor: {
		"How does {victim} {act} that?", "I'm glad that you called about {victim}", "Has {victim} been {mood}?",
		"{victim}'s {notion} matters to us", "Does {victim} {act} it?", "We want to {act} {victim}", "Let's {act} what {victim} needs",
		"Did {victim} {act} it {ly}?", "{victim}'s {many} can {act} it", "It must be {feel} for {victim}",
	},
}

// addresses have the caller's name, once it is known.
var addresses = []string{
	"Thank you, {callername}", "I understand, {callername}", "{callername}, that must be {feel}", "Hello {callername}",
	"I {act} that, {callername}", "{callername}, can you {act} it?", "{callername}, we {act} it {ly}", "Okay, {callername}, I {act} it",
	"Thank you for your {notion}, {callername}", "That's {feel}, {callername}",
}

// connectives begin some of the small talk.
var connectives = []string{"But ", "And ", "So ", "Then ", "Also, ", "Still, ", "Well, "}

// remark writes small talk of the current speaker.
func (c *call) remark() {
	list := plainRemarks[c.voice]
	if !c.judge {
		switch x := c.r.Float64(); {
		case x < personal && !c.self:
			list = namedRemarks[c.voice]
			if c.voice == counselor && c.introduced && chance(c.r, 0.5) {
				list = addresses
			}
		case x < personal+courteous:
			list = courteousRemarks[c.voice]
		}
	}
	template := pick(c.r, list)
	if !c.judge && chance(c.r, connected) {
		template = pick(c.r, connectives) + lowerFirst(template)
	}
	c.utter(template)
}

// chatter is remark, with probability chatty times share.
func (c *call) chatter(share float64) { c.sometimes(c.difficulty.chatty*share, c.remark) }

// ordinary returns a word or number for one of the slots of small talk.
func (c *call) ordinary(slot string) (string, bool) {
	if figure, ok := figures[slot]; ok {
		return figure(c.r), true
	}
	if words, ok := lexicon[slot]; ok {
		return c.fitted(pick(c.r, words)), true
	}
	return "", false
}

// fitted writes sentence adverbs small within a sentence.
func (c *call) fitted(word string) string {
	if c.capital || !smallWithin[word] {
		return word
	}
	return lowerFirst(word)
}

// smallWithin are the lexicon's words that only have a capital at the beginning.
var smallWithin = func() map[string]bool {
	words := map[string]bool{}
	for _, word := range lexicon["adverb"] {
		words[word] = true
	}
	return words
}()
