package datasets

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// marker stands for a text; errors must not repeat it.
const marker = "kXqZv"

// FuzzNER: an accepted record's spans can be cut out of its text and aligned,
// and it is the same when written and read again.
func FuzzNER(f *testing.F) {
	tok := testTokenizer(f)
	idOf := map[string]int64{}
	for id, label := range tasks.NERLabels() {
		idOf[label] = int64(id)
	}
	for _, s := range []string{
		`{"text": "Achieng kXqZv", "entities": [{"start": 0, "end": 7, "label": "NAME"}]}`,
		`{"text": "\ud83d\ude00 \ud83dé", "entities": [{"start": 1, "end": 4, "label": "AGE"}]}`,
		`{"text": "x", "entities": [{"start": -1, "end": 1e3, "label": 5}]}`,
		`{"text": ["kXqZv"]}`, `null`, `[]`, `{"text": "kXqZv"`, "{\"text\": \"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		record, err := parseNER(data)
		if err != nil {
			checkSilent(t, err)
			return
		}
		text := []rune(string(record.Text))
		enc := tok.Encode(string(record.Text))
		labels := AlignEntities(enc, record.Entities, idOf, false)
		if len(labels) != len(enc.IDs) {
			t.Fatalf("%d labels for %d tokens", len(labels), len(enc.IDs))
		}
		for _, e := range record.Entities {
			if len(text[e.Start:e.End]) == 0 {
				t.Fatalf("empty span %+v", e)
			}
		}
		checkRoundTrip(t, record, parseNER)
	})
}

func FuzzCase(f *testing.F) {
	for _, s := range []string{
		`{"category": "Other", "intervention": "Referral", "priority": "1", "narrative": "kXqZv", "victim": {"age": 5}}`,
		`{"category": "Other", "narrative": "kXqZv", "uniqueid": 1.5, "reporter": []}`,
		`{"category": ["kXqZv"]}`, `null`, `[]`, `{"narrative": "kXqZv"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		record, err := parseCase(data)
		if err != nil {
			checkSilent(t, err)
			return
		}
		if record.Narrative == "" || record.Category == "" || !utf8.ValidString(string(record.Narrative)) {
			t.Fatalf("accepted %q", data)
		}
		checkRoundTrip(t, record, parseCase)
	})
}

func FuzzQA(f *testing.F) {
	for _, s := range []string{
		`{"text": "kXqZv", "labels": "{\"hold\": [\"No hold was required\", 1]}", "sample_id": "qa_1"}`,
		`{"text": "kXqZv", "labels": {"opening": [1]}, "scenario": 5}`,
		`{"text": "kXqZv", "labels": []}`, `{"text": "kXqZv"}`, `null`, `{"text": "kXqZv`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		record, err := parseQA(data)
		if err != nil {
			checkSilent(t, err)
			return
		}
		before, err := ParseQALabels(record.Labels)
		if err != nil {
			t.Fatal(err)
		}
		written, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseQA(written)
		if err != nil {
			t.Fatal(err)
		}
		after, err := ParseQALabels(again.Labels)
		if err != nil {
			t.Fatal(err)
		}
		again.Labels = record.Labels // which Marshal may have spaced otherwise
		if !reflect.DeepEqual(again, record) || !reflect.DeepEqual(after, before) {
			t.Errorf("got  %+v %v\nwant %+v %v", again, after, record, before)
		}
	})
}

// FuzzQALabels: every flag is from 0 to 1.
func FuzzQALabels(f *testing.F) {
	for _, s := range []string{
		`"{\"opening\": [1], \"listening\": [1, 0, 0, 0, 0, 1], \"hold\": [\"No hold was required\"]}"`,
		`{"hold": "kXqZv", "opening": 1, "closing": true}`, `{"a": [1e999, "-inf", "nan", "0x1p3", null, [], {}]}`, `""`, `"\"\""`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		labels, err := ParseQALabels(raw)
		if err != nil {
			checkSilent(t, err)
			return
		}
		for head, flags := range labels {
			for _, flag := range flags {
				if !(flag >= 0 && flag <= 1) {
					t.Errorf("%q: %v", head, flags)
				}
			}
		}
	})
}

func checkSilent(t *testing.T, err error) {
	t.Helper()
	if strings.Contains(err.Error(), marker) {
		t.Errorf("the error holds a text: %v", err)
	}
}

func checkRoundTrip[T any](t *testing.T, record T, parse func([]byte) (T, error)) {
	t.Helper()
	written, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	again, err := parse(written)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, record) {
		t.Errorf("got  %#v\nwant %#v", again, record)
	}
}
