package datasets

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// marker stands for a text; errors must not repeat it.
const marker = "kXqZv"

// FuzzRecord: what the prototype's tasks accept of a record can be encoded.
func FuzzRecord(f *testing.F) {
	for _, s := range []string{
		`{"text": "Achieng kXqZv", "entities": [{"start": 0, "end": 7, "label": "NAME"}]}`,
		`{"text": "\ud83d\ude00 \ud83dé", "entities": [{"start": 1, "end": 4, "label": "AGE"}]}`,
		`{"text": "x", "entities": [{"start": -1, "end": 1e3, "label": 5}]}`,
		`{"category": "Other", "intervention": "Referral", "priority": 1e400, "narrative": "kXqZv", "victim": {"age": 5}}`,
		`{"category": "Other", "narrative": "kXqZv", "uniqueid": 1.5, "reporter": []}`,
		`{"text": "kXqZv", "labels": "{\"hold\": [\"No hold was required\", 1], \"opening\": [1], \"listening\": [1, 0, 0, 0, 0, 1]}", "sample_id": "qa_1"}`,
		`{"text": "kXqZv", "labels": {"hold": "kXqZv", "opening": 1, "closing": true, "resolution": [1e999, "-inf", "nan", "0x1p3", null, [], {}]}}`,
		`{"text": "kXqZv", "labels": []}`, `{"text": "kXqZv", "labels": "kXqZv"}`, `{"text": ["kXqZv"]}`, `{"category": ["kXqZv"]}`,
		`null`, `[]`, `{"text": "kXqZv"`, `{"narrative": "kXqZv"`, "{\"text\": \"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	tok := testTokenizer(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, task := range builtIn() {
			checkRecord(t, tok, data, task)
		}
	})
}

// FuzzOwnRecord: what users' tasks of each kind accept of a record, alone and
// together, can be encoded.
func FuzzOwnRecord(f *testing.F) {
	for _, s := range []string{
		`{"text": "Achieng kXqZv", "spans": [{"start": 0, "end": 7, "label": "TOWN"}], "caller": "calm", "topics": ["a", "b"]}`,
		`{"text": "kXqZv", "caller": 1.50, "reporter": {"gender": true}, "topics": {"a": 1, "b": false}}`,
		`{"text": "kXqZv", "caller": "", "reporter": "{\"gender\": \"male\"}", "topics": [0, 1, true], "spans": []}`,
		`{"text": "kXqZv", "caller": {"kXqZv": 1}}`, `{"text": "kXqZv", "reporter": "kXqZv"}`, `{"text": "kXqZv", "topics": "kXqZv"}`,
		`{"text": "kXqZv", "topics": [0, "kXqZv"]}`, `{"text": "kXqZv", "topics": [[]]}`, `{"text": "kXqZv", "topics": []}`, `{"text": "", "topics": {}}`,
		`{"text": "x", "spans": [{"start": 0, "end": 1}, {"start": 0, "end": 1, "label": "O"}]}`,
	} {
		f.Add([]byte(s))
	}
	tok := testTokenizer(f)
	list := []tasks.Task{places(f), places(f, "TOWN"), mood(f), mood(f, "calm"), topics(f), topics(f, "a", "b", "c")}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, task := range list {
			checkRecord(t, tok, data, task)
		}
		checkRecord(t, tok, data, list[1], list[3], list[5])
	})
}

// checkRecord reads a record for the tasks and encodes it.
func checkRecord(t *testing.T, tok *tokenize.Tokenizer, data []byte, list ...tasks.Task) {
	t.Helper()
	r := Records{Source: Source{Path: "fuzz", Tasks: list, KeepUnknown: true}}
	if err := r.add(data, labelIDs(list), map[string]int{}); err != nil {
		if KindOf(err) != KindLabel { // which may be shown
			checkSilent(t, err)
		}
		return
	}
	if text := string(r.Texts[0]); text == "" || !utf8.ValidString(text) {
		t.Fatalf("accepted the text %q", text)
	}
	if err := r.findLabels(); err != nil {
		checkSilent(t, err)
		return
	}
	set, err := r.Encode(t.Context(), tok, Limits{MaxLength: 16, Truncate: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, ex := range set.Examples {
		for i, task := range set.Tasks {
			checkLabel(t, task, ex.Labels[i], len(ex.IDs))
		}
	}
}

// checkLabel: classes are some of the head's labels, flags from 0 to 1, and
// there are as many as there should be.
func checkLabel(t *testing.T, task tasks.Task, label Label, tokens int) {
	t.Helper()
	want := map[tasks.Kind]int{tasks.Token: tokens, tasks.MultiClass: len(task.Heads)}[task.Kind]
	if len(label.Classes) != want {
		t.Fatalf("%s: %d classes, want %d", task.Name, len(label.Classes), want)
	}
	for i, class := range label.Classes {
		head, ignored := 0, class == tasks.IgnoreToken
		if task.Kind == tasks.MultiClass {
			head, ignored = i, class == tasks.IgnoreClass || class == tasks.UnknownClass
		}
		if !ignored && (class < 0 || int(class) >= len(task.Heads[head].Labels)) {
			t.Fatalf("%s: class %d", task.Name, class)
		}
	}
	if task.Kind != tasks.MultiLabel {
		return
	}
	if len(label.Flags) != len(task.Heads) {
		t.Fatalf("%s: flags of %d heads", task.Name, len(label.Flags))
	}
	for h, flags := range label.Flags {
		if len(flags) != len(task.Heads[h].Labels) {
			t.Fatalf("%s: %d flags for %d labels", task.Name, len(flags), len(task.Heads[h].Labels))
		}
		for _, flag := range flags {
			if !(flag >= 0 && flag <= 1) && (flag != tasks.IgnoreClass || task.Lenient) {
				t.Fatalf("%s: flag %v", task.Name, flag)
			}
		}
	}
}

// FuzzFile: what is read of a file are JSON values, the same ones from lines
// and from an array of them.
func FuzzFile(f *testing.F) {
	for _, s := range []string{
		"{\"text\": \"kXqZv\"}\r\n\n{}\n", "\xef\xbb\xbf[{\"text\": \"kXqZv\"}, {}]\n", " \n[1", "[1] kXqZv", "[1, kXqZv]", "[{\"text\": \"kXqZv", "kXqZv", "[]", "", "1 2", "[\xff]",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		records, err := recordsOf(string(data))
		if err != nil {
			checkSilent(t, err)
			return
		}
		if len(records) == 0 {
			return
		}
		for name, content := range map[string]string{
			"lines": "\ufeff" + strings.Join(records, "\r\n\r\n"), "array": "\ufeff\n[" + strings.Join(records, ",\n") + "]",
		} {
			if name == "lines" && records[0][0] == '[' {
				continue // would open an array of records
			}
			if again, err := recordsOf(content); err != nil || !reflect.DeepEqual(again, records) {
				t.Errorf("%s: %v, or other records", name, err)
			}
		}
	})
}

// recordsOf reads a file of that content; each record is compact.
func recordsOf(content string) ([]string, error) {
	in, err := newReader(strings.NewReader(content))
	if err != nil {
		return nil, err
	}
	var records []string
	for {
		raw, err := in.next()
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		var b bytes.Buffer
		if err == nil && json.Compact(&b, raw) != nil {
			err = errors.New("not JSON")
		}
		if err != nil {
			return nil, err
		}
		records = append(records, b.String())
	}
}

func checkSilent(t *testing.T, err error) {
	t.Helper()
	if strings.Contains(err.Error(), marker) {
		t.Errorf("the error holds a text: %v", err)
	}
}

// FuzzHalfSurrogate: there is half a pair just where encoding/json puts U+FFFD
// for an escape.
func FuzzHalfSurrogate(f *testing.F) {
	for _, s := range []string{`\ud83d\ude00`, `\ud83d`, `\ude00\ud83d`, `\\ud83d`, `\\\ud83d`, `\uD83D\ud83D\uDE00 \n`, `\ud83d\\ude00`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, inside string) {
		raw := []byte(`"` + inside + `"`)
		var text string
		if !utf8.Valid(raw) || strings.Contains(inside, "\ufffd") || strings.Contains(strings.ToLower(inside), `\ufffd`) || json.Unmarshal(raw, &text) != nil {
			return
		}
		if got, want := HalfSurrogate(raw), strings.Contains(text, "\ufffd"); got != want {
			t.Errorf("%s: got %v, want %v", raw, got, want)
		}
	})
}
