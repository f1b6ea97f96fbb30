package annotations

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// pieces are words whose characters units count differently, and plain ones.
var pieces = []string{"Amina", "anaishi", "Kisumu", "😀", "👩‍👧", "mtoto", "Zoë", "Zoe\u0308", "日本", "0300123456", "don't", "…", "(", ".", "Óscar", "🇰🇪", "a"}

var blanks = []string{" ", " ", " ", "\n", "\r\n", "  ", "\u00a0", ""}

// randomDocument makes up a document with what a format can hold.
func randomDocument(r *rand.Rand, n int, can Carries) Document {
	d := Document{State: Labelled}
	if can.IDs {
		d.ID = fmt.Sprintf("c%d", n)
	}
	var text []rune
	var words []word
	for range 2 + r.IntN(12) {
		start := len(text)
		text = append(text, []rune(pieces[r.IntN(len(pieces))])...)
		words = append(words, word{start, len(text)})
		text = append(text, []rune(blanks[r.IntN(len(blanks))])...)
	}
	d.Text = datasets.Transcript(text)
	if can.Spans && r.IntN(5) > 0 {
		d.Spans = []Span{}
		for i := 0; i < len(words); i++ {
			if r.IntN(3) == 0 {
				last := min(i+r.IntN(2), len(words)-1)
				d.Spans = append(d.Spans, Span{Start: words[i].start, End: words[last].end, Label: tasks.NERLabels()[1+r.IntN(9)]})
				if !can.Overlaps || r.IntN(2) == 0 {
					i = last
				}
			}
		}
		d.Spans = distinct(d.Spans)
	}
	if can.Classes {
		for _, head := range []string{"category", "intervention", "priority"} {
			if head == "category" || r.IntN(2) == 0 {
				d.setClass(head, []string{"Custody", "Legal issues", "2", "A=b, \"c\""}[r.IntN(4)])
			}
		}
	}
	if can.Flags {
		for _, h := range tasks.QA().Heads {
			for _, label := range h.Labels {
				if r.IntN(4) > 0 {
					d.setFlag(h.Name, label, r.IntN(2) == 0)
				}
			}
		}
	}
	if can.Meta && r.IntN(3) > 0 {
		d.setMeta("county", encode([]any{"Siaya", "5", 5, true, "[1]", ""}[r.IntN(6)]))
		d.setMeta("victim", json.RawMessage(`{"age": "5", "x": [1, null]}`))
	}
	return d
}

// only leaves what a task has.
func only(can Carries, t tasks.Task) Carries {
	can.Spans, can.Classes, can.Flags = can.Spans && t.PerToken(), can.Classes && t.Kind == tasks.MultiClass, can.Flags && t.Kind == tasks.MultiLabel
	can.Overlaps = false
	return can
}

// writeAll writes documents and returns the file as an input.
func writeAll(t *testing.T, f Format, documents []Document, o Options) Input {
	t.Helper()
	if f.Folder {
		dir := filepath.Join(t.TempDir(), "out")
		if err := Write(Output{Path: dir}, f, documents, o); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		in, err := File(dir)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	var b bytes.Buffer
	if err := Write(Output{W: &b}, f, documents, o); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	in, err := Stream("calls", &b)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func readAll(t *testing.T, in Input, f Format, o Options) []Document {
	t.Helper()
	var list []Document
	for d, err := range Read(t.Context(), in, f, o) {
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		list = append(list, d)
	}
	return list
}

func checkSame(t *testing.T, what string, got, want []Document) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d documents, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("%s: document %d of text %q:\n got %#v\n    %s\nwant %#v\n    %s", what, i, string(want[i].Text), got[i], got[i].Meta, want[i], want[i].Meta)
		}
	}
}

// What a format can hold comes back, in every unit of offsets.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 22))
	for _, f := range Formats(nil) {
		if !f.Writes || f.Name == "conll" {
			continue
		}
		can := f.Can
		if can.Flags && !f.isRecords() && f.Name != "csv" {
			can.Flags = false // without a task, what wasn't chosen isn't known to be no; see below
		}
		var documents []Document
		count := 100
		if f.Folder { // each file is flushed to disk
			count = 4
		}
		for n := range count {
			d := randomDocument(r, n, can)
			if d.Spans == nil && d.Classes == nil && d.Flags == nil {
				continue
			}
			if f.Name == "labelstudio" && len(d.Spans) == 0 && d.Classes != nil {
				d.Spans = nil // without a task, no region beside choices may mean that no one looked
			}
			documents = append(documents, d)
		}
		units := []Unit{""}
		if f.Output != "" {
			units = Units()
		}
		if f.Folder {
			units = units[:2]
		}
		for _, unit := range units {
			if unit == UnitGrapheme || unit == UnitCodePointLF || unit == UnitUTF16LF {
				documents = slices.Clone(documents)
				documents = slices.DeleteFunc(documents, func(d Document) bool {
					for _, e := range d.Spans { // an end between \r and \n, say
						if _, ok := fromCodePoints(unit.places([]rune(string(d.Text))), e); !ok {
							return true
						}
					}
					return false
				})
			}
			o := Options{OutputUnit: unit, Unit: unit, Annotations: true}
			got := readAll(t, writeAll(t, f, documents, o), f, o)
			if f.Name == "brat" { // files are in the order of their names
				byID := func(a, b Document) int { return strings.Compare(a.ID, b.ID) }
				slices.SortFunc(got, byID)
				slices.SortFunc(documents, byID)
			}
			checkSame(t, f.Name+" "+string(unit), got, documents)
		}
	}
}

// Trident's records come back from every tool that can hold them.
func TestRecordsThroughTools(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 22))
	for _, task := range builtIn() {
		records := recordsOf(task)
		for _, tool := range Formats(nil) {
			can := only(tool.Can, task)
			if !tool.Writes || tool.Name == "conll" || !can.Spans && !can.Classes && !can.Flags || tool.isRecords() && tool.Name != records.Name {
				continue
			}
			var documents []Document
			count := 40
			if tool.Folder {
				count = 4
			}
			for n := range count {
				if d := randomDocument(r, n, can); labelledFor(task, d) {
					documents = append(documents, d)
				}
			}
			in := writeAll(t, records, documents, Options{})
			o := Options{Annotations: true, Unit: UnitUTF16, OutputUnit: UnitUTF16}
			var written, back bytes.Buffer
			out := Output{W: &written}
			if tool.Folder {
				out.Path = filepath.Join(t.TempDir(), "tool")
			}
			if _, err := Convert(t.Context(), in, records, out, tool, o); err != nil {
				t.Fatalf("%s to %s: %v", records.Name, tool.Name, err)
			}
			middle, err := Stream("tool", &written)
			if tool.Folder {
				middle, err = File(out.Path)
			}
			if err != nil {
				t.Fatal(err)
			}
			summary, err := Convert(t.Context(), middle, tool, Output{W: &back}, records, o)
			if err != nil || summary.Written != len(documents) {
				t.Fatalf("%s to %s: %d of %d written, %v", tool.Name, records.Name, summary.Written, len(documents), err)
			}
			got := readAll(t, stream(t, back.String()), records, Options{})
			byID := func(a, b Document) int { return strings.Compare(a.ID, b.ID) }
			slices.SortFunc(got, byID)
			slices.SortFunc(documents, byID)
			checkSame(t, records.Name+" through "+tool.Name, got, documents)
		}
	}
}

// The unit that a file was written in is found, or the file is refused.
func TestDetectsUnit(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 22))
	f, err := Find("doccano", nil)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for range 40 {
		var documents []Document
		for n := range 20 {
			d := randomDocument(r, n, Carries{Spans: true})
			if d.Spans != nil {
				documents = append(documents, d)
			}
		}
		for _, unit := range []Unit{UnitCodePoint, UnitUTF16, UnitByte} {
			in := writeAll(t, f, documents, Options{OutputUnit: unit})
			var got []Document
			refused := false
			for d, err := range Read(t.Context(), in, f, Options{}) {
				if err != nil {
					refused = true
					break
				}
				got = append(got, d)
			}
			if !refused {
				found++
				checkSame(t, string(unit), got, documents)
			}
		}
	}
	if found < 60 {
		t.Errorf("the unit of only %d of 120 files is found", found)
	}
}
