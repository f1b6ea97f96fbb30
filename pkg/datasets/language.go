package datasets

import (
	"strings"
	"unicode/utf8"
)

// longestLanguage is the longest name of a language, in code points. Names are written to a
// model's folder; transcripts must not be.
const longestLanguage = 20

// language returns the name of the record's language at path; "" if it is missing.
func (f *fields) language(path string) (string, error) {
	name, err := f.label(path)
	if err != nil {
		return "", err
	}
	name = strings.TrimSpace(name)
	if utf8.RuneCountInString(name) > longestLanguage || len(strings.Fields(name)) > 2 {
		return "", bad(KindText, "field %s: a value of %d characters; want the name of a language, such as sw", path, utf8.RuneCountInString(name))
	}
	return name, nil
}
