package annotations

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// detector collects, over a file, how well its spans match the texts in each unit.
type detector struct {
	file    string
	prefer  Unit // of the tool; taken if the text makes no difference
	show    bool
	units   []Unit
	counts  []fitCount
	differs [][]int // spans that two units put at different places
	telling int     // spans that some units put at different places
	lost    int     // of these, those that match in no unit: their records will be refused
	misfits []misfit
}

// fitCount counts the telling spans that don't match in a unit.
type fitCount struct {
	hard int // outside the text, inside a character, or with another text than the file's
	soft int // without one: they don't begin and end where words do
}

// misfit is a telling span with its places in each unit.
type misfit struct {
	record, line, number int
	given                Span
	hard, soft           []bool   // by unit
	places               []Span   // by unit
	surface              string   // the file's text of it; "" unless asked for
	words                []string // the text's, by unit; nil unless asked for
}

func newDetector(file string, prefer Unit, show bool) *detector {
	d := &detector{file: file, prefer: prefer, show: show, units: []Unit{prefer}}
	for _, u := range Units() {
		if u != prefer {
			d.units = append(d.units, u)
		}
	}
	d.counts = make([]fitCount, len(d.units))
	for range d.units {
		d.differs = append(d.differs, make([]int, len(d.units)))
	}
	return d
}

// note adds a record.
func (d *detector) note(r draft) {
	if len(r.Spans) == 0 || isPlain(string(r.Text)) {
		return
	}
	text := []rune(string(r.Text))
	places := make([][]int, len(d.units))
	for u, unit := range d.units {
		places[u] = unit.places(text)
	}
	for i, e := range r.Spans {
		m := misfit{record: r.record, line: r.line, number: i + 1, given: e}
		for u := range d.units {
			m.places = append(m.places, toCodePoints(places[u], len(text), e))
		}
		if !slices.ContainsFunc(m.places, func(other Span) bool { return other != m.places[0] }) {
			continue
		}
		d.telling++
		surface := ""
		if i < len(r.surfaces) {
			surface = r.surfaces[i]
		}
		for _, at := range m.places {
			hard, soft := misfits(text, at, surface)
			m.hard, m.soft = append(m.hard, hard), append(m.soft, soft)
		}
		if d.show {
			m.surface = surface
			for _, at := range m.places {
				m.words = append(m.words, wordsAt(text, at))
			}
		}
		d.misfits = append(d.misfits, m)
		if !slices.Contains(m.hard, false) {
			d.lost++
			continue
		}
		for u, at := range m.places {
			if m.hard[u] {
				d.counts[u].hard++
			}
			if m.soft[u] {
				d.counts[u].soft++
			}
			for v := range m.places {
				if m.places[v] != at {
					d.differs[u][v]++
				}
			}
		}
	}
}

// wordsAt returns a span's text, or "" if it isn't one of the text.
func wordsAt(text []rune, e Span) string {
	if e.Start < 0 || e.End > len(text) || e.End <= e.Start {
		return ""
	}
	return string(text[e.Start:e.End])
}

// misfits reports whether a span can't be what the file means, and whether it is
// unlikely to be.
func misfits(text []rune, e Span, surface string) (hard, soft bool) {
	if e.Start < 0 || e.End > len(text) || e.End <= e.Start {
		return true, true
	}
	if surface != "" {
		return !sameSurface(string(text[e.Start:e.End]), surface), false
	}
	return false, !datasets.FitsWords(text, e)
}

// decide returns the unit that matches. If several match equally well and put spans at
// different places, or none matches, the error lists these spans.
func (d *detector) decide() (Unit, error) {
	if d.telling == 0 {
		return d.prefer, nil
	}
	order := make([]int, len(d.units))
	for u := range order {
		order[u] = u
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(d.counts[a].hard, d.counts[b].hard), cmp.Compare(d.counts[a].soft, d.counts[b].soft))
	})
	best := order[0]
	if d.counts[best].hard > 0 || 2*(d.counts[best].soft+d.lost) > d.telling {
		return "", d.refusal("match the texts in no unit; the best is "+string(d.units[best]), func(m misfit) bool { return m.hard[best] || m.soft[best] }, []int{best})
	}
	rivals := []int{best}
	for _, u := range order[1:] {
		if d.differs[best][u] > 0 && d.counts[u].hard == 0 && d.counts[u].soft < 2*d.counts[best].soft+1 {
			rivals = append(rivals, u)
		}
	}
	if len(rivals) > 1 {
		return "", d.refusal("may count "+d.names(rivals), func(m misfit) bool {
			return slices.ContainsFunc(rivals[1:], func(u int) bool { return m.places[u] != m.places[best] })
		}, rivals)
	}
	return d.units[best], nil
}

func (d *detector) names(units []int) string {
	var names []string
	for _, u := range units {
		names = append(names, string(d.units[u]))
	}
	return strings.Join(names, " or ")
}

// mostMisfits is the number of spans that an error lists.
const mostMisfits = 1000

// refusal is the error that lists the spans for which which holds, with their places in
// some units.
func (d *detector) refusal(what string, which func(misfit) bool, units []int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: offsets %s; say which with --offset-unit (%v). The spans in question, in code points:", d.file, what, Units())
	n := 0
	for _, m := range d.misfits {
		if !which(m) {
			continue
		}
		if n++; n > mostMisfits {
			continue
		}
		fmt.Fprintf(&b, "\n  record %d, line %d, entity %d: [%d, %d)", m.record, m.line, m.number, m.given.Start, m.given.End)
		for _, u := range units {
			if at := m.places[u]; at.Start < 0 || at.End < 0 {
				fmt.Fprintf(&b, "; as %s it isn't one of the text", d.units[u])
			} else {
				fmt.Fprintf(&b, "; as %s [%d, %d)", d.units[u], at.Start, at.End)
			}
			if m.words != nil {
				fmt.Fprintf(&b, " %q", m.words[u])
			}
		}
		if m.surface != "" {
			fmt.Fprintf(&b, "; the file has %q", m.surface)
		}
	}
	if n > mostMisfits {
		fmt.Fprintf(&b, "\n  … and %d more", n-mostMisfits)
	}
	return &UnitError{b.String()}
}

// UnitError is the error about offsets whose unit can't be decided. It lists the spans.
type UnitError struct{ text string }

func (e *UnitError) Error() string { return e.text }
