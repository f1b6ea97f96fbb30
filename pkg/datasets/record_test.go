package datasets

import (
	"reflect"
	"strings"
	"testing"
)

// record reads one record, which must be an object.
func record(t testing.TB, text string) *fields {
	t.Helper()
	f, err := parseFields([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLabelOfField(t *testing.T) {
	f := record(t, `{
		"gender": "female", "empty": "", "none": null, "object": {}, "list": [],
		"one": 1, "whole": 1.0, "half": 0.5, "minus": -2, "ten": 1e1, "million": 1000000, "large": 9007199254740993, "yes": true, "no": false,
		"escaped": "\u0041 \ud83d\ude00",
		"reporter": {"gender": "male", "none": null, "home": {"county": "Siaya"}},
		"labels": "{\"opening\": \"yes\", \"deep\": {\"er\": 3}, \"text\": \"{\\\"er\\\": \\\"still\\\"}\"}",
		"a.b": "not reached"
	}`)
	for path, want := range map[string]string{
		"gender": "female", "empty": "", "none": "", "missing": "",
		"one": "1", "whole": "1", "half": "0.5", "minus": "-2", "ten": "10", "million": "1000000", "large": "9007199254740993", "yes": "true", "no": "false",
		"escaped":         "A 😀",
		"reporter.gender": "male", "reporter.none": "", "reporter.missing": "", "reporter.home.county": "Siaya", "reporter.missing.county": "", "none.gender": "", "missing.gender": "",
		"labels.opening": "yes", "labels.deep.er": "3", "labels.text.er": "still", "labels.missing": "",
		"a.b": "",
	} {
		for range 2 { // the second time from what was kept
			if got, err := f.label(path); err != nil || got != want {
				t.Errorf("%s: got %q, %v; want %q", path, got, err, want)
			}
		}
	}
	for path, want := range map[string]string{
		"object": `field "object" holds a JSON object, want a string`, "list": "a JSON array",
		"reporter.home": "a JSON object", "gender.x": "gender: want a JSON object, or a string that holds one", "one.x": "one: want", "empty.x": "empty: want",
		"reporter.gender.x": "reporter.gender: want", "list.x": "list: want", "labels.deep": "a JSON object",
	} {
		if got, err := f.label(path); err == nil {
			t.Errorf("%s: got %q, want an error", path, got)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %q doesn't say %q", path, err, want)
		}
	}
}

func TestTextOfField(t *testing.T) {
	f := record(t, `{"text": "Amina", "call": {"text": "Amina calls", "empty": "", "minutes": 5}, "raw": "{\"text\": \"\\u0041\"}"}`)
	for path, want := range map[string]Transcript{"text": "Amina", "call.text": "Amina calls", "raw.text": "A"} {
		if got, err := f.text(path); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", path, string(got), err, string(want))
		}
	}
	for path, want := range map[string]string{
		"missing": "missing is empty", "call.empty": "call.empty is empty", "call.missing": "call.missing is empty",
		"call": `field "call" holds a JSON object, want a string`, "call.minutes": `field "call.minutes" holds a JSON number, want a string`,
		"text.more": "text: want a JSON object",
	} {
		if _, err := f.text(path); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got error %v, want one that says %q", path, err, want)
		}
	}
}

func TestObjectsAndTextsThatHoldOne(t *testing.T) {
	for name, raw := range map[string]string{
		"object": `{"opening": [1]}`, "string": `"{\"opening\": [1]}"`, "spaces": `" { \"opening\" : [1] } "`, "twice": `{"opening": [0], "opening": [1]}`,
	} {
		f := record(t, `{"labels": `+raw+`}`)
		if got, err := f.find("labels.opening"); err != nil || string(got) != "[1]" {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
	}
	for _, raw := range []string{
		"1", "true", "[1]", `""`, `"null"`, `"[1]"`, `"` + secret + `"`, `"{\"opening\": [` + secret + `]}"`,
		`"{\"opening\": [1]"`, `"{'opening': [1]}"`, `"{} ` + secret + `"`,
	} {
		got, err := record(t, `{"labels": `+raw+`}`).find("labels.opening")
		if err == nil {
			t.Errorf("%s: got %s, want an error", raw, got)
		} else if !strings.Contains(err.Error(), "labels: want a JSON object") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: error %q", raw, err)
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
		"no escape":               {`\\ud83dx`, []rune(`\ud83dx`)},
		"a combining character":   {`e\u0301x`, []rune{'e', 0x301, 'x'}},
		"beyond the basic plane":  {`𝔸x`, []rune("𝔸x")},
		"a line separator in it":  {"a\u2028x", []rune("a\u2028x")},
		"a byte-order mark in it": {"\ufeffx", []rune("\ufeffx")},
	} {
		text, err := record(t, `{"text": "`+c.json+`", "entities": []}`).text("text")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := []rune(string(text)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %U, want %U", name, got, c.want)
		}
	}
}

func TestHalfSurrogate(t *testing.T) {
	for name, c := range map[string]struct {
		json string
		half bool
	}{
		"none":                   {`"é😀x\u00e9\n\"\\"`, false},
		"a pair":                 {`"\ud83d\ude00"`, false},
		"two pairs":              {`"\uD83D\uDE00\ud83d\ude00"`, false},
		"the first half":         {`"\ud83dx"`, true},
		"the second half":        {`"\ude00x"`, true},
		"halves the wrong way":   {`"\ude00\ud83d"`, true},
		"a half, then a pair":    {`"\ud83d\ud83d\ude00"`, true},
		"a pair, then a half":    {`"\ud83d\ude00\udE00"`, true},
		"a half, then an escape": {`"\ud83d\u0078"`, true},
		"a half, then a newline": {`"\ud83d\nx"`, true},
		"a half at the end":      {`"\ud83d"`, true},
		"no escape":              {`"\\ud83d"`, false},
		"a backslash, a half":    {`"\\\ud83d"`, true},
		"just outside":           {`"\ud7ff\ue000"`, false},
		"cut off":                {`"\ud8`, false},
	} {
		if got := HalfSurrogate([]byte(c.json)); got != c.half {
			t.Errorf("%s: got %v, want %v", name, got, c.half)
		}
	}
}
