package annotations

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// expected are the calls of scripts/annotations/tools.py, whose files real tools wrote.
func expected(t *testing.T, classes bool) []Document {
	t.Helper()
	var calls []struct {
		Text     string
		Entities []Span
		Category string
	}
	if err := json.Unmarshal([]byte(filetest.Read(t, filepath.Join("testdata", "expected.json"))), &calls); err != nil {
		t.Fatal(err)
	}
	var list []Document
	for _, c := range calls {
		d := Document{Text: datasets.Transcript(c.Text), Spans: c.Entities}
		if classes {
			d.setClass("category", c.Category)
		}
		list = append(list, d)
	}
	return list
}

func golden(t *testing.T, name string) Input {
	t.Helper()
	in, err := File(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// spaCy's own DocBin is read, whose words and labels are hashes, or numbers of symbols.
func TestReadsSpaCy(t *testing.T) {
	in := golden(t, "calls.spacy")
	got := readAll(t, in, mustFind(t, "docbin"), Options{})
	want := append(expected(t, true), Document{Text: "Nobody has looked at this.", State: Unlabelled}, Document{Text: "Otieno called.", Spans: []Span{}})
	checkSame(t, "docbin", got, want)
	_, err := Convert(t.Context(), in, mustFind(t, "docbin"), Output{W: new(strings.Builder)}, mustFind(t, "csv"), Options{})
	if err == nil || !strings.Contains(err.Error(), "span groups (1)") {
		t.Errorf("error %v", err)
	}
}

func TestDamagedDocBin(t *testing.T) {
	whole := filetest.Read(t, filepath.Join("testdata", "calls.spacy"))
	for name, data := range map[string]string{"empty": "", "text": "kXqZv", "cut": whole[:len(whole)/2]} {
		for _, err := range Read(t.Context(), stream(t, data), mustFind(t, "docbin"), Options{}) {
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: error %v", name, err)
			}
		}
	}
}

// Label Studio's export, and what its own converter makes of it, have the same labels.
func TestReadsLabelStudio(t *testing.T) {
	full := readAll(t, golden(t, "labelstudio.json"), mustFind(t, "labelstudio"), Options{})
	small := readAll(t, golden(t, "labelstudio_min.json"), mustFind(t, "labelstudio"), Options{})
	if last := full[len(full)-1]; last.State != Skipped || last.Spans != nil || last.Classes != nil {
		t.Errorf("the cancelled task: %+v", last)
	}
	want := expected(t, true)
	for i := range want {
		want[i].ID = string(rune('1' + i))
		if len(want[i].Spans) == 0 {
			want[i].Spans = nil // only a class was chosen
		}
	}
	checkSame(t, "JSON", full[:len(full)-1], want)
	checkSame(t, "JSON_MIN", small, want)
}

func TestReadsLabelStudioCoNLL(t *testing.T) {
	got := readAll(t, golden(t, "labelstudio.conll"), mustFind(t, "conll"), Options{})
	want := expected(t, false)
	if len(got) != len(want) {
		t.Fatalf("%d documents, want %d", len(got), len(want))
	}
	surfaces := func(d Document) (list []string) {
		for _, e := range d.Spans {
			list = append(list, e.Label+": "+string([]rune(string(d.Text))[e.Start:e.End]))
		}
		return list
	}
	for i := range want {
		if !reflect.DeepEqual(surfaces(got[i]), surfaces(want[i])) {
			t.Errorf("document %d: %q, want %q", i+1, surfaces(got[i]), surfaces(want[i]))
		}
	}
}

// Numbers of strings are spaCy's.
func TestStringID(t *testing.T) {
	for text, want := range map[string]uint64{"": 0, "PERSON": 380, "Kisumu": 15981530220503429019} {
		if got := stringID(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
