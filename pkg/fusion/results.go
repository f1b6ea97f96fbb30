package fusion

import (
	"bytes"
	"encoding/json"
)

// Prediction is what the model says of one text. Parts that weren't asked for
// are nil and left out of its JSON; all are where Err is set.
type Prediction struct {
	// Err says why there is no answer: it is [ErrNoWords], or [ErrNotFinite], wrapped.
	// Other texts of the same call to [Predictor.Predict] have theirs.
	Err error `json:"-"`

	NER            []Token        `json:"ner,omitzero"`            // the text's words, in order
	Entities       []Entity       `json:"entities,omitzero"`       // neighbouring words that belong together, merged
	Classification Fields[string] `json:"classification,omitzero"` // main_category, sub_category, intervention, priority
	QA             Fields[[]int]  `json:"qa,omitzero"`             // opening, listening, …: 1 for each criterion that is met, otherwise 0
	Tasks          Fields[Own]    `json:"tasks,omitzero"`          // the model's other tasks, by name
	Scores         *Scores        `json:"scores,omitzero"`
	Truncated      bool           `json:"truncated,omitzero"` // the end of the text wasn't read
	Read           int            `json:"-"`                  // tokens that the model read, [CLS] and [SEP] of each window included

	Attention Fields[[]WordWeight] `json:"attention,omitzero"` // by task: what its attention pooling looked at
}

// Token is a word of the text with its label: what stands between white space
// and punctuation, or a punctuation mark. The label is the model's own: where
// labels are tags, B-NAME. Start and End count Unicode code points of the text,
// half-open.
type Token struct {
	Text  string `json:"token"`
	Label string `json:"label"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Entity is a run of neighbouring words that belong together by their labels,
// other than O (see [tasks.Scheme]), as it stands in the text. Where labels are
// tags, its label is the name without the tag's letter. Start and End are as in
// [Token].
type Entity struct {
	Text  string `json:"text"`
	Label string `json:"label"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Scores are the probabilities behind a [Prediction].
type Scores struct {
	NER            []Fields[float32]       `json:"ner,omitzero"`            // of each token: all labels
	Classification Fields[Fields[float32]] `json:"classification,omitzero"` // of each head: all labels, by this head alone; see [tasks.Task.Answer]
	QA             Fields[[]float32]       `json:"qa,omitzero"`             // of each head: each criterion
	Tasks          Fields[OwnScores]       `json:"tasks,omitzero"`
}

// Own is what a user's own task says of a text. The parts of the task's kind
// are set. In JSON it is {"tokens": …, "entities": …}, or an object of heads.
type Own struct {
	Tokens   []Token
	Entities []Entity
	Classes  Fields[string]      // of each head
	Flags    Fields[Fields[int]] // of each head: 0 or 1 for each label
}

// MarshalJSON writes what the task's kind has.
func (o Own) MarshalJSON() ([]byte, error) {
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

// OwnScores are the probabilities behind an [Own]: a list of tokens with all
// labels, or all labels of each head.
type OwnScores struct {
	Tokens []Fields[float32]
	Heads  Fields[Fields[float32]]
}

// MarshalJSON writes what the task's kind has.
func (o OwnScores) MarshalJSON() ([]byte, error) {
	if o.Heads != nil {
		return plainJSON(o.Heads)
	}
	return plainJSON(o.Tokens)
}

// plainJSON is json.Marshal without escapes for HTML; the caller's encoder
// makes them, if it is to.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Fields are values by name, in the order of a task's heads or labels. In JSON
// they are an object.
type Fields[T any] []Field[T]

// Field is one of [Fields].
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
	e.SetEscapeHTML(false) // the caller's encoder does, if it is to
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
