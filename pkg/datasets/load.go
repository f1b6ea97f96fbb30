package datasets

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// LoadNER reads a JSONL file of NER records: one JSON object a line. Empty
// lines are passed over. An error names the file and the line.
func LoadNER(path string) ([]NERRecord, error) {
	return loadFile(path, func(r io.Reader) ([]NERRecord, error) {
		return readLines(r, parseNER)
	})
}

// LoadCases reads a JSON array of case records. An error names the file and
// the record, counted from 1.
func LoadCases(path string) ([]CaseRecord, error) {
	return loadFile(path, func(r io.Reader) ([]CaseRecord, error) {
		return readArray(r, parseCase)
	})
}

// LoadQA reads a JSON array of QA records. An error names the file and the
// record, counted from 1.
func LoadQA(path string) ([]QARecord, error) {
	return loadFile(path, func(r io.Reader) ([]QARecord, error) {
		return readArray(r, parseQA)
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

// skipBOM passes over the mark that some Windows programs put in front of UTF-8.
func skipBOM(r io.Reader) io.Reader {
	const bom = "\xef\xbb\xbf"
	buffered := bufio.NewReaderSize(r, 1<<16)
	if head, err := buffered.Peek(len(bom)); err == nil && string(head) == bom {
		_, _ = buffered.Discard(len(bom)) // it is in the buffer
	}
	return buffered
}

func readLines[T any](r io.Reader, parse func([]byte) (T, error)) ([]T, error) {
	var records []T
	lines := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			record, bad := parse(line)
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
}

// readArray reads a JSON array element by element, so that an error knows its
// record.
func readArray[T any](r io.Reader, parse func([]byte) (T, error)) ([]T, error) {
	decoder := json.NewDecoder(r)
	if token, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("want a JSON array of records: %w", cleanJSONError(err))
	} else if token != json.Delim('[') {
		return nil, errors.New("want a JSON array of records; the file begins with something else")
	}
	var records []T
	for decoder.More() {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, fmt.Errorf("record %d: %w", len(records)+1, cleanJSONError(err))
		}
		record, err := parse(raw)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", len(records)+1, err)
		}
		records = append(records, record)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("after record %d: the array doesn't end: %w", len(records), cleanJSONError(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("after record %d: the array ends, but the file goes on", len(records))
	}
	return records, nil
}
