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

// unmarshal is json.Unmarshal for UTF-8 only: encoding/json would replace
// other bytes, and halves of surrogate pairs, and spans would no longer fit.
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

// cleanJSONError keeps what encoding/json says of a wrong type, without the
// names of Go types, and never the value itself: it may be transcript.
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

// jsonKind names the JSON type that a Go kind of our records is read from.
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

// ShowLabel is a label for people to read. One that is long, or of many words,
// is perhaps none, but the text of a call in the wrong field: of that only the
// length is told.
func ShowLabel(label string) string {
	const mostCharacters, mostWords = 40, 6
	if n := utf8.RuneCountInString(label); n > mostCharacters || len(strings.Fields(label)) > mostWords {
		return fmt.Sprintf("of %d characters", n)
	}
	return strconv.Quote(label)
}

// Labels are written into the model's files and reports; a transcript mustn't
// be.
const (
	longestLabel = 200 // characters
	wordiest     = 15  // words
)

// wantLabel finds a text that can hardly be a label: it is too long, or the
// record's own. What the head brings along is one.
func wantLabel(head tasks.Head, label string, text Transcript) error {
	n := utf8.RuneCountInString(label)
	likely := n <= longestLabel && len(strings.Fields(label)) <= wordiest && Transcript(label) != text
	if likely || slices.Contains(head.Labels, label) {
		return nil
	}
	return bad(KindText, "field %s: a label of %d characters: does the field hold texts?", head.Source, n)
}
