package redact

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Mode says what stands in place of what is removed.
type Mode string

// The modes.
const (
	Mask      Mode = "mask"      // five asterisks, whatever stood there
	Label     Mode = "label"     // the label and a number, such as [VICTIM_1]; the numbers are a call's own
	Pseudonym Mode = "pseudonym" // an invented name, the same in all calls with the same key
	Hash      Mode = "hash"      // the label and a keyed hash, such as [VICTIM_3f9a21c40d5e], the same in all calls with the same key
)

// Modes lists the modes.
func Modes() []Mode { return []Mode{Mask, Label, Pseudonym, Hash} }

// NeedsKey reports whether the mode's replacements are computed with a key.
func (m Mode) NeedsKey() bool { return m == Pseudonym || m == Hash }

// Check returns an error for an unknown mode.
func (m Mode) Check() error {
	if !slices.Contains(Modes(), m) {
		return fmt.Errorf("no way of redacting is called %q; want mask, label, pseudonym or hash", string(m))
	}
	return nil
}

// The labels of what patterns find. A model may have PHONE_NUMBER too.
const (
	PhoneLabel = "PHONE_NUMBER"
	EmailLabel = "EMAIL"
	IDLabel    = "ID_NUMBER"
	DateLabel  = "DATE"
	URLLabel   = "URL"
)

// PatternLabels returns the labels of what patterns find.
func PatternLabels() []string {
	return []string{PhoneLabel, EmailLabel, IDLabel, DateLabel, URLLabel}
}

// modelLabels are the built-in entity labels that say who somebody is, or where.
var modelLabels = []string{"NAME", "VICTIM", "PERPETRATOR", "LOCATION", "LANDMARK", PhoneLabel, "AGE"}

// DefaultLabels returns the labels that are replaced unless [Options].Labels says otherwise:
// the built-in entity task's without GENDER and INCIDENT_TYPE, and those of the patterns.
func DefaultLabels() []string {
	list := slices.Clone(modelLabels)
	for _, label := range PatternLabels() {
		if !slices.Contains(list, label) {
			list = append(list, label)
		}
	}
	return list
}

// Options say what is replaced, and by what.
type Options struct {
	Mode   Mode
	Labels []string // of entities and patterns; nil: [DefaultLabels]
	Key    []byte   // for the modes that need one, of at least [MinKey] bytes
}

// Redactor replaces parts of texts. It is safe for concurrent use.
type Redactor struct {
	mode   Mode
	labels []string
	chosen bool // the labels, by the user
	key    []byte
}

// New returns a Redactor for the options.
func New(o Options) (*Redactor, error) {
	r := &Redactor{mode: o.Mode, labels: o.Labels, chosen: o.Labels != nil, key: slices.Clone(o.Key)}
	if !r.chosen {
		r.labels = DefaultLabels()
	}
	switch {
	case o.Mode.Check() != nil:
		return nil, o.Mode.Check()
	case len(r.labels) == 0:
		return nil, errors.New("redact: no label is given: there would be nothing to replace")
	case o.Mode.NeedsKey() && len(o.Key) == 0:
		return nil, fmt.Errorf("redact: %s needs a key", o.Mode)
	case o.Mode.NeedsKey() && len(o.Key) < MinKey:
		return nil, errShortKey(len(o.Key))
	}
	return r, nil
}

// Mode returns what stands in place of what is removed.
func (r *Redactor) Mode() Mode { return r.mode }

// Labels returns the labels that are replaced.
func (r *Redactor) Labels() []string { return slices.Clone(r.labels) }

// Replaces reports whether entities with that label are replaced.
func (r *Redactor) Replaces(label string) bool { return slices.Contains(r.labels, label) }

// CheckLabels returns an error if a chosen label is neither a pattern's nor among known,
// the labels of a model's entities; or, without a choice, if the model has none of the
// default ones, so that no name would be found.
func (r *Redactor) CheckLabels(known []string) error {
	has := func(label string) bool { return slices.Contains(known, label) }
	all := slices.Clone(known)
	for _, label := range PatternLabels() {
		if !has(label) {
			all = append(all, label)
		}
	}
	switch {
	case !r.chosen && !slices.ContainsFunc(modelLabels, has):
		return fmt.Errorf("redact: the model finds none of %s, so names would stay: choose labels; there are %s", strings.Join(modelLabels, ", "), strings.Join(all, ", "))
	case !r.chosen:
		return nil
	}
	for _, label := range r.labels {
		if !slices.Contains(all, label) {
			return fmt.Errorf("redact: neither the model nor a pattern finds %q; there are %s", label, strings.Join(all, ", "))
		}
	}
	return nil
}
