package datasets

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// parseNER reads one NER record. Spans must lie inside the text.
func parseNER(data []byte) (NERRecord, error) {
	var record NERRecord
	if err := unmarshal(data, &record); err != nil {
		return NERRecord{}, err
	}
	if record.Text == "" {
		return NERRecord{}, errors.New("text is empty")
	}
	length := utf8.RuneCountInString(string(record.Text))
	for i, e := range record.Entities {
		if e.Start < 0 || e.End <= e.Start || e.End > length {
			return NERRecord{}, fmt.Errorf("entity %d: span [%d, %d) isn't inside the text of %d characters", i+1, e.Start, e.End, length)
		}
	}
	return record, nil
}

// parseCase reads one case record. Fields that training doesn't read may be of
// any type; one of another type than the schema's stays empty.
func parseCase(data []byte) (CaseRecord, error) {
	var record CaseRecord
	err := unmarshalNeeded(data, &record, &struct {
		Category     string     `json:"category"`
		Intervention string     `json:"intervention"`
		Priority     string     `json:"priority"`
		Narrative    Transcript `json:"narrative"`
	}{})
	switch {
	case err != nil:
		return CaseRecord{}, err
	case record.Narrative == "":
		return CaseRecord{}, errors.New("narrative is empty")
	case record.Category == "":
		return CaseRecord{}, errors.New("category is empty")
	}
	return record, nil
}

// parseQA reads one QA record. Fields that training doesn't read may be of any
// type, as for parseCase.
func parseQA(data []byte) (QARecord, error) {
	var record QARecord
	err := unmarshalNeeded(data, &record, &struct {
		Text Transcript `json:"text"`
	}{})
	if err != nil {
		return QARecord{}, err
	}
	if record.Text == "" {
		return QARecord{}, errors.New("text is empty")
	}
	if _, err := ParseQALabels(record.Labels); err != nil {
		return QARecord{}, err
	}
	return record, nil
}

// unmarshalNeeded reads data into record. Of wrong types it reports only those
// of the fields that needed has; of the others it leaves the field empty.
func unmarshalNeeded(data []byte, record, needed any) error {
	err := unmarshal(data, record)
	if err == nil {
		return nil
	}
	return unmarshal(data, needed)
}

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
	case "struct":
		return "an object"
	}
	return "a string"
}
