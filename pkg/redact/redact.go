package redact

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// Source says what found a replaced part.
type Source string

// The sources.
const (
	FromModel   Source = "model"
	FromPattern Source = "pattern"
	FromRepeat  Source = "repeat" // it is a further mention of what the model or a pattern found
)

// Span is a part of a text that a model labelled. Start and End count code points,
// half-open.
type Span struct {
	Label      string
	Start, End int
}

// Replacement is a part of the new text that stands for something else. Start and End count
// code points of the new text, half-open.
type Replacement struct {
	Label  string `json:"label"`
	Text   string `json:"text"` // what stands there now
	Start  int    `json:"start"`
	End    int    `json:"end"`
	Source Source `json:"source" doc:"model, pattern, or repeat: a further mention of what one of them found."`

	from, to int // of the old text
}

// Result is a redacted text.
type Result struct {
	Text         string
	Replacements []Replacement // in order

	redactor *Redactor
	original string
	known    *surfaces
	found    []Span // what the model found
}

// Redact replaces, in a call, what the model found and what patterns find, where its label
// is one of [Redactor.Labels], and further mentions of both. Spans may overlap, and are
// extended to whole words, and those without a letter or digit are ignored; of overlapping ones the longest has the label. It never fails:
// spans outside the text are cut.
func (r *Redactor) Redact(text string, spans []Span) Result {
	source := []rune(text)
	f := fold(source)
	var list []found
	for _, s := range spans {
		a, b := f.index(max(0, s.Start)), f.index(min(len(source), s.End))
		if !r.Replaces(s.Label) || a >= b || isIn(a, b, list) {
			continue
		}
		a, b = f.widen(a, b)
		if a, b = f.trim(a, b); a < b {
			list = append(list, found{a: a, b: b, label: s.Label, source: FromModel})
		}
	}
	list = append(list, match(f, r.labels)...)
	list = union(list, func(x, y found) found {
		if y.b-y.a > x.b-x.a {
			return y
		}
		return x
	})
	all := identify(f, list)
	first := len(list)
	known := spellings(f, list, all)
	list = append(list, known.find(f)...)
	for _, one := range list[first:] {
		if len(one.identity.order) == 0 { // a word that several names share
			one.identity.mention(one.label)
		}
	}
	list = union(list, func(x, _ found) found { return x })
	r.name(f, list)
	result := r.build(f, list, known)
	result.found, result.original = spans, text
	return result
}

// build makes the new text.
func (r *Redactor) build(f folded, list []found, known *surfaces) Result {
	result := Result{redactor: r, known: known}
	var b strings.Builder
	length, done := 0, 0
	keep := func(to int) {
		b.WriteString(string(f.source[done:to]))
		length += to - done
	}
	for _, one := range list {
		from, to := f.code(one.a), f.code(one.b)
		keep(from)
		token := one.identity.token
		n := len([]rune(token))
		b.WriteString(token)
		result.Replacements = append(result.Replacements, Replacement{
			Label: one.identity.label, Text: token, Start: length, End: length + n, Source: one.source, from: from, to: to,
		})
		length, done = length+n, to
	}
	keep(len(f.source))
	result.Text = b.String()
	return result
}

// String says how much was replaced. The text isn't shown, as datasets.Transcript isn't.
func (result Result) String() string {
	return fmt.Sprintf("[redacted text, %d replacements]", len(result.Replacements))
}

// Format is String for all verbs.
func (result Result) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, result.String()) } // can't fail: fmt's buffer

// LogValue is String, for log/slog.
func (result Result) LogValue() slog.Value { return slog.StringValue(result.String()) }

// Move returns where a part of the old text is in the new one. What begins or ends within a
// replaced part begins or ends with the replacement.
func (result Result) Move(start, end int) (newStart, newEnd int) {
	return result.move(start, false), result.move(end, true)
}

func (result Result) move(at int, isEnd bool) int {
	i, _ := slices.BinarySearchFunc(result.Replacements, at, func(one Replacement, at int) int {
		if one.to < at || one.to == at && !isEnd {
			return -1
		}
		return 1
	})
	shift := 0
	if i > 0 {
		shift = result.Replacements[i-1].End - result.Replacements[i-1].to
	}
	if i == len(result.Replacements) {
		return at + shift
	}
	one := result.Replacements[i]
	switch {
	case isEnd && at > one.from:
		return one.End
	case !isEnd && at >= one.from:
		return one.Start
	}
	return at + shift
}

// Replaced returns the replacement that covers a part of the old text, or some of it, by
// its index; -1: none.
func (result Result) Replaced(start, end int) int {
	i, _ := slices.BinarySearchFunc(result.Replacements, start, func(one Replacement, start int) int {
		if one.to <= start {
			return -1
		}
		return 1
	})
	if i == len(result.Replacements) || result.Replacements[i].from >= end {
		return -1
	}
	return i
}

// Covered reports whether all of a part of the old text was replaced, apart from characters
// that are neither letters nor digits.
func (result Result) Covered(start, end int) bool {
	return result.CoveredCharacters(start, end) == result.characters(start, end)
}

// CoveredCharacters returns how many letters and digits of a part of the old text were
// replaced.
func (result Result) CoveredCharacters(start, end int) int {
	n := 0
	for _, one := range result.Replacements {
		if from, to := max(start, one.from), min(end, one.to); from < to {
			n += result.characters(from, to)
		}
	}
	return n
}

// characters returns the number of letters and digits of a part of the old text.
func (result Result) characters(start, end int) int {
	n := 0
	old := []rune(result.original)
	for _, r := range old[max(0, start):max(0, start, min(end, len(old)))] {
		if isWord(r) {
			n++
		}
	}
	return n
}

// Elsewhere redacts another text that goes with the call, such as its id: what was replaced
// in the call, and phone numbers and e-mail addresses if they are among the labels.
func (result Result) Elsewhere(text string) string {
	if result.known == nil {
		return text
	}
	f := fold([]rune(text))
	list := result.known.find(f)
	for _, one := range match(f, []string{PhoneLabel, EmailLabel}) {
		if result.redactor.Replaces(one.label) {
			class := classOf(one.label)
			if one.identity = result.known.all.by[[2]string{class, nameOf(class, f.text(one.a, one.b))}]; one.identity == nil {
				one.identity = &identity{}
			}
			list = append(list, one)
		}
	}
	list = union(list, func(x, _ found) found { return x })
	var b strings.Builder
	done := 0
	for _, one := range list {
		b.WriteString(string(f.source[done:f.code(one.a)]) + cmp.Or(one.identity.token, "["+one.label+"]"))
		done = f.code(one.b)
	}
	return b.String() + string(f.source[done:])
}

// Original is something that was replaced, for a map that is kept apart.
type Original struct {
	Label       string `json:"label"`
	Replacement string `json:"replacement"`
	Text        string `json:"text"` // what stood there
}

// Originals returns what was replaced, each spelling once, in the text's order. It is what
// redaction removes: keep it apart from the result, or not at all.
func (result Result) Originals() []Original {
	var list []Original
	seen := map[Original]bool{}
	old := []rune(result.original)
	for _, one := range result.Replacements {
		o := Original{one.Label, one.Text, string(old[one.from:one.to])}
		if !seen[o] {
			seen[o] = true
			list = append(list, o)
		}
	}
	return list
}
