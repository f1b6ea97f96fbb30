package datasets

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// LoadNER reads a JSONL file of NER records: one JSON object a line. Empty
// lines are passed over. An error names the file and the line.
func LoadNER(path string) ([]NERRecord, error) {
	return loadFile(path, func(r io.Reader) ([]NERRecord, error) {
		var records []NERRecord
		lines := bufio.NewReader(r)
		for number := 1; ; number++ {
			line, err := lines.ReadBytes('\n')
			if len(bytes.TrimSpace(line)) > 0 {
				record, bad := parseNER(line)
				if bad != nil {
					return nil, fmt.Errorf("line %d: %w", number, bad)
				}
				records = append(records, record)
			}
			if errors.Is(err, io.EOF) {
				return records, nil
			}
			if err != nil {
				return nil, err
			}
		}
	})
}

func parseNER(line []byte) (NERRecord, error) {
	var record NERRecord
	if err := json.Unmarshal(line, &record); err != nil {
		return record, cleanJSONError(err)
	}
	if record.Text == "" {
		return record, errors.New("text is empty")
	}
	length := utf8.RuneCountInString(string(record.Text))
	for i, e := range record.Entities {
		if e.Start < 0 || e.End <= e.Start || e.End > length {
			return record, fmt.Errorf("entity %d: span [%d, %d) isn't inside the text of %d characters", i+1, e.Start, e.End, length)
		}
	}
	return record, nil
}

// LoadCases reads a JSON array of case records. An error names the file and
// the record, counted from 1.
func LoadCases(path string) ([]CaseRecord, error) {
	return loadFile(path, func(r io.Reader) ([]CaseRecord, error) {
		return decodeArray(r, func(c CaseRecord) error {
			switch {
			case c.Narrative == "":
				return errors.New("narrative is empty")
			case c.Category == "":
				return errors.New("category is empty")
			}
			return nil
		})
	})
}

// LoadQA reads a JSON array of QA records. An error names the file and the
// record, counted from 1.
func LoadQA(path string) ([]QARecord, error) {
	return loadFile(path, func(r io.Reader) ([]QARecord, error) {
		return decodeArray(r, func(q QARecord) error {
			if q.Text == "" {
				return errors.New("text is empty")
			}
			_, err := ParseQALabels(q.Labels)
			return err
		})
	})
}

func loadFile[T any](path string, read func(io.Reader) ([]T, error)) ([]T, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read data: %w", err)
	}
	defer f.Close()
	records, err := read(skipBOM(f))
	if err != nil {
		return nil, fmt.Errorf("read data: %s: %w", path, err)
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("read data: %s holds no records", path)
	}
	return records, nil
}

func skipBOM(r io.Reader) io.Reader {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if head, _ := buffered.Peek(3); bytes.Equal(head, []byte("\xef\xbb\xbf")) {
		buffered.Discard(3)
	}
	return buffered
}

// decodeArray reads a JSON array element by element, so that an error knows
// its record.
func decodeArray[T any](r io.Reader, check func(T) error) ([]T, error) {
	decoder := json.NewDecoder(r)
	if token, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("want a JSON array of records: %w", cleanJSONError(err))
	} else if token != json.Delim('[') {
		return nil, fmt.Errorf("want a JSON array of records, found %v", token)
	}
	var records []T
	for decoder.More() {
		var record T
		err := decoder.Decode(&record)
		if err == nil {
			err = check(record)
		}
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", len(records)+1, cleanJSONError(err))
		}
		records = append(records, record)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("after record %d: the array doesn't end: %w", len(records), cleanJSONError(err))
	}
	return records, nil
}

// cleanJSONError keeps what encoding/json says of a wrong type, without the
// names of Go types, and never the value itself: it may be transcript.
func cleanJSONError(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return fmt.Errorf("field %q holds a JSON %s, want %s", wrongType.Field, firstWord(wrongType.Value), jsonKind(wrongType.Type.Kind().String()))
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends inside a value")
	}
	return err
}

func firstWord(s string) string {
	word, _, _ := bytes.Cut([]byte(s), []byte(" "))
	return string(word)
}

func jsonKind(goKind string) string {
	switch goKind {
	case "string":
		return "a string"
	case "int":
		return "a whole number"
	case "slice":
		return "an array"
	case "struct":
		return "an object"
	}
	return goKind
}
