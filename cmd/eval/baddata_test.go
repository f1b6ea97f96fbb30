package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
)

func TestBadRecords(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	const wrong = `{"text": "Amina", "entities": [{"start": 1, "end": 9, "label": "NAME"}]}` + "\n" + `{"text": "Amina \ud83d"}` + "\n"
	write(t, "bad.jsonl", wrong+read(t, nerFile))
	got := eval("--model", "ner", "--data", "bad.jsonl", "--output", "report")
	if got.code != 1 || strings.Count(got.err, "\n") != 3 || strings.Contains(got.err, "Amina") {
		t.Errorf("code %d, %s", got.code, got.err)
	}
	for _, want := range []string{"2 records can't be used", "bad.jsonl: record 1, line 1: entity 1: span [1, 9)", "record 2, line 2: half a surrogate pair", "--skip-bad-records"} {
		if !strings.Contains(got.err, want) {
			t.Errorf("%q is missing in %s", want, got.err)
		}
	}
	write(t, "list.csv", "record\n1\n2\n3\n26\n")
	args := []string{"--model", "ner", "--data", "bad.jsonl", "--skip-bad-records", "--format", "json"}
	whole := mustEval(t, "--model", "ner", "--data", nerFile).Models[0]
	for more, records := range map[string]int{"": 24, "list.csv": 2} {
		all := args
		if more != "" {
			all = append(all, "--records", more)
		}
		got := eval(all...)
		if got.code != 0 || !strings.Contains(got.err, "eval: warning: bad.jsonl: left out 2 of 26 records: half a surrogate pair 1, span outside the text 1") {
			t.Fatalf("code %d, %s", got.code, got.err)
		}
		r := mustEval(t, all...).Models[0]
		if r.Reports[0].Records != records || r.Scored["ner"].Dropped != 0 {
			t.Errorf("%q: %d records, %+v", more, r.Reports[0].Records, r.Scored)
		}
		if more == "" && !reflect.DeepEqual(r.Reports[0].Figures(), whole.Reports[0].Figures()) {
			t.Error("bad records change the figures")
		}
	}
	write(t, "broken.json", "[{\"text\": \"Amina\", \"entities\": []}, {")
	if got := eval("--model", "ner", "--data", "broken.json", "--skip-bad-records"); got.code != 1 || strings.Count(got.err, "\n") != 1 || !strings.Contains(got.err, "nothing after that can be read") {
		t.Errorf("code %d, %s", got.code, got.err)
	}
}

// What is doubtful in a whole file is refused or told.
func TestDoubtfulData(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	write(t, "prodigy.jsonl", `{"text": "Amina calls.", "spans": [{"start": 0, "end": 5, "label": "NAME"}]}`+"\n")
	got := eval("--model", "ner", "--data", "prodigy.jsonl")
	if got.code != 1 || strings.Count(got.err, "\n") != 1 || !strings.Contains(got.err, `prodigy.jsonl: no record has a value in the field "entities", which task ner needs; the records have "spans", "text"`) {
		t.Errorf("code %d, %s", got.code, got.err)
	}
	write(t, "shifted.csv", "text,entities\n"+strings.Repeat(`😀 Amina calls.,"[{""start"": 3, ""end"": 8, ""label"": ""NAME""}]"`+"\n", 5))
	got = eval("--model", "ner", "--data", "shifted.csv")
	if got.code != 0 || !strings.Contains(got.err, "eval: warning: shifted.csv: task ner: 5 of 5 spans (100 %) don't begin and end where words do, but would if their offsets counted UTF-16 units") || strings.Contains(got.err, "Amina") {
		t.Errorf("code %d, %s", got.code, got.err)
	}
}
