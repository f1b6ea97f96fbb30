package datasets

import (
	"bytes"

	"github.com/trident-nlp/trident/internal/pyjson"
)

// notFinite is the JSON value with which [standardJSON] replaces non-finite numbers. A
// field that is used must not contain it.
const notFinite = `"\u0000 not a finite number"`

// standardJSON converts the output of Python's json module to JSON: NaN, Infinity and
// -Infinity are replaced. Other errors are left as they are.
func standardJSON(data []byte) []byte {
	return pyjson.Replace(data, func(string) string { return notFinite })
}

// errNotFinite is the error about a used field with such a number.
func errNotFinite(field string) error {
	return bad(KindType, "%s holds NaN or Infinity, which JSON doesn't have; leave it out, or write null", field)
}

// isNotFinite reports whether a value is or contains such a number.
func isNotFinite(raw []byte) bool { return bytes.Contains(raw, []byte(notFinite)) }
