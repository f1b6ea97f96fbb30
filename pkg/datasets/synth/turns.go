package synth

// style is how a transcript marks speakers.
type style int

const (
	plainTags style = iota // "Caller:"
	namedTags              // "Rose Wakesho (Caller):"
	noTags                 // one sentence after the other
	bareTags               // "Rose Wakesho:"
)

// chooseStyle draws the transcript's style. The weights follow style's order; a style
// without one isn't used.
func (c *call) chooseStyle(weights ...float64) {
	c.style = style(weighted(c.r, weights))
	c.tags = pick(c.r, [][2]string{
		{caller: "Caller", counselor: "Counselor"},
		{caller: "Caller", counselor: "Agent"},
		{caller: "Caller", counselor: "Helpline"},
		{caller: "Caller", counselor: "Helpline Agent"},
	})
	c.separator = "\n"
	if c.style == noTags || c.short {
		c.separator = " "
	}
	if (c.style == namedTags || c.style == bareTags) && (c.relation.nameless || c.self) {
		c.style = plainTags
	}
	if c.style == bareTags {
		c.tagged = [2]string{caller: c.caller.full(), counselor: c.counselor.first}
		if chance(c.r, 0.5) {
			c.tagged[caller] = c.caller.first
		}
		if chance(c.r, 0.5) {
			c.tagged[counselor] = ""
		}
	}
}

// turn switches to a speaker. If the previous one said nothing, they first nod.
func (c *call) turn(v voice) {
	if c.silent {
		c.say(nods...)
	}
	c.voice = v
	c.silent = true
	if c.runes > 0 {
		c.write(c.separator)
	}
	switch {
	case c.style == noTags:
	case c.style == plainTags, c.style == bareTags && c.tagged[v] == "":
		c.write(c.tags[v] + ": ")
	case c.style == bareTags:
		c.mark("NAME", c.tagged[v])
		c.write(": ")
	case v == caller:
		c.mark("NAME", c.caller.full())
		c.write(" (" + c.tags[v] + "): ")
	default:
		c.mark("NAME", c.counselor.first)
		c.write(" (" + c.tags[v] + "): ")
	}
	c.capital = true
	c.note()
}
