package datasets

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// TestQAValuesEqualPython compares with what scripts/golden/qalabels.py wrote.
func TestQAValuesEqualPython(t *testing.T) {
	data, err := os.ReadFile("testdata/qalabels.json")
	if err != nil {
		t.Fatal(err)
	}
	var values []struct {
		JSON string
		Flag float32
	}
	if err := json.Unmarshal(data, &values); err != nil {
		t.Fatal(err)
	}
	if len(values) == 0 {
		t.Fatal("no values")
	}
	for _, v := range values {
		object := `{"hold": [` + v.JSON + `, 1]}`
		quoted, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range []string{object, string(quoted)} {
			hold, err := record(t, `{"labels": `+raw+`}`).find("labels.hold")
			if err != nil {
				t.Errorf("%s: %v", raw, err)
			} else if got, _ := lenientFlags(hold, 2); !reflect.DeepEqual(got, []float32{v.Flag, 1}) {
				t.Errorf("%s: got %v, want %v and 1", raw, got, v.Flag)
			}
		}
	}
}

func TestLenientFlags(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		want []float32
		read flagsRead
	}{
		"list":                  {`[0, 1]`, []float32{0, 1}, flagsRead{values: 2}},
		"empty list":            {`[]`, []float32{}, flagsRead{}},
		"sentence in the list":  {`["No hold was required", 1]`, []float32{0, 1}, flagsRead{values: 2, notApplicable: 1}},
		"sentence for a list":   {`"No hold was required"`, nil, flagsRead{values: 1, notApplicable: 1}},
		"text for a list":       {`"Amina"`, nil, flagsRead{values: 1, odd: 1}},
		"digit text for a list": {`"1"`, []float32{1}, flagsRead{values: 1}},
		"word for a list":       {`"Ndiyo"`, []float32{1}, flagsRead{values: 1}},
		"list in a text":        {`" [1, \"no\"]"`, []float32{1, 0}, flagsRead{values: 2}},
		"broken list in a text": {`"[1, "`, nil, flagsRead{values: 1, odd: 1}},
		"number for a list":     {`1`, []float32{1}, flagsRead{values: 1}},
		"true for a list":       {`true`, []float32{1}, flagsRead{values: 1}},
		"false for a list":      {`false`, []float32{0}, flagsRead{values: 1}},
		"object for a list":     {`{"a": 1}`, nil, flagsRead{values: 1, odd: 1}},
		"list in a list":        {`[[1], 1]`, []float32{0, 1}, flagsRead{values: 2, odd: 1}},
		"null in a list":        {`[null, 1]`, []float32{0, 1}, flagsRead{values: 2, notApplicable: 1}},
		"a scale":               {`[0, 5, -1, "3", 0.5]`, []float32{0, 1, 0, 1, 0.5}, flagsRead{values: 5, outside: 3}},
		"words":                 {`["TRUE", "Yes", "yes", "True ", "falsch", "hapana", "N/A", "maybe"]`, []float32{1, 1, 1, 1, 0, 0, 0, 0}, flagsRead{values: 8, notApplicable: 1, odd: 1}},
	} {
		if got, read := lenientFlags(json.RawMessage(c.raw), 1); !reflect.DeepEqual(got, c.want) || read != c.read {
			t.Errorf("%s: got %v, %+v; want %v, %+v", name, got, read, c.want, c.read)
		}
	}
	if got, read := lenientFlags(nil, 1); len(got) != 0 || read != (flagsRead{}) {
		t.Errorf("no value: got %v, %+v", got, read)
	}
}

func TestFlagWords(t *testing.T) {
	for text, want := range map[string]float32{
		"TRUE": 1, "Yes": 1, " yes ": 1, "Y": 1, "t": 1, "On": 1, "1": 1, "1.0": 1, "1,0": 1, "ja": 1, "JA.": 1, "oui": 1, "Ndiyo": 1, "ndio": 1, "WAHR": 1, "VRAI": 1,
		"sí": 1, "si\u0301": 1, "Да": 1, "نعم": 1, "አዎ": 1, "✓": 1, "Met": 1, "pass": 1,
		"FALSE": 0, "No": 0, "n": 0, "F": 0, "0": 0, "0.0": 0, "0,0": 0, "nein": 0, "Hapana": 0, "non": 0, "FALSCH": 0, "FAUX": 0, "não": 0, "нет": 0, "لا": 0, "✗": 0, "Not met": 0, "fail": 0,
	} {
		raw, err := json.Marshal([]string{text})
		if err != nil {
			t.Fatal(err)
		}
		if got, read := lenientFlags(raw, 1); !reflect.DeepEqual(got, []float32{want}) || read != (flagsRead{values: 1}) {
			t.Errorf("%s: got %v, %+v; want %v", text, got, read, want)
		}
		if got, ok := strictFlag(text); got != want || !ok {
			t.Errorf("%s, strict: got %v, %v; want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "yes and no", "yesno", "2", "x", "one", "0x1", "No hold was required", "N/A"} {
		if _, ok := strictFlag(text); ok {
			t.Errorf("%q is a flag", text)
		}
	}
	for text, want := range map[string]bool{
		"No hold was required": true, "no hold needed.": true, "Not applicable": true, "N/A": true, "n.a.": true, "-": true, "": true, "None": true,
		"no": false, "not sure": false, "the caller was not put on hold": false, "noted": false,
	} {
		if got := saysNotApplicable(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	for word := range yesWords {
		if noWords[word] || saysNotApplicable(word) {
			t.Errorf("%q says yes and no", word)
		}
	}
	for word := range noWords {
		if saysNotApplicable(word) {
			t.Errorf("%q says no and nothing", word)
		}
	}
}

// Lists are cut or padded to their head's size, and what is missing isn't met.
func TestQAFitsLists(t *testing.T) {
	none := [][]float32{{0}, {0, 0, 0, 0, 0}, {0, 0, 0}, {0, 0, 0, 0, 0}, {0, 0}, {0}}
	for raw, want := range map[string][][]float32{
		`"{\"opening\": [1, 1], \"listening\": [1, 0, 1, 1, 0, 1], \"proactiveness\": [1], \"resolution\": [], \"hold\": \"No hold was required\", \"music\": [1]}"`: {{1}, {1, 0, 1, 1, 0}, {1, 0, 0}, {0, 0, 0, 0, 0}, {0, 0}, {0}},
		`{"opening": null}`: none, `{}`: none, `"{}"`: none, `null`: none,
	} {
		r := mustLoad(t, `{"text": "x", "labels": `+raw+"}\n"+`{"text": "x", "labels": {"opening": [1], "listening": [1, 0, 1, 1, 0], "proactiveness": [], "resolution": 1, "hold": [], "closing": []}}`, tasks.QA())
		set := mustEncode(t, r, Limits{MaxLength: 10})
		if got := set.Examples[0].Labels[0].Flags; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", raw, got, want)
		}
	}
}

// TestDividedFlags: a head of several labels may have them in one string.
func TestDividedFlags(t *testing.T) {
	for text, want := range map[string][]float32{
		"1,0": {1, 0}, "yes; no; yes": {1, 0, 1}, "0 1 1": {0, 1, 1}, "TRUE|FALSE": {1, 0}, "1,0,": {1, 0},
		"1,5": nil, "yes, but late": nil, "1, 2": nil, "No hold was required": nil, ",": nil,
	} {
		raw, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if values, ok := dividedIn(raw); ok != (want != nil) || len(values) != len(want) {
			t.Errorf("%q is divided into %d values, want %d", text, len(values), len(want))
		}
		if got, read := lenientFlags(raw, 3); want != nil && (!reflect.DeepEqual(got, want) || read != (flagsRead{values: len(want)})) {
			t.Errorf("%q: %v, %+v; want %v", text, got, read, want)
		}
	}
	if got, _ := lenientFlags(json.RawMessage(`"1,0"`), 1); !reflect.DeepEqual(got, []float32{1}) {
		t.Errorf("of one label, a decimal comma is one: %v", got)
	}
}
