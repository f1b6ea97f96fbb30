package datasets

import (
	"bytes"
	"strings"
)

// notFinite is the JSON value that [standardJSON] puts in the place of a
// number that isn't finite. No field may hold it that is used.
const notFinite = `"\u0000 not a finite number"`

// standardJSON makes JSON of what Python's json module writes: its NaN,
// Infinity and -Infinity aren't JSON. What else is wrong stays as it is.
func standardJSON(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	var out []byte
	before := byte(',') // the last byte that isn't blank
	inText := false
	for i := 0; i < len(data); i++ {
		b := data[i]
		switch {
		case inText && b == '\\' && i+1 < len(data):
			out = append(out, b)
			i++
			b = data[i]
		case b == '"':
			inText = !inText
		case !inText && strings.IndexByte(",:[", before) >= 0:
			if word := notFiniteWord(data[i:]); word != "" {
				out = append(out, notFinite...)
				i += len(word) - 1
				before = '"'
				continue
			}
		}
		out = append(out, b)
		if strings.IndexByte(blanks, b) < 0 {
			before = b
		}
	}
	return out
}

// notFiniteWord is the word for such a number that data begins with, or "".
func notFiniteWord(data []byte) string {
	for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
		rest, found := bytes.CutPrefix(data, []byte(word))
		if found && (len(rest) == 0 || strings.IndexByte(blanks+",]}", rest[0]) >= 0) {
			return word
		}
	}
	return ""
}

// errNotFinite is the error of a field that holds such a number and is used.
func errNotFinite(field string) error {
	return bad(KindType, "%s holds NaN or Infinity, which JSON doesn't have; leave it out, or write null", field)
}

// isNotFinite reports whether a value is such a number, or holds one.
func isNotFinite(raw []byte) bool { return bytes.Contains(raw, []byte(notFinite)) }
