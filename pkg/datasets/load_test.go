package datasets

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// secret stands in every text of these tests and must not be in any error.
const secret = "Amina"

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadNER(t *testing.T) {
	want := []NERRecord{
		{Text: "Amina wa Kisumu", Entities: []Entity{{0, 5, "NAME"}, {9, 15, "LOCATION"}}},
		{Text: "Sina jina"},
	}
	lines := []string{
		`{"text": "Amina wa Kisumu", "entities": [{"start": 0, "end": 5, "label": "NAME"}, {"start": 9, "end": 15, "label": "LOCATION"}]}`,
		`{"text": "Sina jina"}`,
	}
	for name, content := range map[string]string{
		"plain":              strings.Join(lines, "\n") + "\n",
		"no last newline":    strings.Join(lines, "\n"),
		"Windows lines":      strings.Join(lines, "\r\n") + "\r\n",
		"byte-order mark":    "\xef\xbb\xbf" + strings.Join(lines, "\n"),
		"empty lines":        "\n" + strings.Join(lines, "\n\n  \n") + "\n\r\n\n",
		"unknown fields":     strings.ReplaceAll(strings.Join(lines, "\n"), `{"text"`, `{"id": [1], "text"`),
		"null for no entity": lines[0] + "\n" + `{"text": "Sina jina", "entities": null}`,
	} {
		got, err := LoadNER(write(t, "ner.jsonl", content))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, want %#v", name, got, want)
		}
	}
}

func TestLoadCases(t *testing.T) {
	const plain = `[
  {"uniqueid": "7.1", "startdate": "05 Oct 2023", "starttime": "19:57:28", "category": "Bullying",
   "victim": {"gender": "female", "first_name": "Amina", "age": "5"}, "reporter": {"gender": "male", "relationship": "Parent"},
   "perpetrator": {"gender": "male", "age": "Adult"}, "county": "Siaya", "counselor": "N", "intervention": "Counselling",
   "priority": "1", "narrative": "Amina calls."},
  {"category": "Other", "narrative": "Amina again.", "intervention": null}
]
`
	want := []CaseRecord{
		{
			"7.1", "05 Oct 2023", "19:57:28", "Bullying", Victim{"female", "Amina", "5"}, Reporter{"male", "Parent"},
			Perpetrator{"male", "Adult"}, "Siaya", "N", "Counselling", "1", "Amina calls.",
		},
		{Category: "Other", Narrative: "Amina again."},
	}
	for name, content := range map[string]string{
		"plain":           plain,
		"Windows lines":   strings.ReplaceAll(plain, "\n", "\r\n"),
		"byte-order mark": "\xef\xbb\xbf" + plain,
	} {
		got, err := LoadCases(write(t, "cases.json", content))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

// What training doesn't read needn't follow the schema.
func TestOtherFieldsMayBeAnything(t *testing.T) {
	cases, err := LoadCases(write(t, "cases.json",
		`[{"uniqueid": 7.1, "victim": {"age": 5, "gender": "male"}, "reporter": "Parent", "county": null, "category": "Other", "narrative": "x", "priority": "2"}]`))
	if err != nil {
		t.Fatal(err)
	}
	if want := (CaseRecord{Category: "Other", Narrative: "x", Priority: "2", Victim: Victim{Gender: "male"}}); cases[0] != want {
		t.Errorf("got %+v, want %+v", cases[0], want)
	}
	qa, err := LoadQA(write(t, "qa.json", `[{"sample_id": 7, "text": "x", "labels": {}, "scenario": ["a"], "quality_level": "poor"}]`))
	if err != nil {
		t.Fatal(err)
	}
	if want := (QARecord{Text: "x", Labels: []byte("{}"), QualityLevel: "poor"}); !reflect.DeepEqual(qa[0], want) {
		t.Errorf("got %+v, want %+v", qa[0], want)
	}
}

func TestLoadQA(t *testing.T) {
	got, err := LoadQA(write(t, "qa.json",
		`[{"text": "Amina", "labels": "{\"hold\": [1, 0]}", "sample_id": "qa_1", "scenario": "s", "quality_level": "poor"}]`))
	if err != nil {
		t.Fatal(err)
	}
	want := []QARecord{{Text: "Amina", Labels: []byte(`"{\"hold\": [1, 0]}"`), SampleID: "qa_1", Scenario: "s", QualityLevel: "poor"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestLoadErrors(t *testing.T) {
	loaders := map[string]func(string) error{
		"ner":   func(path string) error { _, err := LoadNER(path); return err },
		"cases": func(path string) error { _, err := LoadCases(path); return err },
		"qa":    func(path string) error { _, err := LoadQA(path); return err },
	}
	const (
		ner  = `{"text": "Amina"}` + "\n"
		call = `{"narrative": "Amina", "category": "Other"}`
		qa   = `{"text": "Amina", "labels": {}}`
	)
	for name, c := range map[string]struct{ loader, content, want string }{
		"no lines":                  {"ner", "", "holds no records"},
		"only empty lines":          {"ner", "\n \n", "holds no records"},
		"a line that is no JSON":    {"ner", ner + "\n" + "Amina\n", "line 3: not valid JSON"},
		"a line that ends early":    {"ner", ner + `{"text": "Amina`, "line 2: not valid JSON: unexpected end of JSON input"},
		"two records on a line":     {"ner", ner + `{"text": "Amina"} {"text": "Amina"}`, "line 2: not valid JSON"},
		"an array of records":       {"ner", `[{"text": "Amina"}]`, "line 1: found a JSON array, want an object"},
		"another encoding":          {"ner", ner + "{\"text\": \"Amina Kam\xe9\"}", "line 2: not valid UTF-8"},
		"text missing":              {"ner", ner + `{"texts": "Amina"}`, "line 2: text is empty"},
		"text that is a number":     {"ner", `{"text": 5}`, `line 1: field "text" holds a JSON number, want a string`},
		"entities by name":          {"ner", `{"text": "Amina", "entities": {"NAME": 1}}`, `field "entities" holds a JSON object, want an array`},
		"an entity that is a text":  {"ner", `{"text": "Amina", "entities": ["Amina"]}`, `field "entities" holds a JSON string, want an object`},
		"half a character":          {"ner", `{"text": "Amina", "entities": [{"start": 0.5, "end": 2, "label": "NAME"}]}`, `field "entities.start" holds a JSON number, want a whole number`},
		"a span without end":        {"ner", `{"text": "Amina", "entities": [{"start": 1}]}`, "entity 1: span [1, 0)"},
		"an empty span":             {"ner", `{"text": "Amina", "entities": [{"start": 1, "end": 1, "label": "NAME"}]}`, "entity 1: span [1, 1)"},
		"a span that begins before": {"ner", `{"text": "Amina", "entities": [{"start": -1, "end": 1, "label": "NAME"}]}`, "span [-1, 1)"},
		"a span beyond the text":    {"ner", `{"text": "Amina", "entities": [{"start": 0, "end": 6, "label": "NAME"}]}`, "span [0, 6) isn't inside the text of 5 characters"},
		"a span in bytes":           {"ner", `{"text": "é😀", "entities": [{"start": 0, "end": 6, "label": "NAME"}]}`, "text of 2 characters"},

		"an empty file":              {"cases", "", "want a JSON array of records: the file ends inside a value"},
		"an empty array":             {"cases", "[]", "holds no records"},
		"JSON lines":                 {"cases", call + "\n" + call, "want a JSON array of records"},
		"a text":                     {"cases", `"Amina"`, "want a JSON array of records"},
		"a record that is a text":    {"cases", "[" + call + `, "Amina"]`, "record 2: found a JSON string, want an object"},
		"no comma":                   {"cases", "[" + call + call + "]", "record 2: not valid JSON"},
		"the array doesn't end":      {"cases", "[" + call, "after record 1: the array doesn't end"},
		"the record doesn't end":     {"cases", "[" + call + `, {"narrative": "Amina`, "record 2: the file ends inside a value"},
		"more after the array":       {"cases", "[" + call + "] Amina", "after record 1: the array ends, but the file goes on"},
		"a second array":             {"cases", "[" + call + "][]", "the file goes on"},
		"an array of another code":   {"cases", "[" + call + ", {\"narrative\": \"Amina Kam\xe9\", \"category\": \"Other\"}]", "record 2: not valid UTF-8"},
		"no narrative":               {"cases", `[{"category": "Other"}]`, "record 1: narrative is empty"},
		"no category":                {"cases", `[{"narrative": "Amina"}]`, "record 1: category is empty"},
		"a priority that's a number": {"cases", `[{"narrative": "Amina", "category": "Other", "priority": 1}]`, `record 1: field "priority" holds a JSON number, want a string`},

		"no text":                {"qa", "[" + qa + `, {"labels": {}}]`, "record 2: text is empty"},
		"no labels":              {"qa", "[" + qa + `, {"text": "Amina"}]`, "record 2: labels: want a JSON object"},
		"labels in Python":       {"qa", `[{"text": "Amina", "labels": "{'opening': [1]}"}]`, "record 1: labels: want a JSON object"},
		"text that is an object": {"qa", `[{"text": {"Amina": 1}, "labels": {}}]`, `record 1: field "text" holds a JSON object, want a string`},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, c.loader+".json", c.content)
			err := loaders[c.loader](path)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %q doesn't say %q and the file", err, c.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("error %q holds a text", err)
			}
		})
	}
	for name, load := range loaders {
		missing := filepath.Join(t.TempDir(), "none")
		if err := load(missing); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s, a missing file: got %v", name, err)
		}
		if err := load(t.TempDir()); err == nil {
			t.Errorf("%s: a folder was read", name)
		}
	}
}

// Spans count code points as Python does, whatever way JSON spells them.
func TestEscapesKeepCodePoints(t *testing.T) {
	for name, c := range map[string]struct {
		json string
		want []rune
	}{
		"plain":                   {`é😀x`, []rune("é😀x")},
		"escapes":                 {`\u00e9\ud83d\ude00\u0078`, []rune("é😀x")},
		"line breaks":             {`a\r\n\tx`, []rune("a\r\n\tx")},
		"null character":          {`a\u0000x`, []rune("a\x00x")},
		"first half of a pair":    {`\ud83dx`, []rune("\ufffdx")},
		"second half":             {`\ude00x`, []rune("\ufffdx")},
		"halves the wrong way":    {`\ude00\ud83dx`, []rune("\ufffd\ufffdx")},
		"a half, then a pair":     {`\ud83d\ud83d\ude00x`, []rune("\ufffd😀x")},
		"a half, then an escape":  {`\ud83d\u0078`, []rune("\ufffdx")},
		"a half, then a newline":  {`\ud83d\nx`, []rune("\ufffd\nx")},
		"a combining character":   {`e\u0301x`, []rune{'e', 0x301, 'x'}},
		"beyond the basic plane":  {`𝔸x`, []rune("𝔸x")},
		"a line separator in it":  {"a\u2028x", []rune("a\u2028x")},
		"a byte-order mark in it": {"\ufeffx", []rune("\ufeffx")},
	} {
		record, err := parseNER([]byte(`{"text": "` + c.json + `", "entities": []}`))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := []rune(string(record.Text)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %U, want %U", name, got, c.want)
		}
	}
}
