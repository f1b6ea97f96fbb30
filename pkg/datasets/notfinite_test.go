package datasets

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestStandardJSON(t *testing.T) {
	for raw, want := range map[string]string{
		`{"a": NaN, "b":Infinity,"c": [-Infinity , 1,NaN]}`: `{"a": X, "b":X,"c": [X , 1,X]}`,
		`NaN`:                         `X`,
		`{"a": "NaN, Infinity"}`:      `{"a": "NaN, Infinity"}`,
		`{"a\\": NaN, "\"": "\"NaN"}`: `{"a\\": X, "\"": "\"NaN"}`,
		`{"NaN": NaN}`:                `{"NaN": X}`,
		`{"a": NaNs}`:                 `{"a": NaNs}`,
		`{"a": 1NaN}`:                 `{"a": 1NaN}`,
		`{NaN: 1}`:                    `{NaN: 1}`,
		`{"a": 1, NaN: 1}`:            `{"a": 1, NaN: 1}`,
		`{"a": nan}`:                  `{"a": nan}`,
		`{"a": "NaN\`:                 `{"a": "NaN\`,
		`{"a": 1}`:                    `{"a": 1}`,
	} {
		if got := string(standardJSON([]byte(raw))); got != strings.ReplaceAll(want, "X", notFinite) {
			t.Errorf("%s: got %s", raw, got)
		}
	}
}

// Python writes NaN where a value is missing. That stops nothing but what reads the field.
func TestNotFiniteNumbers(t *testing.T) {
	good := map[string]string{
		"ner": `{"text": "x NaN", "score": NaN, "meta": {"p": [-Infinity]}, "entities": [{"start": 0, "end": 1, "label": "NAME", "score": NaN}]}`,
		"cls": `{"narrative": "x", "category": "Other", "intervention": "Referral", "priority": 1, "victim": {"age": NaN}, "uniqueid": NaN}`,
		"qa":  `{"text": "x", "labels": "{\"opening\": [1], \"listening\": [1, 1, 1, 1, 1], \"proactiveness\": [0, 0, 0], \"resolution\": [0, 0, 0, 0, 0], \"hold\": [0, 0], \"closing\": [1], \"mean\": NaN}", "mos": Infinity}`,
	}
	for name, record := range good {
		for layout, content := range layouts(record, record) {
			r, err := load(t, content, builtIn()[name])
			if err != nil || len(r.Texts) != 2 {
				t.Errorf("%s, %s: %d records, %v", name, layout, len(r.Texts), err)
			}
		}
	}
	for name, c := range map[string]struct{ task, record, want string }{
		"text":      {"ner", `{"text": NaN, "entities": []}`, "record 2, line 2: text holds NaN or Infinity"},
		"span":      {"ner", `{"text": "Amina", "entities": [{"start": NaN, "end": 1, "label": "NAME"}]}`, "the start of entity 1 holds NaN"},
		"label":     {"ner", `{"text": "Amina", "entities": [{"start": 0, "end": 1, "label": Infinity}]}`, "the label of entity 1 holds NaN"},
		"spans":     {"ner", `{"text": "Amina", "entities": NaN}`, "entities holds NaN"},
		"class":     {"cls", `{"narrative": "Amina", "category": "Other", "priority": -Infinity}`, "priority holds NaN"},
		"criterion": {"qa", `{"text": "Amina", "labels": {"opening": [NaN]}}`, "labels.opening holds NaN"},
		"in a text": {"qa", `{"text": "Amina", "labels": "{\"opening\": [NaN]}"}`, "labels.opening holds NaN"},
		"no value":  {"qa", `{"text": "Amina", "labels": {NaN: [1]}}`, "not valid JSON"},
	} {
		_, err := load(t, good[c.task]+"\n"+c.record, builtIn()[c.task])
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got error %v, want one that says %q", name, err, c.want)
		}
	}
}

// FuzzStandardJSON: JSON stays as it is, and nothing becomes JSON but by those words.
func FuzzStandardJSON(f *testing.F) {
	for _, s := range []string{`{"a": NaN}`, `["\\", -Infinity]`, `"NaN`, `[NaN,,Infinity]`, `{"Infinity": "\"NaN"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := standardJSON(data)
		switch {
		case json.Valid(data):
			if string(got) != string(data) {
				t.Errorf("changed %s", data)
			}
		case json.Valid(got) && !isNotFinite(got):
			t.Errorf("%s became %s", data, got)
		}
	})
}
