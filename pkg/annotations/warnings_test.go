package annotations

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// Options without effect and unlikely decisions are warned of, without texts.
func TestWarnings(t *testing.T) {
	plain := `{"text": "kXqZv", "spans": [{"start": 0, "end": 5, "label": "NAME"}], "answer": "accept"}` + "\n"
	cut := func(n int) string { // its span fits words only if joined characters count as one
		return strings.Repeat(`{"text": "👩‍👧 amina x", "spans": [{"start": 2, "end": 7, "label": "NAME"}], "answer": "accept"}`+"\n", n)
	}
	unusual := "offsets are taken to count grapheme, which is unusual for prodigy (codepoint), because of spans in "
	for name, test := range map[string]struct {
		from, text string
		o          Options
		want       []string
	}{
		"nothing":           {"prodigy", plain, Options{}, nil},
		"a label":           {"prodigy", plain, Options{Labels: map[string]string{"NAMES": "AGE", "NAME": "AGE", "kXqZv is more than a label is: a text, it seems": ""}}, []string{`--map: no label is called "NAMES"`, "--map: no label is called of 47 characters"}},
		"a unit":            {"prodigy", plain + cut(1), Options{}, []string{unusual + "1 record: 2; check these"}},
		"a unit, by many":   {"prodigy", cut(7), Options{}, []string{unusual + "7 records: 1, 2, 3, 4, 5 and 2 more; check these"}},
		"a unit, asked for": {"prodigy", cut(1), Options{Unit: UnitGrapheme}, nil},
		"a usual unit":      {"doccano", `{"text": "😀 kXqZv", "label": [[3, 8, "NAME"]]}`, Options{}, nil},
		"an old unit":       {"labelstudio", `[{"data": {"text": "😀 kXqZv"}, "annotations": [{"result": [{"type": "labels", "value": {"start": 3, "end": 8, "labels": ["NAME"]}}]}]}]`, Options{}, nil},
	} {
		_, s, err := convert(t, test.from, "ner", test.text, test.o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		ok := len(s.Warnings) == len(test.want)
		for i := range test.want {
			ok = ok && strings.Contains(s.Warnings[i], test.want[i])
		}
		if !ok || strings.Contains(fmt.Sprint(s.Warnings), secret) {
			t.Errorf("%s: warnings %q, want %q", name, s.Warnings, test.want)
		}
	}
}

// What the output's reader would refuse isn't written.
func TestWritesWhatCanBeRead(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("kXqZv ", 22))
	for name, test := range map[string]struct{ from, to, text, want string }{
		"a text as class":      {"doccano", "cases", `{"text": "x", "label": ["` + long + `"]}`, "what would be written can't be read again: field category: a label of 131 characters"},
		"a text in a table":    {"doccano", "csv", `{"text": "x", "label": ["category=` + long + `"]}`, "what would be written can't be read again: field category: a label of 131 characters"},
		"NUL in a table":       {"doccano", "csv", `{"text": "kXqZv \u0000", "label": []}`, "the text holds NUL characters"},
		"NUL in columns":       {"doccano", "conll", `{"text": "kXqZv \u0000", "label": []}`, "the text holds NUL characters"},
		"NUL in a file":        {"doccano", "brat", `{"text": "kXqZv\n\u0000", "label": []}`, "the text holds NUL characters"},
		"HTML in a file":       {"doccano", "brat", `{"text": "<html> kXqZv", "label": []}`, "the text, as a file, can't be read again: "},
		"a cut character":      {"labelstudio", "doccano", `[{"data": {"text": "e\u0301 kXqZv"}, "annotations": [{"result": [{"type": "labels", "value": {"start": 0, "end": 1, "labels": ["NAME"]}}]}]}]`, "span that cuts a character"},
		"a head of many words": {"labelstudio", "ner", `[{"data": {"text": "x"}, "annotations": [{"result": [{"from_name": "` + long + `", "type": "choices", "value": {"choices": ["a"]}}]}]}]`, "labels of of 131 characters (1)"},
	} {
		_, s, err := convert(t, test.from, test.to, test.text, Options{CheckOnly: true, Unit: UnitCodePoint, OutputUnit: map[bool]Unit{true: UnitGrapheme}[test.to == "doccano"]})
		got := fmt.Sprint(err, s.Bad.ByKind())
		if problems := new(datasets.BadRecords); err == nil || !strings.Contains(got, test.want) || strings.Contains(got, secret) || !errors.As(err, &problems) && !errors.As(err, new(*LossError)) {
			t.Errorf("%s: error %s, want %q", name, got, test.want)
		}
	}
}

// convert's own tasks for Label Studio are labelled in predictions, which must be asked for.
func TestOwnPredictions(t *testing.T) {
	tasks, _, err := convert(t, "ner", "labelstudio", twoCalls, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, s, err := convert(t, "labelstudio", "ner", tasks, Options{})
	if want := map[string]int{"not labelled, but with predictions: --predictions takes them": 2}; err == nil || !reflect.DeepEqual(s.LeftOut, want) {
		t.Errorf("left out %v, %v; want %v", s.LeftOut, err, want)
	}
}
