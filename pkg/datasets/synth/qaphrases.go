package synth

// A criterion is one thing that the counsellor should do. Met, the counsellor
// says one of met; unmet, one of unmet where there is any, and now and then
// the caller says one of decoy, which uses much the same words.
type criterion struct {
	met, unmet, decoy []string
	rate              float64 // how often it is met at average quality
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

// heads gives each head's first criterion and its size, in the order of the labels.
var heads = []struct {
	name        string
	first, size int
}{
	{"opening", opens, 1}, {"listening", letsSpeak, 5}, {"proactiveness", offersMore, 3},
	{"resolution", isAccurate, 5}, {"hold", explainsHold, 2}, {"closing", closes, 1},
}

var criteria = [criterionCount]criterion{
	opens: {rate: 0.6,
		met: []string{"Welcome to the Child Helpline, I am {counselor}, how can I help?",
			"Good morning, Child Helpline, this is {counselor}, how can I help?",
			"Karibu Child Helpline, {counselor} speaking, how can I help?"},
		unmet: []string{"Yes?", "Hello, what is it?", "Speak.", "Hello, {counselor} here", "Yes, who is this?"},
		decoy: []string{"Good morning, is this the Child Helpline?", "Hello, Child Helpline, how can I get help?",
			"Is it {counselor} of the Child Helpline, the one I can ask for help?"}},
	letsSpeak: {rate: 0.65,
		unmet: []string{"Wait, let me stop you there", "Stop, I do not have all day", "No, wait, let me speak"},
		decoy: []string{"Wait, let me finish", "Stop there, let me think", "No, wait"}},
	empathises: {rate: 0.55,
		met: []string{"I am sorry, this must be hard for you", "Pole sana, that sounds painful",
			"I feel for you, it must hurt"},
		decoy: []string{"I am sorry to call, this is hard for me", "It is painful, I feel bad", "It hurts me, it must end"}},
	paraphrases: {rate: 0.5,
		met: []string{"So you are saying that {incident} is the problem", "If I understand you, it is about {incident}",
			"You mean it is {incident}"},
		decoy: []string{"I am saying it is {incident}", "You understand, it is {incident}", "The problem is {incident}, I mean"}},
	isPolite: {rate: 0.65,
		met:   []string{"Please tell me more, thank you", "Thank you for telling me, please go on", "Tafadhali, tell me more"},
		unmet: []string{"Tell me more", "Go on, more"},
		decoy: []string{"Please help me, thank you", "Thank you, please go on", "Tafadhali, tell me what to do"}},
	isSure: {rate: 0.65,
		unmet: []string{"Um, I am not sure, maybe", "Er, maybe, I do not know", "Hmm, I guess so, um"},
		decoy: []string{"Um, I am not sure, maybe it was Monday", "Er, I do not know, maybe", "Hmm, I guess so"}},
	offersMore: {rate: 0.5,
		met: []string{"Is there anything else I can help you with?", "What else can I do for you?",
			"Do you have any other problem that I can solve?"},
		decoy: []string{"Is there anything else I can do?", "What else can one do for {him}?", "I have another problem, can you solve it?"}},
	confirms: {rate: 0.5,
		met: []string{"Are you satisfied with this plan?", "Is this plan all right for you?", "Do you agree with these steps?"},
		decoy: []string{"I am satisfied with the plan", "This plan is all right for me", "I agree with these steps",
			"Nobody asks if I agree with the plan"}},
	followsUp: {rate: 0.5,
		met: []string{"I will call you on Friday to hear how it goes", "I will check on {him} next week",
			"Next week I will ask how {he} {is}"},
		decoy: []string{"I will call you on Friday", "I will check on {him} next week myself", "Next week I will ask how it goes"}},
	isAccurate: {rate: 0.6,
		met:   []string{"By law every child must be protected", "The service is free and secret", "The law protects {him}"},
		unmet: []string{"By law nobody can protect a child", "The service costs money and is not secret", "The law is not for {him}"}},
	speaksWell: {rate: 0.7,
		unmet: []string{"Whatcha want, man", "That is stupid, yaani", "Gosh, whatever, dude"},
		decoy: []string{"They called me stupid, man", "{he} say{s} whatever", "Gosh, it is bad, yaani"}},
	consults: {rate: 0.45,
		met: []string{"Let me ask my supervisor", "I will check with my supervisor to be certain",
			"Let me consult a colleague"},
		decoy: []string{"I asked my supervisor already", "My supervisor told me to check with you", "I did consult a colleague"}},
	asksFirst: {rate: 0.55,
		met: []string{"First, where {is} {he} and {is} {he} safe?", "Before anything, {is} {he} safe and how old {is} {he}?",
			"First, how old {is} {he}?"},
		decoy: []string{"First, {he} {is} {age} and safe", "Before you ask, {he} {is} {age}", "First, {he} {is} with me"}},
	explains: {rate: 0.55,
		met: []string{"We open a file, then an officer visits, then we review", "Step one is a report, step two a visit",
			"An officer visits you first, then we write a report"},
		unmet: []string{"It will be handled", "We will see", "Just wait for a visit"},
		decoy: []string{"I wrote a report, then an officer came", "Step one failed, and step two?", "An officer visited us, then wrote a report"}},
	explainsHold: {rate: 0.62,
		met: []string{"May I put you on hold while I look it up?", "I need to look it up, may I place you on hold?",
			"Can you hold for two minutes while I look it up?"},
		unmet: []string{"Hold", "Hold on", "I put you on hold"},
		decoy: []string{"Last time they put me on hold for two minutes", "May I hold while you look it up?",
			"Do not place me on hold"}},
	thanksHold: {rate: 0.62,
		met:   []string{"Thank you for holding", "Asante for holding the line", "Thank you for your patience on hold"},
		unmet: []string{"I am back", "OK, back on the line", "So, here I am"},
		decoy: []string{"Thank you for not leaving me on hold", "I was holding the line", "Asante, I was on hold"}},
	closes: {rate: 0.55,
		met: []string{"You did well to call the Child Helpline, goodbye", "Call us any time on 116, goodbye and take care",
			"The Child Helpline is always open for you, kwaheri"},
		unmet: []string{"OK, bye", "Right, next caller", "Fine"},
		decoy: []string{"I did well to call the Child Helpline, goodbye", "I will call 116 any time, goodbye and take care",
			"Kwaheri, the Child Helpline is always open"}},
}

// quality is how well the counsellor works on the whole.
var qualities = []struct {
	name   string
	weight float64
	shift  float64 // added to a criterion's rate
}{
	{"poor", 0.3, -0.28}, {"average", 0.4, 0}, {"good", 0.3, 0.25},
}

const holdRate = 0.75 // calls in which the caller is put on hold

// sentinels stand where there was nothing to judge.
var sentinels = []string{"No hold was required", "No hold was required", "Not applicable", "N/A"}
