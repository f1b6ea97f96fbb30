package synth

// How hard the data are to learn. Everything that makes a label depend on
// more than the words it is made of stands here, with the rates of noise.

// difficulty is the rates of what misleads who looks at words alone.
type difficulty struct {
	// Calls in which something else is named and ruled out.
	topic  float64 // another category's incident or problem
	name   float64 // another incident, beside the right one
	option float64 // another intervention, declined
	second float64 // and one more
	when   float64 // a time that says nothing about the danger
	calm   float64 // a time without danger, beside the one with it

	// Who is who.
	unnamed      float64 // the offender's name is not known
	bare         float64 // the offender's name stands alone, once it is known
	kinBystander float64 // who is named beside is in a kinship that offenders have as well

	// What the counsellor does not say, the caller does in much the same words.
	echo float64 // how much more often than the criterion's decoy says
}

// Calls of full length are for a model that knows the language; the short ones
// can be learned from scratch in minutes.
var (
	hard   = difficulty{topic: 0.80, name: 0.30, option: 0.75, second: 0.20, when: 0.40, calm: 0.60, unnamed: 0.12, bare: 0.60, kinBystander: 0.45, echo: 2}
	gentle = difficulty{topic: 0.34, name: 0.06, option: 0.60, second: 0.20, when: 0.25, calm: 0.40, unnamed: 0.04, bare: 0.25, kinBystander: 0.12, echo: 1}
)

func difficultyOf(short bool) difficulty {
	if short {
		return gentle
	}
	return hard
}

const (
	// Label noise: the share of labels replaced by another one at random.
	caseNoise = 0.015 // of each of category, intervention and priority
	qaNoise   = 0.01  // of each criterion, flipped

	selfReport   = 0.06 // the child calls
	blamedTopics = 2.0  // how much more often an entity record has an offender
	bystander    = 0.60 // someone else is named: NAME, whatever the kinship

	mostEcho = 0.9  // of any criterion's
	qaStray  = 0.15 // of the echoes' rate, where both say it
	qaQuoted = 0.40 // of the echoes, told of somebody else

	// Skew of the categories: weight = 1 / (rank + zipfShift).
	zipfShift = 12.0

	// Records of the QA file whose labels are not plain lists of 0 and 1.
	qaSentinel     = 0.35 // of calls without a hold: "hold" is a bare string
	qaSentinelList = 0.35 // of calls without a hold: a list with a string in it
	qaLonger       = 0.08 // listening has a sixth value
	qaShorter      = 0.15 // the last value is left out where it is 0

	// Every longEvery-th NER record of full length, from firstLong on, runs
	// over 512 word pieces.
	longEvery = 1000
	firstLong = 617
)
