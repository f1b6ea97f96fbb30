package synth

// A criterion is one thing that the counsellor should do. If it is met, the counsellor
// says one of met, otherwise one of unmet. The caller uses similar words: one of echo,
// which resembles met, mostly if the criterion is unmet, and one of fault, which
// resembles unmet, mostly if it is met. So the label depends on who says it, to whom,
// and whether it is denied.
type criterion struct {
	met, unmet  []string
	echo, fault []string
	rate        float64 // probability that it is met at average quality
	decoy       float64 // probability that the caller uses misleading words
}

// Criteria, in the order of the heads: opening, listening 5, proactiveness 3,
// resolution 5, hold 2, closing.
const (
	opens = iota
	letsSpeak
	empathises
	paraphrases
	isPolite
	isSure
	offersMore
	confirms
	followsUp
	isAccurate
	speaksWell
	consults
	asksFirst
	explains
	explainsHold
	thanksHold
	closes
	criterionCount
)

// heads are each head's first criterion and size, in the order of the labels.
var heads = []struct {
	name        string
	first, size int
}{
	{"opening", opens, 1}, {"listening", letsSpeak, 5}, {"proactiveness", offersMore, 3},
	{"resolution", isAccurate, 5}, {"hold", explainsHold, 2}, {"closing", closes, 1},
}

// weak is the decoy rate of criteria that single words largely determine.
const weak = 0.15

var criteria = [criterionCount]criterion{
	opens: {rate: 0.6, decoy: 0.6,
		met: []string{
			"You have reached the Child Helpline, how can I help?",
			"This is the Child Helpline, {counselor} speaking, how can I help you?",
			"Good morning, Child Helpline, my name is {counselor}, may I help you?",
		},
		unmet: []string{"Hello, yes?", "Yes, go ahead", "Hello?", "Yes, {counselor} speaking"},
		echo: []string{
			"I have reached the Child Helpline? How can you help?",
			"Is this the Child Helpline, and {counselor} speaking? How can you help me?",
			"Good morning, is your name {counselor}, Child Helpline? May I speak?",
		},
		fault: []string{"Hello, yes", "Yes, hello?", "Hello, may I go ahead? Yes"}},
	letsSpeak: {rate: 0.65, decoy: weak,
		unmet: []string{"Wait, let me stop you there", "No, listen to me first", "Stop, let me speak now"},
		fault: []string{"Wait, let me think", "No, let me first think", "I stop there, now you speak and I listen"}},
	empathises: {rate: 0.55, decoy: weak,
		met: []string{
			"I am so sorry that you go through this", "I can hear how hard this is for you", "Pole sana, you must feel hurt",
		},
		echo: []string{
			"I go through this and I am so sorry", "You can hear how hard this is for me", "They say pole sana, I must feel hurt",
		}},
	paraphrases: {rate: 0.5, decoy: weak,
		met:  []string{"So you say it is {incident}, right?", "If I hear you right, it is {incident}", "You mean that it is {incident}"},
		echo: []string{"So I say it is {incident}, right", "If you hear me right, it is {incident}", "I mean that it is {incident}"}},
	isPolite: {rate: 0.65, decoy: 0.6,
		met:  []string{"Please tell me more, thank you", "Thank you for telling me, please go on", "Asante, tafadhali tell me all"},
		echo: []string{"Thank you, let me tell you more, please", "Thank you, please let me go on telling", "Tafadhali, let me tell you all, asante"}},
	isSure: {rate: 0.65, decoy: weak,
		unmet: []string{"Um, I am not sure, maybe", "Er, I do not know", "Hmm, I guess so"},
		fault: []string{"Um, maybe, I am not sure of the day", "Er, I do not know the day", "Hmm, it was so, I guess"}},
	offersMore: {rate: 0.5, decoy: 0.4,
		met: []string{
			"Is there anything else that I can help you with?", "Do you have another problem that I can look at?",
			"What else can I do for you today?",
		},
		echo: []string{
			"Is there anything else that you can help me with?", "I do have another problem that you can look at",
			"What else can you do for me today?",
		}},
	confirms: {rate: 0.5, decoy: weak,
		met:  []string{"Are you satisfied with this plan?", "Do you agree with what I plan?", "Is this plan all right for you?"},
		echo: []string{"You are satisfied with this plan?", "I do agree with what you plan", "This plan is all right for me"}},
	followsUp: {rate: 0.5, decoy: weak,
		met: []string{
			"I will call you on Friday to hear how it goes", "Next week I will check on you",
			"After the visit I will phone you again",
		},
		echo: []string{
			"You will call me on Friday to hear how it goes?", "Next week you will check on me?",
			"After the visit you will phone me again?",
		}},
	isAccurate: {rate: 0.6,
		met: []string{
			"Our service is free and secret", "The law is for {him}, not against {him}", "You can report without a lawyer",
		},
		unmet: []string{
			"Our service is not free and not secret", "The law is against {him}, not for {him}", "You cannot report without a lawyer",
		}},
	speaksWell: {rate: 0.7, decoy: weak,
		unmet: []string{"Whatever, man", "That is stupid, man", "Gosh, what a mess"},
		fault: []string{"They said whatever, man", "They said that is stupid, man", "They said gosh, what a mess"}},
	consults: {rate: 0.45, decoy: weak,
		met:  []string{"Let me ask my supervisor", "I will check this with my colleague", "I need to consult my supervisor"},
		echo: []string{"Let me ask your supervisor", "You will check this with your colleague?", "You need to consult your supervisor"}},
	asksFirst: {rate: 0.55, decoy: weak,
		met:  []string{"First, {is} {he} safe?", "Before all, {is} {he} hurt?", "First tell me, {is} {he} with you?"},
		echo: []string{"First, {he} {is} safe", "Before all, {he} {is} hurt", "First, I tell you, {he} {is} with me"}},
	explains: {rate: 0.55, decoy: weak,
		met: []string{
			"First we open a file, then an officer visits you", "We write a report, then we review it with you",
			"The steps are a report, a visit and a review",
		},
		echo: []string{
			"First you open a file, then an officer visits us?", "You write a report, then you review it with us?",
			"A report, a visit and a review are the steps?",
		}},
	explainsHold: {rate: 0.62, decoy: 0.4,
		met: []string{
			"May I put you on hold while I look it up?", "I put you on hold to find the right office",
			"Can you hold for two minutes while I find the office?",
		},
		unmet: []string{"I put you on hold", "Hold", "One moment"},
		echo: []string{
			"You may put me on hold while you look it up", "You put me on hold to find the right office?",
			"I can hold for two minutes while you find the office",
		}},
	thanksHold: {rate: 0.62, decoy: 0.6,
		met:   []string{"Thank you for holding the line", "Asante for waiting on hold", "Thank you for your patience on the line"},
		unmet: []string{"I am back", "Here I am again"},
		echo:  []string{"Thank you, I was holding the line", "Asante, I was waiting on hold", "Thank you, my patience is on the line"}},
	closes: {rate: 0.55, decoy: 0.4,
		met: []string{
			"You did well to call us, goodbye and take care", "Call us again at any time, goodbye",
			"Our line is always open for you, kwaheri",
		},
		unmet: []string{"OK, bye", "Fine, bye", "Right, bye then"},
		echo: []string{
			"I did well to call you, take care and goodbye", "I call you again at any time, goodbye",
			"Your line is always open for me, kwaheri",
		},
		fault: []string{"OK, bye", "Fine, right, bye then"}},
}

// quoteFrames introduce quotes of somebody else.
var quoteFrames = []string{
	"Last time they told me", "At the other office they only say", "Nobody there told me", "They told my sister",
}

// quality is the counsellor's overall quality.
var qualities = []struct {
	name   string
	weight float64
	shift  float64 // added to a criterion's rate
}{
	{"poor", 0.3, -0.28}, {"average", 0.4, 0}, {"good", 0.3, 0.25},
}

const holdRate = 0.75 // calls in which the caller is put on hold

// sentinels are used if there was nothing to judge.
var sentinels = []string{"No hold was required", "No hold was required", "Not applicable", "N/A"}
