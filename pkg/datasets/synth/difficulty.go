package synth

// How hard the data is to learn. Everything that makes a label depend on more than
// single words is here, with the rates of noise.

// difficulty has the rates of content that misleads models based on single words.
type difficulty struct {
	// Calls in which something else is mentioned and ruled out.
	topic  float64 // another category's incident or problem
	name   float64 // another incident in addition to the right one
	option float64 // another intervention, declined
	second float64 // and a second one
	when   float64 // a time that says nothing about the danger
	calm   float64 // a time without danger in addition to the one with danger

	// Persons.
	unnamed      float64 // the offender's name is not known
	bare         float64 // the offender's name is used without relation, once it is known
	kinBystander float64 // the bystander has a relation that offenders have as well

	// The caller says what the counsellor doesn't, in similar words.
	echo float64 // factor on the criterion's decoy rate

	// What a model must not take for an entity, or not know by heart.
	rareName  float64 // a person's first or family name is uncommon or coined
	rarePlace float64 // the town's name is coined
	chatty    float64 // small talk at each place where it fits
	formal    float64 // the category's own name is used for the problem

	// How calls are written down: shares of calls.
	contracts float64 // "it's"
	hesitates float64 // "Um, "
	notes     float64 // "(sighs)"
	trails    float64 // "..."
}

// Long calls are for models that know the language; short ones can be learnt from
// scratch in minutes.
var (
	hard = difficulty{topic: 0.80, name: 0.30, option: 0.75, second: 0.20, when: 0.40, calm: 0.60, unnamed: 0.12, bare: 0.60, kinBystander: 0.45, echo: 2,
		rareName: 0.15, rarePlace: 0.15, chatty: 0.45, formal: 0.10, contracts: 0.6, hesitates: 0.25, notes: 0.12, trails: 0.20}
	gentle = difficulty{topic: 0.34, name: 0.06, option: 0.60, second: 0.20, when: 0.25, calm: 0.40, unnamed: 0.04, bare: 0.25, kinBystander: 0.12, echo: 1,
		rareName: 0.03, rarePlace: 0.04, chatty: 0.26, formal: 0.02, contracts: 0.4, hesitates: 0.12, notes: 0.08, trails: 0.12}
)

func difficultyOf(short bool) difficulty {
	if short {
		return gentle
	}
	return hard
}

const (
	// Label noise: the share of labels replaced at random.
	caseNoise = 0.015 // of each of category, intervention and priority
	qaNoise   = 0.01  // of each criterion, flipped

	selfReport   = 0.06 // the child calls
	blamedTopics = 2.0  // factor for entity records with an offender
	bystander    = 0.60 // another person is named: NAME, whatever the relation

	mostEcho = 0.9  // maximum for any criterion
	qaStray  = 0.15 // factor on the echoes' rate if both speakers say it
	qaQuoted = 0.40 // share of the echoes that quote somebody else

	plainer = 0.4 // factor on small talk and contractions where conduct is judged by the wording

	// Shares of the small talk, in calls that aren't judged.
	personal  = 0.3  // names the child or the caller
	courteous = 0.4  // formal
	connected = 0.15 // begins with "But"

	rareListed = 0.5 // share of the uncommon names; the others are coined

	// Skew of the categories: weight = 1 / (rank + zipfShift).
	zipfShift = 12.0

	// Records of the QA file whose labels are not plain lists of 0 and 1.
	qaSentinel     = 0.35 // of calls without a hold: "hold" is a bare string
	qaSentinelList = 0.35 // of calls without a hold: a list with a string in it
	qaLonger       = 0.08 // listening has an additional value
	qaShorter      = 0.15 // the last value is omitted if it is 0

	// Every longEvery-th long NER record, from firstLong on, has more than 512 word
	// pieces.
	longEvery = 1000
	firstLong = 617
)
