package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/client"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// Limits bound a request.
type Limits struct {
	Body  int64 // bytes
	Texts int
	Text  int // bytes of one text, in UTF-8
}

// maxTasks is how many tasks a request may name.
const maxTasks = 64

// requestFields decode the fields of a request, each from the beginning of its
// value. A null is treated as an absent field.
var requestFields = map[string]func(l Limits, d *json.Decoder, r *client.Request) error{
	"texts": func(l Limits, d *json.Decoder, r *client.Request) (err error) {
		r.Texts, err = l.texts(d)
		return err
	},
	"tasks": func(_ Limits, d *json.Decoder, r *client.Request) (err error) {
		r.Tasks, err = taskNames(d)
		return err
	},
	"scores":      func(_ Limits, d *json.Decoder, r *client.Request) error { return flag("scores", d, &r.Scores) },
	"text_scores": func(_ Limits, d *json.Decoder, r *client.Request) error { return flag("text_scores", d, &r.TextScores) },
	"attention":   func(_ Limits, d *json.Decoder, r *client.Request) error { return flag("attention", d, &r.Attention) },
	"independent_heads": func(_ Limits, d *json.Decoder, r *client.Request) error {
		return flag("independent_heads", d, &r.IndependentHeads)
	},
	"qa_threshold": func(_ Limits, d *json.Decoder, r *client.Request) error {
		var value *float64
		switch err := d.Decode(&value); {
		case err == nil && value == nil:
			return nil
		case err != nil || !(*value > 0 && *value < 1):
			return problemf(http.StatusUnprocessableEntity, "qa_threshold", "want a number that is more than 0 and less than 1")
		}
		r.QAThreshold = *value
		return nil
	},
	"long": func(_ Limits, d *json.Decoder, r *client.Request) error {
		var value *string
		switch err := d.Decode(&value); {
		case err == nil && value == nil:
			return nil
		case err != nil || *value == "" || fusion.Long(*value).Check() != nil:
			return problemf(http.StatusUnprocessableEntity, "long", "want windows, mean or truncate")
		}
		r.Long = *value
		return nil
	},
	"language": func(_ Limits, d *json.Decoder, r *client.Request) error {
		if d.Decode(&r.Language) != nil {
			return problemf(http.StatusUnprocessableEntity, "language", "want a string")
		}
		return nil
	},
	"overlap": func(_ Limits, d *json.Decoder, r *client.Request) error {
		if d.Decode(&r.Overlap) != nil || r.Overlap < 0 {
			return problemf(http.StatusUnprocessableEntity, "overlap", "want a whole number, 0 or more")
		}
		return nil
	},
}

func flag(field string, d *json.Decoder, value *bool) error {
	if d.Decode(value) != nil {
		return problemf(http.StatusUnprocessableEntity, field, "want true or false")
	}
	return nil
}

// byteOrderMark may precede UTF-8.
var byteOrderMark = []byte("\uFEFF")

// decode reads a request's body. Errors are problems: 400 if it isn't JSON, 413
// if it exceeds a limit, 422 if it is invalid otherwise. They quote nothing from
// the body. Beside the body decoding takes about the same amount of memory
// again, whatever the body contains: values are read one after the other, and
// the first invalid one ends it.
func (l Limits) decode(data []byte) (r client.Request, err error) {
	rest := bytes.TrimPrefix(data, byteOrderMark)
	mark := len(data) - len(rest)
	if !utf8.Valid(rest) {
		return r, problemf(http.StatusBadRequest, "", "the body is not UTF-8: see byte %d", mark+firstInvalid(rest)+1)
	}
	if err := json.Unmarshal(rest, &passedOver{}); err != nil {
		return r, brokenJSON(rest, mark, err)
	}
	d := json.NewDecoder(bytes.NewReader(rest))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return r, errNoObject()
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return r, err
		}
		name, _ := token.(string)
		decode, known := requestFields[name]
		switch {
		case !known: // its name could be text of a call
			return r, problemf(http.StatusUnprocessableEntity, "", "there is a field that isn't known; there are %s", strings.Join(slices.Sorted(maps.Keys(requestFields)), ", "))
		case seen[name]:
			return r, problemf(http.StatusUnprocessableEntity, name, "the field stands there twice")
		}
		seen[name] = true
		if err := decode(l, d, &r); err != nil {
			return r, err
		}
	}
	if len(r.Texts) == 0 {
		return r, problemf(http.StatusUnprocessableEntity, "texts", "want an array with at least one text")
	}
	return r, nil
}

// passedOver is any JSON value; its content is discarded.
type passedOver struct{}

// UnmarshalJSON implements [json.Unmarshaler].
func (*passedOver) UnmarshalJSON([]byte) error { return nil }

// tooDeep is the end of encoding/json's message about values nested more than
// 10,000 levels deep.
const tooDeep = "exceeded max depth"

func errNoObject() error {
	return problemf(http.StatusUnprocessableEntity, "", `want a JSON object such as {"texts": ["Hello, …"]}`)
}

// brokenJSON describes a syntax error in data, which begins after mark bytes of
// the body.
func brokenJSON(data []byte, mark int, err error) error {
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return problemf(http.StatusBadRequest, "", "the body is empty; want a JSON object")
	case errors.As(err, &syntax) && strings.HasSuffix(syntax.Error(), tooDeep):
		return problemf(http.StatusBadRequest, "", "the JSON is nested too deeply, from byte %d on", int64(mark)+syntax.Offset)
	case errors.As(err, &syntax) && syntax.Offset < int64(len(data)):
		return problemf(http.StatusBadRequest, "", "broken JSON at byte %d", int64(mark)+syntax.Offset)
	}
	return problemf(http.StatusBadRequest, "", "broken JSON: it ends too early, or at its last byte")
}

func firstInvalid(data []byte) int {
	at := 0
	for {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
}

// texts decodes the texts, never holding more of them in memory than allowed.
func (l Limits) texts(d *json.Decoder) ([]string, error) {
	var list []string
	err := elements(d, func(item json.RawMessage) error {
		if len(list) == l.Texts {
			return problemf(http.StatusRequestEntityTooLarge, "texts", "more than %d texts; send them in several requests", l.Texts)
		}
		field := fmt.Sprintf("texts[%d]", len(list))
		var text *string
		if json.Unmarshal(item, &text) != nil || text == nil {
			return problemf(http.StatusUnprocessableEntity, field, "want a string")
		}
		switch {
		case len(*text) > l.Text:
			return problemf(http.StatusRequestEntityTooLarge, field, "the text has %d bytes; want no more than %d", len(*text), l.Text)
		case datasets.HalfSurrogate(item):
			return problemf(http.StatusUnprocessableEntity, field, "there is half a surrogate pair in it (\\ud800 to \\udfff alone), which is no character")
		case !visible.MatchString(*text):
			return emptyText(len(list))
		}
		list = append(list, *text)
		return nil
	})
	switch {
	case errors.Is(err, errNull):
		return nil, nil
	case errors.Is(err, errNoArray):
		return nil, problemf(http.StatusUnprocessableEntity, "texts", "want an array of strings")
	}
	return list, err
}

// emptyText is a problem with text i.
func emptyText(i int) error {
	return problemf(http.StatusUnprocessableEntity, fmt.Sprintf("texts[%d]", i), "the text is empty")
}

func taskNames(d *json.Decoder) ([]string, error) {
	var names []string
	err := elements(d, func(item json.RawMessage) error {
		field := fmt.Sprintf("tasks[%d]", len(names))
		var name *string
		switch {
		case len(names) == maxTasks:
			return problemf(http.StatusUnprocessableEntity, "tasks", "more than %d names", maxTasks)
		case json.Unmarshal(item, &name) != nil || name == nil:
			return problemf(http.StatusUnprocessableEntity, field, "want a task's name")
		}
		names = append(names, *name)
		return nil
	})
	switch {
	case errors.Is(err, errNull):
		return nil, nil
	case errors.Is(err, errNoArray):
		return nil, problemf(http.StatusUnprocessableEntity, "tasks", "want an array of names")
	case err == nil && len(names) == 0:
		return nil, problemf(http.StatusUnprocessableEntity, "tasks", "want at least one name, or leave it out for all")
	}
	return names, err
}

var (
	errNoArray = errors.New("not an array")
	errNull    = errors.New("null")
)

// elements passes each element of an array, which is valid JSON, to f. item is
// valid until f returns.
func elements(d *json.Decoder, f func(item json.RawMessage) error) error {
	switch begin, err := d.Token(); {
	case err != nil:
		return err
	case begin == nil:
		return errNull
	case begin != json.Delim('['):
		return errNoArray
	}
	var item json.RawMessage
	for d.More() {
		if err := d.Decode(&item); err != nil {
			return err
		}
		if err := f(item); err != nil {
			return err
		}
	}
	_, err := d.Token() // ]
	return err
}
