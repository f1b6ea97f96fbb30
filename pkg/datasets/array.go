package datasets

import (
	"io"
	"strings"
)

// nextElement reads the next element of an array, parsing only as much as is needed to
// find its end.
func (r *reader) nextElement() ([]byte, error) {
	b, ok := r.byteAfterBlanks()
	if ok && b == ']' {
		return nil, r.afterArray()
	}
	if ok && r.records > 0 {
		if b != ',' {
			r.line = r.at
			return nil, unreadable(KindJSON, "not valid JSON: a comma is missing after record %d", r.records)
		}
		b, ok = r.byteAfterBlanks()
	}
	r.line = r.at
	if !ok {
		return nil, r.orReadError(unreadable(KindJSON, "not valid JSON: the array doesn't end after record %d", r.records))
	}
	if b == ',' || b == ']' {
		return nil, unreadable(KindJSON, "not valid JSON: a comma too much after record %d", r.records)
	}
	r.records++
	if !r.value(b) {
		return nil, r.orReadError(bad(KindJSON, "not valid JSON: the file ends inside the record"))
	}
	if len(r.buffer) > maxRecord {
		return nil, bad(KindTooLong, "longer than %d MiB, as if a closing quote or bracket were missing", maxRecord>>20)
	}
	return r.buffer, nil
}

// afterArray returns an error if anything but blanks follows.
func (r *reader) afterArray() error {
	r.line = r.at
	if _, more := r.byteAfterBlanks(); more {
		return unreadable(KindJSON, "not valid JSON: the array ends after record %d, but the file goes on", r.records)
	}
	return r.orReadError(io.EOF)
}

// value reads a value whose first byte is b, and reports whether it is complete. If it
// is too long, only its beginning is kept.
func (r *reader) value(b byte) bool {
	depth, inText, escaped := 0, false, false
	for ok := true; ok; b, ok = r.byte() {
		if len(r.buffer) <= maxRecord {
			r.buffer = append(r.buffer, b)
		}
		switch {
		case escaped:
			escaped = false
			continue
		case inText && b == '\\':
			escaped = true
			continue
		case b == '"':
			inText = !inText
		case inText:
			continue
		case b == '{' || b == '[':
			depth++
		case b == '}' || b == ']':
			depth--
		}
		if depth > 0 || inText {
			continue
		}
		if b == '}' || b == ']' || b == '"' {
			return true
		}
		// A number or a word ends before the next delimiter.
		if next, err := r.in.Peek(1); err == nil && strings.ContainsAny(string(next), blanks+",]}") {
			return true
		}
	}
	return false
}
