package fusion

import (
	"bytes"
	"encoding/json"

	"github.com/trident-nlp/trident/pkg/triage"
)

// Prediction is the model's prediction for one text. Parts that weren't requested are
// nil and omitted from its JSON; if Err is set, all are.
type Prediction struct {
	// Err is the reason for a missing prediction: it is [ErrNoWords], or [ErrNotFinite],
	// wrapped. Other texts in the same call of [Predictor.Predict] aren't affected.
	Err error `json:"-"`

	NER            []Token              `json:"ner,omitzero"`            // the text's words, in order
	Entities       []Entity             `json:"entities,omitzero"`       // adjacent words with the same label, joined
	Classification Fields[string]       `json:"classification,omitzero"` // main_category, sub_category, intervention, priority
	QA             Fields[[]int]        `json:"qa,omitzero"`             // opening, listening, …: 1 for each criterion that is met, otherwise 0
	Tasks          Fields[CustomAnswer] `json:"tasks,omitzero"`          // the model's other tasks, by name
	Scores         *Scores              `json:"scores,omitzero"`
	Truncated      bool                 `json:"truncated,omitzero"`  // the text's end wasn't read
	Calibrated     bool                 `json:"calibrated,omitzero"` // probabilities are calibrated ([Predictor.Calibrate])
	Sets           Fields[Fields[Sets]] `json:"sets,omitzero"`       // by task and head, if calibrated: labels that hold the right one
	Suspected      []Suspicion          `json:"suspected,omitzero"`  // labels above their thresholds for a wished recall, whatever the answer is
	Warnings       []Warning            `json:"warnings,omitzero"`   // why the answers are less certain than they look
	Review         *triage.Review       `json:"review,omitzero"`     // what it costs to leave it unchecked; if requested
	Read           int                  `json:"-"`                   // tokens read, including [CLS] and [SEP] of each window

	Attention Fields[[]WordWeight] `json:"attention,omitzero"` // by task: the weights of its attention pooling
}

// Token is a word of the text with its label. Words are separated by white space, and
// each punctuation mark is a word of its own. The label is the model's; if labels are
// tags, such as B-NAME. Start and End count Unicode code points of the text, half-open.
type Token struct {
	Text  string `json:"token"`
	Label string `json:"label"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Entity is a sequence of adjacent words that form an entity according to their labels,
// other than O (see [tasks.Scheme]), as written in the text. If labels are tags, its
// label is the name without the tag's prefix. Start and End are as in [Token]. Score and
// Least are the mean and the least of its words' probabilities of that label (of all tags
// with that name together).
type Entity struct {
	Text  string  `json:"text"`
	Label string  `json:"label"`
	Start int     `json:"start"`
	End   int     `json:"end"`
	Score float32 `json:"score"`
	Least float32 `json:"least"`
}

// Scores are the probabilities of a [Prediction].
type Scores struct {
	NER            []Fields[float32]       `json:"ner,omitzero"`            // by token: all labels
	Classification Fields[Fields[float32]] `json:"classification,omitzero"` // by head: all labels, for this head alone; see [tasks.Task.Answer]
	QA             Fields[[]float32]       `json:"qa,omitzero"`             // by head: each criterion
	Tasks          Fields[CustomScores]    `json:"tasks,omitzero"`
}

// CustomAnswer is the prediction for a custom task. The fields of the task's kind are set. In
// JSON it is {"tokens": …, "entities": …}, or an object of heads.
type CustomAnswer struct {
	Tokens   []Token
	Entities []Entity
	Classes  Fields[string]      // by head
	Flags    Fields[Fields[int]] // by head: 0 or 1 for each label
}

// MarshalJSON writes the fields of the task's kind.
func (o CustomAnswer) MarshalJSON() ([]byte, error) {
	switch {
	case o.Classes != nil:
		return plainJSON(o.Classes)
	case o.Flags != nil:
		return plainJSON(o.Flags)
	}
	return plainJSON(struct {
		Tokens   []Token  `json:"tokens"`
		Entities []Entity `json:"entities"`
	}{o.Tokens, o.Entities})
}

// CustomScores are the probabilities of a [CustomAnswer]: a list of tokens with all labels, or all
// labels of each head.
type CustomScores struct {
	Tokens []Fields[float32]
	Heads  Fields[Fields[float32]]
}

// MarshalJSON writes the fields of the task's kind.
func (o CustomScores) MarshalJSON() ([]byte, error) {
	if o.Heads != nil {
		return plainJSON(o.Heads)
	}
	return plainJSON(o.Tokens)
}

// plainJSON is json.Marshal without HTML escapes; the caller's encoder adds them if
// configured.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Fields are named values, in the order of a task's heads or labels. In JSON they are an
// object.
type Fields[T any] []Field[T]

// Field is an element of [Fields].
type Field[T any] struct {
	Name  string
	Value T
}

// Get returns the value of that name, or T's zero value.
func (f Fields[T]) Get(name string) T {
	for _, field := range f {
		if field.Name == name {
			return field.Value
		}
	}
	var none T
	return none
}

// MarshalJSON writes an object with the fields in their order.
func (f Fields[T]) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the caller's encoder does, if configured
	b.WriteByte('{')
	for i, field := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(field.Name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(field.Value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
