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
		contracts: chance(c.r, c.difficulty.contracts), hesitates: chance(c.r, c.difficulty.hesitates),
		notes: chance(c.r, c.difficulty.notes), trails: chance(c.r, c.difficulty.trails),
	}
}

// contractions are made in templates, between words. They reach into no slot but the
// child's pronoun and verb.
var contractions = strings.NewReplacer(
	" I am ", " I'm ", " I will ", " I'll ", " I would ", " I'd ", " I have told ", " I've told ",
	" do not ", " don't ", " Do not ", " Don't ", " does not ", " doesn't ", " Does not ", " Doesn't ",
	" did not ", " didn't ", " Did not ", " Didn't ", " is not ", " isn't ", " Is not ", " Isn't ",
	" was not ", " wasn't ", " Was not ", " Wasn't ", " will not ", " won't ", " Will not ", " Won't ",
	" cannot ", " can't ", " Cannot ", " Can't ", " could not ", " couldn't ", " Could not ", " Couldn't ",
	" would not ", " wouldn't ", " Would not ", " Wouldn't ", " we will ", " we'll ", " We will ", " We'll ",
	" you will ", " you'll ", " You will ", " You'll ", " we are ", " we're ", " We are ", " We're ",
	" you are ", " you're ", " You are ", " You're ", " they are ", " they're ", " They are ", " They're ",
	" it is ", " it's ", " It is ", " It's ", " that is ", " that's ", " That is ", " That's ",
	" there is ", " there's ", " There is ", " There's ", " let us ", " let's ", " Let us ", " Let's ",
	" what is ", " what's ", " What is ", " What's ", " {he} {is} ", " {he's} ",
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
		template = contractions.Replace(" " + template)[1:]
	}
	if c.manner.hesitates && c.voice == caller && !c.judge && chance(c.r, 0.2) {
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
