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
)

// Limits bound a request.
type Limits struct {
	Body  int64 // bytes
	Texts int
	Text  int // bytes of one text, in UTF-8
}

// maxTasks is how many tasks a request may name.
const maxTasks = 64

// requestFields decode the fields of a request. What is null is as if it
// weren't there.
var requestFields = map[string]func(l Limits, raw json.RawMessage, r *client.Request) error{
	"texts": func(l Limits, raw json.RawMessage, r *client.Request) (err error) {
		r.Texts, err = l.texts(raw)
		return err
	},
	"tasks": func(_ Limits, raw json.RawMessage, r *client.Request) (err error) {
		r.Tasks, err = taskNames(raw)
		return err
	},
	"scores": func(_ Limits, raw json.RawMessage, r *client.Request) error {
		if json.Unmarshal(raw, &r.Scores) != nil {
			return problemf(http.StatusUnprocessableEntity, "scores", "want true or false")
		}
		return nil
	},
	"attention": func(_ Limits, raw json.RawMessage, r *client.Request) error {
		if json.Unmarshal(raw, &r.Attention) != nil {
			return problemf(http.StatusUnprocessableEntity, "attention", "want true or false")
		}
		return nil
	},
	"independent_heads": func(_ Limits, raw json.RawMessage, r *client.Request) error {
		if json.Unmarshal(raw, &r.IndependentHeads) != nil {
			return problemf(http.StatusUnprocessableEntity, "independent_heads", "want true or false")
		}
		return nil
	},
	"qa_threshold": func(_ Limits, raw json.RawMessage, r *client.Request) error {
		if json.Unmarshal(raw, &r.QAThreshold) != nil || !(r.QAThreshold > 0 && r.QAThreshold < 1) {
			return problemf(http.StatusUnprocessableEntity, "qa_threshold", "want a number that is more than 0 and less than 1")
		}
		return nil
	},
	"overlap": func(_ Limits, raw json.RawMessage, r *client.Request) error {
		if json.Unmarshal(raw, &r.Overlap) != nil || r.Overlap < 0 {
			return problemf(http.StatusUnprocessableEntity, "overlap", "want a whole number, 0 or more")
		}
		return nil
	},
}

// decode reads a request's body. An error is a problem: 400 for what is no
// JSON, 413 for what is too much, 422 for what is wrong otherwise. It says
// nothing of what the body holds.
func (l Limits) decode(data []byte) (r client.Request, err error) {
	if !utf8.Valid(data) {
		return r, problemf(http.StatusBadRequest, "", "the body is not UTF-8: see byte %d", firstInvalid(data)+1)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return r, notAnObject(data, err)
	}
	if fields == nil { // null
		return r, errNoObject()
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		decode, known := requestFields[name]
		switch {
		case !known: // its name could be a text
			return r, problemf(http.StatusUnprocessableEntity, "", "there is a field that isn't known; there are %s", strings.Join(slices.Sorted(maps.Keys(requestFields)), ", "))
		case string(fields[name]) == "null":
			continue
		}
		if err := decode(l, fields[name], &r); err != nil {
			return r, err
		}
	}
	if len(r.Texts) == 0 {
		return r, problemf(http.StatusUnprocessableEntity, "texts", "want an array with at least one text")
	}
	return r, nil
}

func errNoObject() error {
	return problemf(http.StatusUnprocessableEntity, "", `want a JSON object such as {"texts": ["Hello, …"]}`)
}

func notAnObject(data []byte, err error) error {
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return problemf(http.StatusBadRequest, "", "the body is empty; want a JSON object")
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(data)):
		return problemf(http.StatusBadRequest, "", "broken JSON: it ends too early, or at its last byte")
	case errors.As(err, &syntax):
		return problemf(http.StatusBadRequest, "", "broken JSON at byte %d", syntax.Offset)
	}
	return errNoObject()
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

// texts decodes the texts, without having more of them than allowed in memory.
func (l Limits) texts(raw json.RawMessage) ([]string, error) {
	var list []string
	err := elements(raw, func(item json.RawMessage) error {
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
		case strings.TrimSpace(*text) == "":
			return problemf(http.StatusUnprocessableEntity, field, "the text is empty")
		}
		list = append(list, *text)
		return nil
	})
	if errors.Is(err, errNoArray) {
		return nil, problemf(http.StatusUnprocessableEntity, "texts", "want an array of strings")
	}
	return list, err
}

func taskNames(raw json.RawMessage) ([]string, error) {
	var names []string
	err := elements(raw, func(item json.RawMessage) error {
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
	case errors.Is(err, errNoArray):
		return nil, problemf(http.StatusUnprocessableEntity, "tasks", "want an array of names")
	case err == nil && len(names) == 0:
		return nil, problemf(http.StatusUnprocessableEntity, "tasks", "want at least one name, or leave it out for all")
	}
	return names, err
}

var errNoArray = errors.New("not an array")

// elements hands each element of an array, which is valid JSON, to f.
func elements(raw json.RawMessage, f func(item json.RawMessage) error) error {
	if raw[0] != '[' {
		return errNoArray
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		var item json.RawMessage
		if err := decoder.Decode(&item); err != nil {
			return err
		}
		if err := f(item); err != nil {
			return err
		}
	}
	return nil
}
