package datasets

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// unmarshal is json.Unmarshal for valid UTF-8 only: encoding/json would replace other
// bytes and unpaired surrogates, and spans would no longer match.
func unmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return bad(KindUTF8, "not valid UTF-8; save the file in UTF-8")
	}
	if err := cleanJSONError(json.Unmarshal(data, v)); err != nil {
		return err
	}
	if HalfSurrogate(data) {
		return errSurrogate
	}
	return nil
}

var errSurrogate = bad(KindSurrogate, `half a surrogate pair, such as \ud800: a text was cut inside a character`)

// cleanJSONError describes an error of encoding/json about a wrong type without the
// names of Go types, and never with the value itself, which may be transcript.
func cleanJSONError(err error) error {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return bad(KindJSON, "not valid JSON: %w", syntax)
	case errors.As(err, &wrongType):
		found, _, _ := strings.Cut(wrongType.Value, " ")
		mismatch := fmt.Sprintf("a JSON %s, want %s", found, jsonKind(wrongType.Type.Kind().String()))
		if wrongType.Field == "" {
			return bad(KindType, "found %s", mismatch)
		}
		return bad(KindType, "field %q holds %s", wrongType.Field, mismatch)
	}
	return err
}

// jsonKind returns the JSON type for a Go kind of a record's field.
func jsonKind(goKind string) string {
	switch goKind {
	case "int":
		return "a whole number"
	case "slice":
		return "an array"
	case "struct", "map":
		return "an object"
	}
	return "a string"
}

// ShowLabel returns a label for messages. If it is long or has many words, it may be the
// text of a call in the wrong field, so only its length is shown.
func ShowLabel(label string) string {
	const mostCharacters, mostWords = 40, 6
	if n := utf8.RuneCountInString(label); n > mostCharacters || len(strings.Fields(label)) > mostWords {
		return fmt.Sprintf("of %d characters", n)
	}
	return strconv.Quote(label)
}

// Labels are written to the model's files and reports; transcripts must not be.
const (
	longestLabel = 200 // characters
	wordiest     = 15  // words
)

// wantLabel returns an error for a text that is unlikely to be a label: it is too long,
// or equals the record's text. Labels defined by the head are always accepted.
func wantLabel(head tasks.Head, label string, text Transcript) error {
	n := utf8.RuneCountInString(label)
	likely := n <= longestLabel && len(strings.Fields(label)) <= wordiest && Transcript(label) != text
	if likely || slices.Contains(head.Labels, label) {
		return nil
	}
	return bad(KindText, "field %s: a label of %d characters: does the field hold texts?", head.Source, n)
}
