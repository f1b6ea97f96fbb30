package synth

// How hard the data are to learn. Everything that makes a label depend on
// more than the words it is made of stands here, with the rates of noise.
const (
	// Label noise: the share of labels replaced by another one at random.
	caseNoise = 0.015 // of each of category, intervention and priority
	qaNoise   = 0.01  // of each criterion, flipped

	// Calls in which something else is named and ruled out.
	topicDecoy  = 0.40 // another category's incident
	optionDecoy = 0.85 // another intervention, declined
	secondDecoy = 0.25 // and one more
	timeDecoy   = 0.45 // a time that says nothing about the danger

	// Who is who.
	selfReport   = 0.06 // the child calls
	unnamedPerp  = 0.12 // the offender's name is not known
	bystander    = 0.60 // someone else is named: NAME, whatever the kinship
	kinBystander = 0.50 // of those, in a kinship that offenders have as well

	// A criterion that the counsellor does not meet is acted by the caller
	// instead, in much the same words.
	qaDecoy = 0.45

	// Skew of the categories: weight = 1 / (rank + zipfShift).
	zipfShift = 12.0

	// Swahili sentences where both languages say the same.
	swahili = 0.15

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
