package client

import "encoding/json"

// Request is a request for predictions. Only Texts is required.
type Request struct {
	Texts       []string `json:"texts" doc:"The calls, in UTF-8, none of them empty."`
	Tasks       []string `json:"tasks,omitempty" doc:"What to predict: ner, cls, qa or the model's own tasks. All that the model can, if not given."`
	Scores      bool     `json:"scores,omitempty" doc:"Give the probabilities as well."`
	TextScores  bool     `json:"text_scores,omitempty" doc:"Give the probabilities of what is said of a whole text (classes, yes/no outputs), but not those of each word."`
	QAThreshold float64  `json:"qa_threshold,omitempty" doc:"A yes/no output is 1 if its probability is higher; more than 0 and less than 1. 0.5 if not given."`
	Attention   bool     `json:"attention,omitempty" doc:"Say what the attention pooling of cls and qa looked at, word by word."`
	Long        string   `json:"long,omitempty" doc:"How to read calls that have more tokens than the model reads at once: windows (all of it, pooled as one text), mean (all of it, the mean of the windows' logits) or truncate (the beginning). As the model learnt, if not given; with overlap, mean if it learnt to truncate."`
	Overlap     int      `json:"overlap,omitempty" doc:"How many tokens the windows of a long call share, at most half of what the model reads at once. As many as the model learnt, or 128, if not given."`

	Language string `json:"language,omitempty" doc:"The calls' language, as the field says it that eval --language-field named: sets of labels are then those of the language, if it has its own."`

	IndependentHeads bool `json:"independent_heads,omitempty" doc:"Each head says its own likeliest label, as in the Python prototype, even if main and sub-category then contradict each other."`
}

// Response is the response to a [Request].
type Response struct {
	Model       string       `json:"model"`       // SHA-256 of the model used
	Predictions []Prediction `json:"predictions"` // one per text, in the same order
}

// Prediction is the model's prediction for one text. Parts that weren't requested, or
// that the model doesn't have, are nil.
type Prediction struct {
	NER            []Token                    `json:"ner,omitempty"`            // the text's words, in order
	Entities       []Entity                   `json:"entities,omitempty"`       // adjacent words with the same label, joined
	Classification map[string]string          `json:"classification,omitempty"` // by head: main_category, …
	QA             map[string][]int           `json:"qa,omitempty"`             // by head: 1 for each criterion that is met
	Tasks          map[string]json.RawMessage `json:"tasks,omitempty"`          // custom tasks, in the format of their kind
	Scores         *Scores                    `json:"scores,omitempty"`
	Truncated      bool                       `json:"truncated,omitempty"`  // the text's end wasn't read
	Calibrated     bool                       `json:"calibrated,omitempty"` // the probabilities are calibrated
	// Sets are labels that hold the right one in a share of calls ("0.9", "0.95"), by task,
	// head and share.
	Sets      map[string]map[string]map[string][]string `json:"sets,omitempty"`
	Suspected []Suspicion                               `json:"suspected,omitempty"` // labels above their thresholds for a wished recall
	Warnings  []Warning                                 `json:"warnings,omitempty"`  // why the answers are less certain than they look
	Review    *Review                                   `json:"review,omitempty"`    // what it costs to leave it unchecked
	Attention map[string][]WordWeight                   `json:"attention,omitempty"` // by task: the weights of the words read
}

// WordWeight is the weight of a word in a task's attention pooling. Start and End are as
// in [Token].
type WordWeight struct {
	Start  int     `json:"start"`
	End    int     `json:"end"`
	Weight float32 `json:"weight"`
}

// Token is a word with its label. Start and End count code points of the text,
// half-open.
type Token struct {
	Text  string `json:"token"`
	Label string `json:"label"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Entity is a sequence of adjacent words with the same label, other than O. Start and
// End are as in [Token]. Score and Least are the mean and the least of its words'
// probabilities.
type Entity struct {
	Text  string  `json:"text"`
	Label string  `json:"label"`
	Start int     `json:"start"`
	End   int     `json:"end"`
	Score float32 `json:"score"`
	Least float32 `json:"least"`
}

// Suspicion is a label whose probability is at least its threshold, whatever the answer is.
type Suspicion struct {
	Task        string  `json:"task"`
	Head        string  `json:"head"`
	Label       string  `json:"label"`
	Probability float32 `json:"probability"`
	Threshold   float64 `json:"threshold"`
	Recall      float64 `json:"recall"` // the share of the calls with the label that are to be suspected
}

// Warning says how a call is unlike those that the model learnt from.
type Warning struct {
	Kind    string  `json:"kind"`              // unknown_words or longer_than_learnt
	Share   float64 `json:"share,omitempty"`   // of unknown words
	Tokens  int     `json:"tokens,omitempty"`  // of the call
	Longest int     `json:"longest,omitempty"` // tokens of the longest call in training
}

// Review is what it is expected to cost to leave a call unchecked, and why.
type Review struct {
	Cost    float64  `json:"cost"`
	Reasons []Reason `json:"reasons"`
}

// Reason is a part of a [Review]'s cost: the call's urgency, or an answer in doubt.
type Reason struct {
	Kind        string  `json:"kind"` // urgency or doubt
	Task        string  `json:"task"`
	Head        string  `json:"head,omitempty"`  // "" for the entities of a token task
	Label       string  `json:"label,omitempty"` // the priority, the class, or the yes/no output's name
	Probability float64 `json:"probability"`     // of the priority, or that the answer is right
	Cost        float64 `json:"cost"`
}

// Scores are the probabilities of a [Prediction].
type Scores struct {
	NER            []map[string]float32          `json:"ner,omitempty"`            // by token: all labels
	Classification map[string]map[string]float32 `json:"classification,omitempty"` // by head: all labels
	QA             map[string][]float32          `json:"qa,omitempty"`             // by head: each criterion
	Tasks          map[string]json.RawMessage    `json:"tasks,omitempty"`
}

// Problem is an error response, in the format application/problem+json (RFC 9457). It
// never contains a text of the request.
type Problem struct {
	Type      string `json:"type" doc:"Always about:blank: the status says what kind of problem it is."`
	Title     string `json:"title" doc:"The status in words."`
	Status    int    `json:"status" doc:"The HTTP status."`
	Detail    string `json:"detail" doc:"What is wrong, and what to do."`
	Field     string `json:"field,omitempty" doc:"The field of the request that is wrong, such as texts[3]."`
	RequestID string `json:"request_id,omitempty" doc:"The request's id in the server's audit log."`
}

// Error implements error.
func (p *Problem) Error() string {
	if p.Field != "" {
		return p.Field + ": " + p.Detail
	}
	return p.Detail
}
