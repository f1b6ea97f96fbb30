package datasets

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// secret stands in every text of these tests and must not be in any error.
const secret = "Amina"

func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load reads a file of that content for the tasks.
func load(t testing.TB, content string, list ...tasks.Task) (Records, error) {
	t.Helper()
	return Load(t.Context(), Source{Path: write(t, "data.json", content), Tasks: list})
}

func mustLoad(t testing.TB, content string, list ...tasks.Task) Records {
	t.Helper()
	records, err := load(t, content, list...)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// lines writes records as JSON lines.
func lines[T any](t testing.TB, records ...T) string {
	t.Helper()
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	for _, r := range records {
		if err := encoder.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// builtIn are the prototype's tasks, with labels from the data where the prototype
// takes them from there.
func builtIn() map[string]tasks.Task {
	return map[string]tasks.Task{
		"ner": tasks.NER(tasks.NERLabels()), "cls": tasks.CLS(tasks.CaseLabels{}), "qa": tasks.QA(),
	}
}

// layouts are the ways in which a file may hold the same records.
func layouts(records ...string) map[string]string {
	lines, array := strings.Join(records, "\n"), "["+strings.Join(records, ", ")+"]"
	return map[string]string{
		"lines":                    lines + "\n",
		"no last newline":          lines,
		"Windows lines":            strings.Join(records, "\r\n") + "\r\n",
		"byte-order mark":          "\xef\xbb\xbf" + lines,
		"empty lines":              "\n" + strings.Join(records, "\n\n  \n") + "\n\r\n\n",
		"array":                    array,
		"array of many lines":      "[\n  " + strings.Join(records, ",\n  ") + "\n]\n",
		"array of Windows lines":   "[\r\n" + strings.Join(records, ",\r\n") + "\r\n]\r\n",
		"array after its mark":     "\xef\xbb\xbf" + array,
		"array after empty lines":  "\r\n \t\n" + array + "\n\n",
		"lines longer than buffer": strings.Replace(lines, "{", "{"+strings.Repeat(" ", 1<<17), 1),
	}
}

func TestLoadNER(t *testing.T) {
	wantTexts := []Transcript{"Amina wa Kisumu", "Sina jina", "Sina jina"}
	wantSpans := [][]Entity{{{0, 5, "NAME"}, {9, 15, "LOCATION"}}, nil, nil}
	for name, content := range layouts(
		`{"id": [1], "text": "Amina wa Kisumu", "entities": [{"start": 0, "end": 5, "label": "NAME"}, {"start": 9, "end": 15, "label": "LOCATION"}]}`,
		`{"text": "Sina jina"}`,
		`{"text": "Sina jina", "entities": null}`,
	) {
		r, err := load(t, content, builtIn()["ner"])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var spans [][]Entity
		for _, list := range r.labels {
			spans = append(spans, list[0].spans)
		}
		if !reflect.DeepEqual(r.Texts, wantTexts) || !reflect.DeepEqual(spans, wantSpans) {
			t.Errorf("%s: got %d texts with %v, want %v", name, len(r.Texts), spans, wantSpans)
		}
	}
}

// What training doesn't read needn't follow the schema.
func TestLoadCases(t *testing.T) {
	wantTexts := []Transcript{"Amina calls.", "Amina again.", "x"}
	wantClasses := [][]string{
		{"Advice and Counselling", "Bullying", "Counselling", "1"},
		{"Child Maintenance & Custody", "Other", "", ""},
		{"Unknown", "Cyberbullying", "", "2"},
	}
	for name, content := range layouts(
		`{"uniqueid": "7.1", "startdate": "05 Oct 2023", "starttime": "19:57:28", "category": "Bullying",
   "victim": {"gender": "female", "first_name": "Amina", "age": "5"}, "reporter": {"gender": "male", "relationship": "Parent"},
   "perpetrator": {"gender": "male", "age": "Adult"}, "county": "Siaya", "counselor": "N", "intervention": "Counselling",
   "priority": "1", "narrative": "Amina calls."}`,
		`{"category": "Other", "narrative": "Amina again.", "intervention": null, "priority": ""}`,
		`{"uniqueid": 7.1, "victim": {"age": 5}, "reporter": "Parent", "county": null, "category": "Cyberbullying", "narrative": "x", "priority": 2}`,
	) {
		if !strings.Contains(name, "array") {
			content = strings.ReplaceAll(content, ",\n   ", ", ")
		}
		r, err := load(t, content, builtIn()["cls"])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var classes [][]string
		for _, list := range r.labels {
			classes = append(classes, list[0].classes)
		}
		if !reflect.DeepEqual(r.Texts, wantTexts) || !reflect.DeepEqual(classes, wantClasses) {
			t.Errorf("%s: got %d texts with %q, want %q", name, len(r.Texts), classes, wantClasses)
		}
	}
}

func TestLoadQA(t *testing.T) {
	want := [][]float32{{1}, {0, 0, 0, 0, 0}, {0, 0, 0}, {0, 0, 0, 0, 0}, {1, 0}, {0}}
	for name, content := range layouts(
		`{"text": "Amina", "labels": "{\"hold\": [1, 0], \"opening\": 1, \"listening\": [], \"proactiveness\": 0, \"resolution\": [0], \"closing\": []}", "sample_id": "qa_1", "scenario": "s", "quality_level": "poor"}`,
		`{"text": "Amina", "labels": {"hold": [1, 0], "opening": [true]}, "sample_id": 7, "scenario": ["a"]}`,
	) {
		r, err := load(t, content, builtIn()["qa"])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i := range 2 {
			if got := r.labels[i][0].flags; r.Texts[i] != "Amina" || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, record %d: got %v, want %v", name, i+1, got, want)
			}
		}
	}
}

func TestLoadErrors(t *testing.T) {
	const (
		ner  = `{"text": "Amina", "entities": []}` + "\n"
		call = `{"narrative": "Amina", "category": "Other", "intervention": "", "priority": ""}`
		qa   = `{"text": "Amina", "labels": {"opening": [], "listening": [], "proactiveness": [], "resolution": [], "hold": [], "closing": []}}`
	)
	for name, c := range map[string]struct{ task, content, want string }{
		"no lines":                   {"ner", "", "holds no records"},
		"only a byte-order mark":     {"ner", "\xef\xbb\xbf", "holds no records"},
		"only empty lines":           {"ner", "\n \n", "holds no records"},
		"a line that is no JSON":     {"ner", ner + "\n" + "Amina\n", "record 2, line 3: not valid JSON"},
		"a line that ends early":     {"ner", ner + `{"text": "Amina`, "record 2, line 2: not valid JSON: unexpected end of JSON input"},
		"two records on a line":      {"ner", ner + `{"text": "Amina"} {"text": "Amina"}`, "line 2: not valid JSON"},
		"a record of many lines":     {"ner", "{\n\"text\": \"Amina\"\n}", "line 1: not valid JSON"},
		"a line that is an array":    {"ner", ner + `["Amina"]`, "line 2: found a JSON array, want an object"},
		"a line that is a text":      {"ner", ner + `"Amina"`, "line 2: found a JSON string, want an object"},
		"a line that is null":        {"ner", ner + `null`, "line 2: found null, want an object"},
		"another encoding":           {"ner", ner + "{\"text\": \"Amina Kam\xe9\"}", "line 2: not valid UTF-8"},
		"another encoding elsewhere": {"ner", ner + "{\"text\": \"Amina\", \"by\": \"Kam\xe9\"}", "line 2: not valid UTF-8"},
		"text missing":               {"ner", ner + `{"texts": "Amina"}`, "line 2: text is empty"},
		"text that is null":          {"ner", ner + `{"text": null}`, "line 2: text is empty"},
		"text that is a number":      {"ner", `{"text": 5}`, `line 1: field "text" holds a JSON number, want a string`},
		"entities by name":           {"ner", `{"text": "Amina", "entities": {"NAME": 1}}`, `field "entities" holds a JSON object, want an array`},
		"an entity that is a text":   {"ner", `{"text": "Amina", "entities": ["Amina"]}`, `field "entities" holds a JSON string, want an object`},
		"half a character":           {"ner", `{"text": "Amina", "entities": [{"start": 0.5, "end": 2, "label": "NAME"}]}`, `field "entities.start" holds a JSON number, want a whole number`},
		"a label that is a number":   {"ner", `{"text": "Amina", "entities": [{"start": 0, "end": 2, "label": 5}]}`, `field "entities.label" holds a JSON number, want a string`},
		"a span without start":       {"ner", `{"text": "Amina", "entities": [{"end": 1, "label": "NAME"}]}`, `entity 1 has no start; it has "end", "label"`},
		"doccano's spans":            {"ner", `{"text": "Amina", "entities": [{"id": 1, "label": "NAME", "start_offset": 0, "end_offset": 5}]}`, `entity 1 has no start; it has "end_offset", "id", "label", "start_offset"`},
		"a span of null":             {"ner", `{"text": "Amina", "entities": [{"start": 0, "end": 1, "label": "NAME"}, null]}`, "entity 2 has no start"},
		"a span without end":         {"ner", `{"text": "Amina", "entities": [{"start": 1}]}`, "entity 1 has no end"},
		"an empty span":              {"ner", `{"text": "Amina", "entities": [{"start": 1, "end": 1, "label": "NAME"}]}`, "entity 1: span [1, 1) doesn't end after its start; the end is behind the last character"},
		"a span that begins before":  {"ner", `{"text": "Amina", "entities": [{"start": -1, "end": 1, "label": "NAME"}]}`, "span [-1, 1)"},
		"a span beyond the text":     {"ner", `{"text": "Amina", "entities": [{"start": 0, "end": 6, "label": "NAME"}]}`, "span [0, 6) isn't inside the text of 5 characters"},
		"a second span beyond":       {"ner", `{"text": "Amina", "entities": [{"start": 0, "end": 5, "label": "NAME"}, {"start": 5, "end": 6, "label": "NAME"}]}`, "entity 2: span [5, 6)"},
		"a span in bytes":            {"ner", `{"text": "é😀", "entities": [{"start": 0, "end": 6, "label": "NAME"}]}`, "text of 2 characters"},

		"an empty array":              {"cls", "[]", "holds no records"},
		"a record that is a text":     {"cls", "[" + call + `, "Amina"]`, "record 2, line 1: found a JSON string, want an object"},
		"an array in the array":       {"cls", "[[" + call + "]]", "record 1, line 1: found a JSON array, want an object"},
		"no comma":                    {"cls", "[" + call + call + "]", "line 1: not valid JSON: a comma is missing after record 1"},
		"the array doesn't end":       {"cls", "[" + call, "line 1: not valid JSON: the array doesn't end after record 1"},
		"the record doesn't end":      {"cls", "[" + call + `, {"narrative": "Amina`, "record 2, line 1: not valid JSON: the file ends inside the record; nothing after that can be read"},
		"more after the array":        {"cls", "[" + call + "] Amina", "line 1: not valid JSON: the array ends after record 1, but the file goes on"},
		"a second array":              {"cls", "[" + call + "][]", "the file goes on"},
		"an array of another code":    {"cls", "[" + call + ", {\"narrative\": \"Amina Kam\xe9\", \"category\": \"Other\"}]", "record 2, line 1: not valid UTF-8"},
		"no narrative":                {"cls", "[" + call + `, {"category": "Other"}]`, "record 2, line 1: narrative is empty"},
		"no category":                 {"cls", "[" + call + `, {"narrative": "Amina"}]`, "record 2, line 1: category is empty"},
		"an empty category":           {"cls", `[{"narrative": "Amina", "category": ""}]`, "record 1, line 1: category is empty"},
		"a category that is a list":   {"cls", `[{"narrative": "Amina", "category": ["Amina"]}]`, `record 1, line 1: field "category" holds a JSON array, want a string`},
		"a priority that's an object": {"cls", `[{"narrative": "Amina", "category": "Other", "priority": {"Amina": 1}}]`, `record 1, line 1: field "priority" holds a JSON object, want a string`},

		"no text":                {"qa", "[" + qa + `, {"labels": {}}]`, "record 2, line 1: text is empty"},
		"labels in Python":       {"qa", `[{"text": "Amina", "labels": "{'opening': [1]}"}]`, "record 1, line 1: labels: want a JSON object"},
		"labels in a list":       {"qa", "[" + qa + `, {"text": "Amina", "labels": [1]}]`, "record 2, line 1: labels: want a JSON object"},
		"text that is an object": {"qa", `[{"text": {"Amina": 1}, "labels": {}}]`, `record 1, line 1: field "text" holds a JSON object, want a string`},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, c.task+".json", c.content)
			_, err := Load(t.Context(), Source{Path: path, Tasks: []tasks.Task{builtIn()[c.task]}})
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
	for name, task := range builtIn() {
		missing := filepath.Join(t.TempDir(), "none")
		if _, err := Load(t.Context(), Source{Path: missing, Tasks: []tasks.Task{task}}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s, a missing file: got %v", name, err)
		}
		if _, err := Load(t.Context(), Source{Path: t.TempDir(), Tasks: []tasks.Task{task}}); err == nil {
			t.Errorf("%s: a folder was read", name)
		}
	}
}
