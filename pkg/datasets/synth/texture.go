package synth

import "strings"

// How speech is written down: contractions, hesitation, remarks about the voice, and
// dots for what isn't said. It changes no label and no span.

// manner is how a call's transcript was written down.
type manner struct {
	contracts bool // "it's"
	hesitates bool // "Um, "
	notes     bool // "(sighs)"
	trails    bool // "..."
}

func (c *call) chooseManner() {
	c.manner = manner{
		contracts: chance(c.r, contracted), hesitates: chance(c.r, hesitant),
		notes: chance(c.r, noted), trails: chance(c.r, trailing),
	}
}

// contractions are made in templates, so that they never reach into a slot other than
// the child's verb.
var contractions = strings.NewReplacer(
	"{he} {is} ", "{he's} ", "{he} {has} [", "{he} {has} [",
	"I am ", "I'm ", "I will ", "I'll ", "I would ", "I'd ", "I have told", "I've told", "I do not ", "I don't ",
	"We will ", "We'll ", "we will ", "we'll ", "You will ", "You'll ", "you will ", "you'll ", "We are ", "We're ", "we are ", "we're ",
	"You are ", "You're ", "you are ", "you're ", "They are ", "They're ", "they are ", "they're ",
	"It is ", "It's ", "it is ", "it's ", "That is ", "That's ", "that is ", "that's ", "There is ", "There's ", "there is ", "there's ",
	"Let us ", "Let's ", "let us ", "let's ", "What is ", "What's ", "what is ", "what's ",
	"do not ", "don't ", "does not ", "doesn't ", "did not ", "didn't ", "is not ", "isn't ", "was not ", "wasn't ",
	"will not ", "won't ", "cannot ", "can't ", "could not ", "couldn't ", "would not ", "wouldn't ",
)

// hesitations begin the caller's sentences.
var hesitations = []string{
	"Um, ", "Well, ", "So, ", "You see, ", "Look, ", "I mean, ", "Ah, ", "Eh, ", "Oh, ", "Honestly, ", "Actually, ", "Yes, ", "Okay, ",
}

// voices are the transcriber's notes.
var voices = []string{
	"sighs", "pauses", "coughs", "softly", "hesitates", "whispering", "sobbing", "calmly", "nervous laugh", "voice shaking",
	"worried tone", "warm tone", "after a silence", "background noise", "clears throat", "relieved", "sniffs", "speaking fast",
}

// spoken returns a template as it is said by the current speaker.
func (c *call) spoken(template string) string {
	if c.manner.contracts && chance(c.r, 0.8) {
		template = contractions.Replace(template)
	}
	if c.manner.hesitates && c.voice == caller && chance(c.r, 0.2) {
		template = pick(c.r, hesitations) + lowerFirst(template)
	}
	return template
}

// note writes a remark about the speaker's voice at the beginning of a turn.
func (c *call) note() {
	if c.manner.notes && c.style != noTags && chance(c.r, 0.3) {
		c.write("(" + pick(c.r, voices) + ") ")
		c.capital = true
	}
}

// end ends a sentence: with dots, if the speaker trails off.
func (c *call) end() {
	if c.manner.trails && c.voice == caller && !strings.ContainsRune(".?!—…", c.last) && chance(c.r, 0.2) {
		c.write("...")
		return
	}
	c.stop()
}
