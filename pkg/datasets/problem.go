package datasets

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind is the kind of a record's problem.
type Kind string

// The kinds of problems.
const (
	KindJSON      Kind = "not valid JSON"
	KindUTF8      Kind = "not UTF-8"
	KindSurrogate Kind = "half a surrogate pair"
	KindTooLong   Kind = "record too long"
	KindTable     Kind = "not a table"
	KindType      Kind = "wrong type"
	KindEmpty     Kind = "empty or missing field"
	KindRange     Kind = "span outside the text"
	KindReversed  Kind = "span without length"
	KindOverlap   Kind = "overlapping spans"
	KindLabel     Kind = "unknown label"
	KindText      Kind = "text in place of a label"
	KindDuplicate Kind = "id twice"

	KindContradiction Kind = "labels that contradict other records" // of dependent heads
)

// Problem describes a record that can't be used, without any of its texts.
type Problem struct {
	File    string
	Record  int // from 1; 0: the file as a whole
	Line    int // start of the record, from 1
	Kind    Kind
	Message string
}

// String describes the problem on one line.
func (p Problem) String() string {
	if p.Record == 0 {
		return fmt.Sprintf("%s: line %d: %s", p.File, p.Line, p.Message)
	}
	return fmt.Sprintf("%s: record %d, line %d: %s", p.File, p.Record, p.Line, p.Message)
}

// mostListed is the maximum number of problems to list.
const mostListed = 20

// Problems describes the records that can't be used: the first ones, and the number of
// each kind. A record counts once.
type Problems struct {
	First  []Problem
	Counts map[Kind]int

	// Unreadable is set if the rest of a file after such a record couldn't be read at
	// all.
	Unreadable bool
}

func (p *Problems) add(one Problem) {
	if p.Counts == nil {
		p.Counts = map[Kind]int{}
	}
	p.Counts[one.Kind]++
	if len(p.First) < mostListed {
		p.First = append(p.First, one)
	}
}

// Add adds the problems of others.
func (p *Problems) Add(others Problems) {
	for kind, n := range others.Counts {
		if p.Counts == nil {
			p.Counts = map[Kind]int{}
		}
		p.Counts[kind] += n
	}
	p.First = append(p.First, others.First[:min(len(others.First), mostListed-len(p.First))]...)
	p.Unreadable = p.Unreadable || others.Unreadable
}

// Total returns the number of records with a problem.
func (p Problems) Total() int {
	n := 0
	for _, count := range p.Counts {
		n += count
	}
	return n
}

// ByKind lists the counts in words, largest first.
func (p Problems) ByKind() string {
	kinds := slices.SortedFunc(maps.Keys(p.Counts), func(a, b Kind) int {
		return cmp.Or(cmp.Compare(p.Counts[b], p.Counts[a]), cmp.Compare(a, b))
	})
	parts := make([]string, len(kinds))
	for i, kind := range kinds {
		parts[i] = fmt.Sprintf("%s %d", kind, p.Counts[kind])
	}
	return strings.Join(parts, ", ")
}

// BadRecords is the error about files with records that can't be used.
type BadRecords struct{ Problems }

// Error is one line for a single problem; for several it lists the first ones, one per
// line, and counts all.
func (e *BadRecords) Error() string {
	if e.Total() == 1 {
		return "read data: " + e.First[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "read data: %d records can't be used (%s):", e.Total(), e.ByKind())
	for _, p := range e.First {
		b.WriteString("\n  " + p.String())
	}
	if more := e.Total() - len(e.First); more > 0 {
		fmt.Fprintf(&b, "\n  … and %d more", more)
	}
	return b.String()
}

// recordError is an error about a record.
type recordError struct {
	kind Kind
	err  error
}

func (e *recordError) Error() string { return e.err.Error() }
func (e *recordError) Unwrap() error { return e.err }

func bad(kind Kind, format string, args ...any) error {
	return &recordError{kind, fmt.Errorf(format, args...)}
}

// KindOf returns the kind of an error about a record, however wrapped.
func KindOf(err error) Kind {
	var e *recordError
	if errors.As(err, &e) {
		return e.kind
	}
	return KindType
}

// unreadableError is an error about a file that isn't about a single record: the rest of
// it can't be read.
type unreadableError struct{ error }

func (e unreadableError) Unwrap() error { return e.error }

func unreadable(kind Kind, format string, args ...any) error {
	return unreadableError{bad(kind, format, args...)}
}
