package label

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/trident-nlp/trident/internal/outfile"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/redact"
)

// checkRedact checks the options of redaction.
func (o Options) checkRedact() error {
	switch {
	case o.Redact == "" && (o.RedactLabels != nil || o.RedactKey != "" || o.RedactMap != ""):
		return badOptions("--redact-labels, --redact-key and --redact-map go with --redact")
	case o.Redact == "":
		return nil
	case redact.Mode(o.Redact).Check() != nil:
		return badOptions("--redact is %q; want mask, label, pseudonym or hash", o.Redact)
	case fusion.LongOf(o.Long) == fusion.LongTruncate:
		return badOptions("--redact reads calls to their end, since names after what --long truncate reads would stay: leave --long out")
	case o.RedactKey != "" && !redact.Mode(o.Redact).NeedsKey():
		return badOptions("--redact-key is for --redact pseudonym and hash, not %s", o.Redact)
	case o.RedactMap != "" && o.Shard.Count > 0:
		return badOptions("--redact-map can't be used with --shard")
	case o.RedactMap != "" && o.Output != "" && filepath.Clean(o.RedactMap) == filepath.Clean(o.Output):
		return badOptions("--redact-map and --output are the same file")
	}
	return nil
}

// redactor returns what redacts calls; nil: nothing does.
func (o Options) redactor() (*redact.Redactor, error) {
	if o.Redact == "" {
		return nil, nil
	}
	mode := redact.Mode(o.Redact)
	var key []byte
	if mode.NeedsKey() {
		var err error
		if key, err = redact.ReadKey(o.RedactKey, os.Getenv(redact.KeyVariable)); err != nil {
			return nil, err
		}
		if key == nil {
			return nil, badOptions("--redact %s: %w; give it with --redact-key FILE or in %s", o.Redact, redact.ErrNoKey, redact.KeyVariable)
		}
	}
	r, err := redact.New(redact.Options{Mode: mode, Labels: o.RedactLabels, Key: key})
	if err != nil {
		return nil, fmt.Errorf("--redact: %w", err)
	}
	return r, nil
}

// hide replaces in a call's id what was replaced in the call, and adds it to the map.
func (j *job) hide(r *record, p fusion.Prediction) error {
	if j.redact == nil {
		return nil
	}
	result := p.Redaction
	if result == nil { // a call that can't be read may have an id all the same
		none := j.redact.Redact("", nil)
		result = &none
	}
	if isUncased(string(r.text)) {
		j.Uncased++
	}
	given := r.id
	if id := fmt.Sprint(given); given != nil && result.Elsewhere(id) != id {
		r.id = result.Elsewhere(id)
		j.Renamed++
	}
	return j.kept.add(j.Records, given, *result)
}

// isUncased reports whether a text has letters, and no capital one.
func isUncased(text string) bool {
	return strings.ContainsFunc(text, unicode.IsLower) && !strings.ContainsFunc(text, unicode.IsUpper)
}

// originals is the file of --redact-map: a JSON object for each spelling that was replaced
// in a call. A nil one keeps nothing.
type originals struct {
	outfile.File
	out *bufio.Writer
}

// newOriginals begins the file, which must not exist.
func (o Options) newOriginals() (*originals, error) {
	if o.RedactMap == "" {
		return nil, nil
	}
	f, err := outfile.CreateNew(o.RedactMap)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, badOptions("--redact-map %s is there already, and isn't overwritten: name another file, or move it away", o.RedactMap)
	case err != nil:
		return nil, writing(err)
	}
	return &originals{f, bufio.NewWriter(f)}, nil
}

// originalLine is a line of the map.
type originalLine struct {
	Call int `json:"call"` // its number in the input, from 1
	ID   any `json:"id,omitempty"`
	redact.Original
}

func (m *originals) add(number int, id any, result redact.Result) error {
	if m == nil {
		return nil
	}
	e := json.NewEncoder(m.out)
	e.SetEscapeHTML(false)
	for _, one := range result.Originals() {
		if err := e.Encode(originalLine{number, id, one}); err != nil {
			return err
		}
	}
	return nil
}

// finish writes what is left, and gives the file its name.
func (m *originals) finish() error {
	if m == nil {
		return nil
	}
	if err := m.out.Flush(); err != nil {
		return err
	}
	return m.Commit()
}

func (m *originals) discard() {
	if m != nil {
		m.Discard()
	}
}
