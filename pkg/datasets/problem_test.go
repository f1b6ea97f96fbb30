package datasets

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// problemsOf loads a file for the prototype's NER task and returns what is wrong
// with it.
func problemsOf(t *testing.T, content string, skip bool) (Records, Problems) {
	t.Helper()
	r, err := Load(t.Context(), Source{Path: write(t, "data.json", content), Tasks: []tasks.Task{builtIn()["ner"]}, SkipBad: skip})
	var problems *BadRecords
	switch {
	case errors.As(err, &problems):
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error holds a text: %v", err)
		}
		return r, problems.Problems
	case err != nil:
		t.Fatal(err)
	}
	return r, r.Problems
}

// wrong are records that can't be used, each of which is on one line and in
// itself JSON.
var wrong = []struct {
	record string
	kind   Kind
}{
	{`["Amina"]`, KindType},
	{`{"text": 5}`, KindType},
	{`{"text": "Amina", "entities": [{"start": "0", "end": 5, "label": "NAME"}]}`, KindType},
	{`{"text": " \n"}`, KindEmpty},
	{`{"entities": []}`, KindEmpty},
	{"{\"text\": \"Amina Kam\xe9\"}", KindUTF8},
	{`{"text": "Amina \ud83d"}`, KindSurrogate},
	{`{"text": "Amina", "other": "\ude00"}`, KindSurrogate},
	{`{"text": "Amina", "entities": [{"start": 3, "end": 90, "label": "NAME"}]}`, KindRange},
	{`{"text": "Amina", "entities": [{"start": 3, "end": 1, "label": "NAME"}]}`, KindReversed},
	{`{"text": "Amina", "entities": [{"start": 3, "end": 5, "label": "NAME"}, {"start": 0, "end": 4, "label": "AGE"}]}`, KindOverlap},
	{`{"text": "Amina", "entities": [{"start": 0, "end": 5, "label": "AGE"}, {"start": 0, "end": 5, "label": "AGE"}]}`, KindOverlap},
	{`{"text": "Amina", "entities": [{"start": 0, "end": 5, "label": "PERSON"}]}`, KindLabel},
	{`{"text": "Amina", "entities": [{"start": 0, "end": 5, "label": "Amina"}]}`, KindText},
	{`{"text": "Amina", "uniqueid": 1}`, KindDuplicate},
}

const good = `{"text": "Amina", "uniqueid": 1, "entities": []}`

func TestEveryProblemIsPlaced(t *testing.T) {
	for _, layout := range []struct {
		name, open, between, end string
		line                     func(record int) int
	}{
		{"lines", "", "\n", "", func(record int) int { return record }},
		{"Windows lines after a mark", "\xef\xbb\xbf", "\r\n\r\n", "\r\n", func(record int) int { return 2*record - 1 }},
		{"array", "[", ", ", "]", func(int) int { return 1 }},
		{"array of lines", "\xef\xbb\xbf \n[\n\n", "\n,\r\n", "\n]\n", func(record int) int { return 2*record + 2 }},
	} {
		records := []string{good}
		want := []Problem{}
		counts := map[Kind]int{}
		for i, w := range wrong {
			records = append(records, w.record)
			want = append(want, Problem{Record: i + 2, Line: layout.line(i + 2), Kind: w.kind})
			counts[w.kind]++
		}
		records = append(records, `{"text": "Amina", "uniqueid": 2}`)
		content := layout.open + strings.Join(records, layout.between) + layout.end
		for _, skip := range []bool{false, true} {
			r, problems := problemsOf(t, content, skip)
			for i, p := range problems.First {
				if p.File != r.Path || p.Message == "" {
					t.Errorf("%s: %+v", layout.name, p)
				}
				p.File, p.Message = "", ""
				problems.First[i] = p
			}
			if !reflect.DeepEqual(problems.First, want) || !maps.Equal(problems.Counts, counts) || problems.Unreadable {
				t.Errorf("%s: got\n%+v, want\n%+v", layout.name, problems, want)
			}
			if len(r.Texts) != len(records) || !r.Usable(1) || r.Usable(2) || !r.Usable(len(records)) {
				t.Errorf("%s: %d records, want %d", layout.name, len(r.Texts), len(records))
			}
			set := mustEncode(t, r, Limits{MaxLength: 16})
			if got := recordNumbers(set.Examples); !slices.Equal(got, []int{1, len(records)}) {
				t.Errorf("%s: records %v are examples", layout.name, got)
			}
			if want := (Filter{Before: len(records), After: 2, Skipped: len(wrong)}); set.Filters[0] != want || want.Removed() != 0 {
				t.Errorf("%s: filter %+v, want %+v", layout.name, set.Filters[0], want)
			}
			if texts := slices.Collect(Texts([]Records{r})); !slices.Equal(texts, []string{secret, secret}) {
				t.Errorf("%s: %d texts", layout.name, len(texts))
			}
		}
	}
}

func TestNothingIsReadAfterABreak(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    Problem
	}{
		"broken element":   {"[" + good + ",\n {\"text\": Amina},\n" + good + "]", Problem{Record: 2, Line: 2, Kind: KindJSON}},
		"a quote missing":  {"[" + good + ",\n {\"text\": \"Amina},\n" + good + "]", Problem{Record: 2, Line: 2, Kind: KindJSON}},
		"no comma":         {"[" + good + "\n" + good + "]", Problem{Line: 2, Kind: KindJSON}},
		"a comma too much": {"[" + good + ",\n]", Problem{Line: 2, Kind: KindJSON}},
		"no end":           {"[" + good + ",", Problem{Line: 1, Kind: KindJSON}},
		"cut off":          {"[" + good + ", {\"te", Problem{Record: 2, Line: 1, Kind: KindJSON}},
		"more behind":      {"[" + good + "]\n\nAmina", Problem{Line: 1, Kind: KindJSON}},
		"UTF-16":           {"\xff\xfe[\x00", Problem{Line: 1, Kind: KindUTF8}},
	} {
		_, problems := problemsOf(t, c.content, true)
		if !problems.Unreadable || len(problems.First) != 1 {
			t.Errorf("%s: got %+v", name, problems)
			continue
		}
		p := problems.First[0]
		c.want.File, c.want.Message = p.File, p.Message
		if p != c.want || !strings.HasSuffix(p.Message, "; nothing after that can be read") {
			t.Errorf("%s: got %+v, want %+v", name, p, c.want)
		}
	}
	if _, problems := problemsOf(t, good+"\n{\"text\": Amina}\n"+`{"text": "Amina"}`, true); problems.Unreadable || problems.Total() != 1 {
		t.Errorf("a broken line: got %+v", problems)
	}
}

// A file of many megabytes without a line break isn't kept in memory.
func TestRecordTooLong(t *testing.T) {
	long := `{"text": "` + strings.Repeat(`Amina \" `, 2*maxRecord/9) + `"}`
	for name, content := range map[string]string{
		"lines": good + "\n" + long + "\n{\"text\": \"x\"}\n", "array": "[" + good + ",\n" + long + ",\n{\"text\": \"x\"}]",
	} {
		in, err := newReader(strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []Kind{"", KindTooLong, ""} {
			if _, err := in.next(); (err != nil) != (want != "") || err != nil && KindOf(err) != want {
				t.Errorf("%s, record %d: got %v", name, i+1, err)
			}
			if in.records != i+1 || in.line != i+1 {
				t.Errorf("%s: record %d in line %d, want %d", name, in.records, in.line, i+1)
			}
		}
		if n := cap(in.buffer); n > 2*maxRecord {
			t.Errorf("%s: %d bytes were kept", name, n)
		}
		if _, err := in.next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: after the last record: %v", name, err)
		}
	}
}

func TestReadingFails(t *testing.T) {
	broken := errors.New("the disk is broken")
	for _, content := range []string{"", "[", "[" + good, "[" + good + ",", "[{", "[1", "[]", "[" + good + "]", good, good + "\n"} {
		r := Records{Source: Source{Path: "data.json", Tasks: []tasks.Task{tasks.QA()}}}
		in := iotest.OneByteReader(io.MultiReader(strings.NewReader(content+strings.Repeat(" ", 5000)), iotest.ErrReader(broken)))
		if err := r.read(t.Context(), in); !errors.Is(err, broken) {
			t.Errorf("%s: got %v, want %v", content, err, broken)
		}
	}
}

func TestManyProblems(t *testing.T) {
	_, problems := problemsOf(t, strings.Repeat(`{"text": ""}`+"\n", 70)+good+strings.Repeat("\n[]", 30), false)
	text := (&BadRecords{problems}).Error()
	lines := strings.Split(text, "\n")
	if len(lines) != 22 || !strings.Contains(lines[0], "100 records can't be used (empty or missing field 70, wrong type 30)") ||
		!strings.HasSuffix(lines[20], "record 20, line 20: text is empty") || lines[21] != "  … and 80 more" {
		t.Errorf("got %s", text)
	}
	// Those of several files are one error.
	path := write(t, "data.json", `{"text": ""}`)
	sources := []Source{{Path: path, Tasks: []tasks.Task{builtIn()["ner"]}}, {Path: path, Tasks: []tasks.Task{builtIn()["qa"]}}}
	all, err := LoadAll(t.Context(), sources)
	var found *BadRecords
	if !errors.As(err, &found) || found.Total() != 2 || len(found.First) != 2 || len(all) != 2 {
		t.Errorf("got %d sources, %v", len(all), err)
	}
}

func TestNoRecordIsLeft(t *testing.T) {
	for _, content := range []string{`{"text": ""}`, `[{"text": " ", "entities": []}]`} {
		_, err := Load(t.Context(), Source{Path: write(t, "data.json", content), Tasks: []tasks.Task{builtIn()["ner"]}, SkipBad: true})
		if want := "data.json: none of its 1 records can be used (empty or missing field 1); the first: text is empty"; err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", content, err, want)
		}
	}
}

func TestDuplicateIDs(t *testing.T) {
	mustLoad(t, `[{"text": "x", "sample_id": "7", "id": 1, "entities": []}, {"text": "x", "sample_id": 7, "id": 1}, {"text": "x", "uniqueid": "7"}, {"text": "y"},
		{"text": "y", "sample_id": null}, {"text": "y", "sample_id": null}, {"text": "y", "sample_id": ""}, {"text": "y", "sample_id": ""}]`, builtIn()["ner"])
	for text, want := range map[string]string{"x": "the same", "y": "another"} {
		_, err := load(t, `[{"text": "x", "uniqueid": "`+secret+`", "entities": []}, {"text": "`+text+`", "uniqueid": "`+secret+`"}]`, builtIn()["ner"])
		if want := "record 2, line 1: the uniqueid of record 1, with " + want + " text"; err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// FuzzLoad: whatever a file holds is read or reported, without its texts, and
// the numbers add up.
func FuzzLoad(f *testing.F) {
	for _, w := range wrong {
		record := strings.ReplaceAll(w.record, secret, marker)
		f.Add([]byte(record + "\n" + record))
		f.Add([]byte("[" + record + "," + record + "]"))
	}
	for _, s := range []string{"\xff\xfe", "[{\"text\": \"kXqZv\\", "{\"text\": \"kXqZv\"}\x00\n", "\xef\xbb\xbf\r\n[\r\n1 2", "[1,]", "[,1]", "[]]",
		"text,entities\r\n\"kXqZv\r\n\",[]\r\nkXqZv\r\n,,,\r\n\"kXqZv", "text;text\n", "narrative\tcategory\n\nkXqZv\t\xff\n", "text,labels,labels.hold,a.b,a.b.c\nkXqZv,{},1,2,3\n", "kXqZv, kXqZv\nx",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, task := range builtIn() {
			r := Records{Source: Source{Path: "fuzz", Tasks: []tasks.Task{task}, SkipBad: true}}
			if err := r.read(t.Context(), bytes.NewReader(data)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if r.missing() == nil && r.findLabels() == nil {
				_, _ = r.doubts() // whatever they are
			}
			usable, outside := 0, 0
			for i, text := range r.Texts {
				if r.Usable(i+1) == (text == "") {
					t.Fatalf("%s: record %d has a text of %d bytes", name, i+1, len(text))
				}
				if text != "" {
					usable++
				}
			}
			before := Problem{Line: 1}
			lines := bytes.Count(data, []byte("\n")) + 1
			for _, p := range r.Problems.First {
				if p.Record == 0 {
					outside++
				}
				if p.Line < before.Line || p.Line > lines || p.Record > 0 && p.Record <= before.Record {
					t.Errorf("%s: %v after %v in %d lines", name, p, before, lines)
				}
				before = p
			}
			if r.Problems.Total() != len(r.Texts)-usable+outside {
				t.Errorf("%s: %d records, %d usable, but %d problems", name, len(r.Texts), usable, r.Problems.Total())
			}
			for _, p := range r.Problems.First {
				if p.Kind != KindLabel { // which may be shown
					checkSilent(t, errors.New(p.String()))
				}
			}
		}
	})
}
