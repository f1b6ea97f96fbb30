package synth

// fill adds questions and answers until the call has about size word pieces. A question
// is only repeated after all suitable ones were asked.
func (c *call) fill(size int) {
	for c.pieces < size {
		e := c.nextExchange()
		c.turn(counselor)
		c.maybe(0.15, nods...)
		c.chatter(0.3)
		c.say(e.ask...)
		c.turn(caller)
		c.maybe(0.12, fillers...)
		c.say(e.answers...)
		c.sometimes(0.35, c.chat)
	}
}

// chat writes an aside or small talk.
func (c *call) chat() {
	if chance(c.r, c.difficulty.chatty) {
		c.remark()
		return
	}
	c.aside()
}

// aside writes a remark that the caller hasn't made yet.
func (c *call) aside() {
	if c.unsaid == nil {
		c.unsaid = c.r.Perm(len(asides))
	}
	if len(c.unsaid) > 0 {
		c.say(asides[c.unsaid[0]])
		c.unsaid = c.unsaid[1:]
	}
}

// nextExchange returns an exchange that suits the child and the offender.
func (c *call) nextExchange() exchange {
	for {
		if len(c.unasked) == 0 {
			c.unasked = c.r.Perm(len(exchanges))
		}
		e := exchanges[c.unasked[0]]
		c.unasked = c.unasked[1:]
		if e.fits(c) {
			return e
		}
	}
}

func (e exchange) fits(c *call) bool {
	return c.age >= e.from && (!e.offender || !c.alone) && (!e.third || !c.self)
}

// exchange is a question by the counsellor with possible answers. It doesn't affect
// labels: no danger, no agreement, no courtesy.
type exchange struct {
	ask, answers []string
	from         int  // minimum age of the child
	offender     bool // is about the offender
	third        bool // only if somebody else calls for the child
}

var nods = []string{"Mm", "I see", "Sawa", "Right", "Haya", "I note that down"}

var fillers = []string{"Let me think", "Well", "Kusema kweli", "You know", "How do I put it", "Eh"}

var asides = []string{
	"the line is [bad|not clear|breaking] here", "my airtime is [nearly over|low]", "that is how [it is|things are] [here|with us|at our place]",
	"wacha niseme hivyo", "you know how [people|villages|families] are", "I [write|wrote] it all in a small book",
	"the radio is on, let me [move|go] outside", "there is a lot of [wind|noise] here", "I borrowed this phone from {friend}",
	"{friend} [sits|is sitting] next to me", "ni hivyo tu", "I have told [nobody else|only {friend}]",
}

var exchanges = []exchange{
	{ask: []string{"How long has this been going on?", "When did it begin?", "Ilianza lini?"},
		answers: []string{
			"it began [after the holidays|around Easter|when the rains came], and at first [nobody noticed|we took it lightly]",
			"it must be [three|four|five|six] months, I did not count them",
			"ilianza [mwezi uliopita|wiki mbili zilizopita], before that all was well",
			"I noticed it [on a Sunday|during the harvest|at the end of the term], but it may be older",
		}},
	{third: true, ask: []string{"Who lives in the house?", "How many of you are there at home?", "Mnaishi na nani?"},
		answers: []string{
			"we are [five|six|seven|eight] in [two rooms|one room], with the [grandparents|cousins] next door",
			"there is {child} and there are [two|three] smaller ones, they share [one room|a mabati house]",
			"the house is full, relatives come and go [every week|all the time]",
			"tuko wengi, and [the youngest|the baby] is not yet [one|two]",
		}},
	{from: 6, ask: []string{"Which class {is} {he} in?", "How {does} {he} do in school?", "What do the teachers say?"},
		answers: []string{
			"{he} {is} in [class four|class six|grade five|junior secondary], and the marks [fell|went down] this term",
			"the class teacher [called me|wrote a note], {he} sit{s} at the back and say{s} little",
			"{he} [like{s}|love{s}] [maths|Kiswahili|science|drawing], that has not changed",
			"school is [two|three|five] kilometres away and {he} walk{s} there with [two|three] others",
		}},
	{third: true, ask: []string{"What do you do for a living?", "What work is there at home?", "How does the family earn?"},
		answers: []string{
			"we sell [vegetables|fish|second-hand clothes|charcoal] at [the market|the roadside|the stage]",
			"I do casual jobs, [washing clothes|digging|carrying loads], kazi ya kibarua",
			"there is a small [shamba|kiosk|poultry house], it feeds us in good [months|years]",
			"the income is [small|irregular], some weeks there is [nothing|hardly anything]",
		}},
	{ask: []string{"Does anybody else know about it?", "Whom have you told so far?", "Nani mwingine anajua?"},
		answers: []string{
			"only {friend} knows, and [keeps quiet|says nothing to anyone]",
			"I told {friend} [last week|on Sunday|after church], who listened for [an hour|a long time]",
			"the [women's group|chama|youth group] heard something, but not [from me|all of it]",
			"the neighbours [whisper|talk], hakuna mtu anasema wazi",
		}},
	{ask: []string{"How did you hear of us?", "Where did you find our number?", "Mlipata namba wapi?"},
		answers: []string{
			"your number is painted on [the school wall|the wall of the clinic|a matatu]",
			"I heard [an advert|a talk] on [the radio|vernacular radio|a local station]",
			"{friend} had it on a [card|piece of paper|calendar]",
			"nilipata namba [shuleni|kanisani|kwa chief], on a poster",
		}},
	{ask: []string{"How {is} {he} eating and sleeping?", "Has anything changed in {his} ways?", "How {does} {he} seem to you?", "Hali yake ikoje?"}, third: true,
		answers: []string{
			"{he} [eat{s} little|leave{s} half the plate] and wake{s} [at dawn|several times]",
			"{he} used to [sing|play|joke] all day, now {he} [sit{s} by the door|keep{s} to the bed]",
			"{he} {is} quiet, kimya kabisa, and [look{s} at the floor|answer{s} with one word]",
			"some days {he} {is} [cheerful|like before], others {he} [hide{s}|stay{s} behind the house]",
		}},
	{ask: []string{"Have you been to any office about it?", "Did you report it anywhere before?", "Umeenda ofisi yoyote?"},
		answers: []string{
			"we went to [the chief's camp|the sub-county office|the ward office] and waited [all morning|until four], then it closed",
			"they wrote [our names|something] in a big book and that was [all|the end of it]",
			"bado, the office is in [another town|{county}] and fare is [two hundred|three hundred] bob",
			"an officer promised to [come|write], and [the paper got lost|we heard no more]",
		}},
	{ask: []string{"Describe the place to me", "How does one find the house?", "Where exactly is that?"},
		answers: []string{
			"you leave the [tarmac|main road] at {landmark} and [walk|go] down to the [river|borehole|quarry]",
			"we stay in {town}, [a few steps from|just behind|opposite] {landmark}",
			"ask anybody at {landmark}, wote wanatujua, the [gate|roof] is [blue|green|red]",
			"it is [the third|the second|the last] plot after {landmark}, on the left",
		}},
	{ask: []string{"Is there a phone we can ring?", "Which number do you use?", "Namba yako ni gani?"},
		answers: []string{
			"write down {phone}, it is [on in the evening|mine|shared with a sister]",
			"it is {phone}, but [there is no network|the battery dies] by day",
			"tumia {phone}, I [charge it|keep it] at the [kiosk|shop]",
		}},
	{from: 5, ask: []string{"Who are {his} friends?", "Whom {does} {he} play with?", "What {does} {he} do after school?"},
		answers: []string{
			"{he} play{s} [football|kati|bladder|rounders] with [the neighbours' children|two cousins] [by the road|behind the church]",
			"{he} {has} [one|hardly a] friend, they [draw|read|herd goats] together",
			"after school {he} fetch{es} water and [cook{s} for the small ones|wash{es} the uniform]",
			"{he} follow{s} [the elder ones|{friend}] everywhere",
		}},
	{ask: []string{"How is {his} health otherwise?", "When {was} {he} last seen by a nurse?", "Is there a clinic near you?"},
		answers: []string{
			"{he} {was} at the dispensary in [March|June|October] for [a check|a jab|a cough], the card is with me",
			"{he} {is} [rarely|never] ill, only [malaria|a cold] now and then",
			"the clinic is [an hour away|across the river], and medicine is often [out of stock|finished]",
			"daktari alisema {he} {has} to [drink|rest|eat] more",
		}},
	{ask: []string{"What happened after that?", "And then?", "Kisha?", "Go back to that day, what came next?"},
		answers: []string{
			"then everybody [shouted|spoke] at once and I [left the room|walked away]",
			"after that {child} [went|ran] to {friend}, who [made tea|locked the door]",
			"the next morning nobody [spoke|said a word] of it, kama hakuna kitu",
			"we [sat|stayed up] until [midnight|dawn] and [prayed|talked]",
		}},
	{ask: []string{"What would you like to happen?", "What {does} {he} wish for?", "Ungependa nini?"},
		answers: []string{
			"I want [peace in the house|an ordinary day|things to be as before], that is all",
			"{he} want{s} to [stay with {friend}|go on with school|be left in peace]",
			"ningependa somebody to [listen to {him}|sit down with us] [once|for an hour]",
			"I [do not know|cannot tell], I only know it [cannot|must not] go on like this",
		}},
	{ask: []string{"Who helps you when things are hard?", "Is there family that you can turn to?"},
		answers: []string{
			"my [mother's side|elder sister|church] sends [flour|some money|clothes] now and then",
			"{friend} comes [on Sundays|in the evening] and [brings food|sits with us]",
			"our people are in [{county}|another county|the village], it is [a day's|a night's] journey",
			"hakuna, since the [burial|move|drought] we are on our own",
		}},
	{offender: true, ask: []string{"What do you know of this person?", "Tell me about the person you speak of", "Who is that person to the family?"},
		answers: []string{
			"{perp} came to us [three|four|five] years ago and [everyone|the whole village] [respects|greets] {him2}",
			"people think well of {perp}, {he2} [pays for drinks|sings in the choir|helps at funerals]",
			"{perp} [drinks|shouts|says little] and [comes home late|sleeps by day]",
			"I used to [trust|like] {perp}, sikujua {he2} would do such a thing",
		}},
	{offender: true, ask: []string{"Has anybody spoken to this person?", "What was said about it at home?", "How did the others react?"},
		answers: []string{
			"{friend} confronted {perpname}, who [laughed|denied everything|walked out]",
			"the elders called {perpname} [to a meeting|under the tree] and [nothing came of it|it ended in tea]",
			"when asked, {perpname} [said {child} lie{s}|blamed me|swore on the Bible]",
			"nobody dares [speak to|contradict] {perpname}, wanaogopa",
		}},
	{offender: true, ask: []string{"Did anyone see it?", "Were there people around?", "Nani aliona?"},
		answers: []string{
			"{friend} saw {perpname} with {him} [behind the house|at the gate|on the path]",
			"a child saw {perpname} and told {friend}, who told me",
			"nobody was there but {perpname} and {child}",
			"{friend} heard it through the wall and [came running|knocked]",
		}},
	{offender: true, ask: []string{"Where does that person live?", "What does that person do?"},
		answers: []string{
			"{perpname} rents a room [near {landmark}|in {town}|two doors away]",
			"{perpname} works [at {landmark}|in {town}|at a construction site] and is [back by six|paid by the day]",
			"{perpname} has [another family|a plot] in [{county}|the next county]",
		}},
	{ask: []string{"What {does} {he} like?", "What makes {him} happy?"}, from: 3,
		answers: []string{
			"{he} like{s} [chapati|mandazi|mangoes] and [songs|stories|cartoons]",
			"{he} {is} happy with [the goats|a ball|the small cousins], most of all on [Saturdays|market days]",
			"{he} want{s} to become a [nurse|pilot|teacher|driver] [one day|later]",
		}},
	{ask: []string{"How are things today?", "How was today?", "Leo ikoje?"},
		answers: []string{
			"today was [quiet|long|like any other day], I [washed|cooked|went to the shamba]",
			"leo [kuna baridi|kuna mvua|ni jua kali], so all of us stayed [inside|near the fire]",
			"this morning {child} [smiled|asked for tea|ate a little], that is something",
		}},
	{ask: []string{"In which language {is} {he} at home?", "Which language do you speak at home?"},
		answers: []string{
			"we mix [Kiswahili and English|Dholuo and Kiswahili|Gĩkũyũ and Kiswahili|Kikamba and Kiswahili]",
			"at home it is [Somali|Luhya|Kalenjin|Maa|Turkana], English comes from school",
			"Kiswahili tu, the [old people|grandparents] use mother tongue",
		}},
	{ask: []string{"Has the family moved lately?", "How long have you been in that place?"},
		answers: []string{
			"we came from [the coast|upcountry|{county}] when [work ended|rent went up|the well dried]",
			"the family has been in {town} for [ten years|two generations|a long time]",
			"tulihama [mara mbili|mara tatu], each time the children [changed|lost] school",
		}},
	{ask: []string{"Are there papers about it?", "Do you have anything in writing?"},
		answers: []string{
			"there is [a clinic card|a letter|a note from school], I keep it [under the bed|in a tin]",
			"I [took pictures|kept the messages] on the phone, {friend} has [them too|a copy]",
			"hakuna, nobody [writes|wrote] such things down [here|with us]",
		}},
	{ask: []string{"Who looks after {him} by day?", "Who {is} with {him} when you work?"}, third: true,
		answers: []string{
			"by day {he} {is} with [an old neighbour|the elder ones|a house help]",
			"{friend} [looks in|passes by] at [noon|lunch time], otherwise {he} {is} with me",
			"I take {him} along to the [stall|shamba|market]",
		}},
	{ask: []string{"What about the other children?", "Are there brothers and sisters?"},
		answers: []string{
			"the [others|small ones] are [fine|still too young], they [ask|wonder] about it",
			"there are [two|three] more, and the eldest [left|went] to [work|look for work] in {county}",
			"{he} {is} the [first|last] born, wengine wako [shuleni|kwa bibi]",
		}},
	{ask: []string{"What did you try yourself?", "What have you done about it so far?"},
		answers: []string{
			"we [talked|sat down] about it [twice|many times], it [helped for a day|changed little]",
			"we asked [{friend}|an uncle far away|the church] for [advice|a word], and [waited|hoped]",
			"nimejaribu kila kitu, [begging|praying|shouting], and it is [the same|no better]",
		}},
	{ask: []string{"How did you find out?", "How did you come to know of it?", "Ulijuaje?"},
		answers: []string{
			"{friend} [sent me a message|came to me in the evening] and [told me|showed me]",
			"I [came home early|looked into the bag|heard it through the wall] [one day|that week]",
			"{child} [wrote it down|said it in half a sentence|whispered it] [at bedtime|on the way home]",
		}, third: true},
	{ask: []string{"What do people around you say?", "How do the neighbours see it?", "Majirani wanasema nini?"},
		answers: []string{
			"some say it is [normal|nothing|our own fault], others [shake their heads|look away]",
			"people [here|of our village] say such things stay [in the family|at home]",
			"majirani wanasema [tungoje|tunyamaze], and {friend} says the opposite",
		}},
	{ask: []string{"Is the house quiet at the moment?", "Are you alone on the phone?", "Can you speak freely?"},
		answers: []string{
			"I am [in the yard|on the road|behind the kitchen], nobody hears us",
			"{friend} is here, [we can speak|that is all right], the rest are [at church|in the shamba]",
			"naongea polepole, the walls are [thin|only iron sheets]",
		}},
	{ask: []string{"How old is the trouble between the families?", "Was it ever different?"},
		answers: []string{
			"it was different when [grandmother|the old man] lived, [kila mtu|everybody] ate together",
			"before the [drought|pandemic|elections] we [managed|had work], then it went downhill",
			"it was never [easy|good], but it was [calm|bearable]",
		}},
	{ask: []string{"Is there water and light in the house?", "How is the house itself?"},
		answers: []string{
			"we fetch water at [the borehole|{landmark}|the river], light is a [lamp|small panel]",
			"the roof [leaks|was mended], the [door|window] does not close well",
			"nyumba ni ndogo, but [clean|dry], the rent is [two|three] thousand",
		}},
	{from: 8, ask: []string{"What {does} {he} say about it?", "What are {his} own words?"}, third: true,
		answers: []string{
			"{he} say{s} [it is nothing|leave me|I am tired] and [turn{s} away|close{s} the door]",
			"{victim} told [{friend}|the small ones] more than [me|us]",
			"{he} [asked|begged] me not to [tell|ask], then {he} [cried|slept]",
		}},
	{ask: []string{"Which church or mosque do you go to?", "Is there somebody at church or school you trust?"},
		answers: []string{
			"we go to the one at {landmark}, the [leaders|women] there [know us|are kind]",
			"{friend} teaches [Sunday school|madrasa], {child} [listen{s}|talk{s}] to {friend}",
			"we [rarely|seldom] go, it is [far|too far], kwa miguu it takes an hour",
		}},
}
