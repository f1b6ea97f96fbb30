package datasets

import (
	"bytes"

	"github.com/trident-nlp/trident/internal/pyjson"
)

// notFinite is the JSON value that [standardJSON] puts in the place of a
// number that isn't finite. No field may hold it that is used.
const notFinite = `"\u0000 not a finite number"`

// standardJSON makes JSON of what Python's json module writes. What else is wrong than
// its NaN, Infinity and -Infinity stays as it is.
func standardJSON(data []byte) []byte {
	return pyjson.Replace(data, func(string) string { return notFinite })
}

// errNotFinite is the error of a field that holds such a number and is used.
func errNotFinite(field string) error {
	return bad(KindType, "%s holds NaN or Infinity, which JSON doesn't have; leave it out, or write null", field)
}

// isNotFinite reports whether a value is such a number, or holds one.
func isNotFinite(raw []byte) bool { return bytes.Contains(raw, []byte(notFinite)) }
