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

// readFile calls each with every record of a file: one JSON object a line, or
// a JSON array of them. Empty lines are passed over. An error names the file
// and the line or, in an array, the record, counted from 1.
func readFile(path string, each func(json.RawMessage) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read data: %w", err)
	}
	defer f.Close()
	records := 0
	count := func(raw json.RawMessage) error {
		records++
		return each(raw)
	}
	in := skipBOM(f)
	if startsArray(in) {
		err = readArray(in, count)
	} else {
		err = readLines(in, count)
	}
	if err != nil {
		return fmt.Errorf("read data: %s: %w", path, err)
	}
	if records == 0 {
		return fmt.Errorf("read data: %s holds no records", path)
	}
	return nil
}

// skipBOM passes over the mark that some Windows programs put in front of UTF-8.
func skipBOM(r io.Reader) *bufio.Reader {
	const bom = "\xef\xbb\xbf"
	buffered := bufio.NewReaderSize(r, 1<<16)
	if head, err := buffered.Peek(len(bom)); err == nil && string(head) == bom {
		_, _ = buffered.Discard(len(bom)) // it is in the buffer
	}
	return buffered
}

// startsArray reports whether the first character that isn't blank opens an
// array.
func startsArray(r *bufio.Reader) bool {
	head, _ := r.Peek(4096) // what there is of them will do
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("["))
}

func readLines(lines *bufio.Reader, each func(json.RawMessage) error) error {
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if bad := each(line); bad != nil {
				return fmt.Errorf("line %d: %w", number, bad)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readArray reads a JSON array element by element, so that an error knows its
// record.
func readArray(r io.Reader, each func(json.RawMessage) error) error {
	decoder := json.NewDecoder(r)
	if _, err := decoder.Token(); err != nil { // the bracket
		return cleanJSONError(err)
	}
	records := 0
	for decoder.More() {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return fmt.Errorf("record %d: %w", records+1, cleanJSONError(err))
		}
		if err := each(raw); err != nil {
			return fmt.Errorf("record %d: %w", records+1, err)
		}
		records++
	}
	if _, err := decoder.Token(); err != nil {
		return fmt.Errorf("after record %d: the array doesn't end: %w", records, cleanJSONError(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("after record %d: the array ends, but the file goes on", records)
	}
	return nil
}
