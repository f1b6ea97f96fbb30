package datasets

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unmarshal is json.Unmarshal for UTF-8 only: encoding/json would replace
// other bytes, and spans would no longer fit. The escape of half a surrogate
// pair becomes one U+FFFD, one code point as in Python.
func unmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("not valid UTF-8; save the file in UTF-8")
	}
	return cleanJSONError(json.Unmarshal(data, v))
}

// cleanJSONError keeps what encoding/json says of a wrong type, without the
// names of Go types, and never the value itself: it may be transcript.
func cleanJSONError(err error) error {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON: %w", syntax)
	case errors.As(err, &wrongType):
		found, _, _ := strings.Cut(wrongType.Value, " ")
		mismatch := fmt.Sprintf("a JSON %s, want %s", found, jsonKind(wrongType.Type.Kind().String()))
		if wrongType.Field == "" {
			return errors.New("found " + mismatch)
		}
		return fmt.Errorf("field %q holds %s", wrongType.Field, mismatch)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the file ends inside a value")
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

// shown is a label in an error. A long one is perhaps none, but the text of a
// call in the wrong field: of that only the length is told.
func shown(label string) string {
	const longest = 40
	if n := utf8.RuneCountInString(label); n > longest {
		return fmt.Sprintf("of %d characters", n)
	}
	return strconv.Quote(label)
}
