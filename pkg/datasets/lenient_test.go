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
			} else if got, want := lenientFlags(hold), []float32{v.Flag, 1}; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %v, want %v", raw, got, want)
			}
		}
	}
}

func TestLenientFlags(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		want []float32
	}{
		"list":                 {`[0, 1]`, []float32{0, 1}},
		"empty list":           {`[]`, []float32{}},
		"sentence in the list": {`["No hold was required", 1]`, []float32{0, 1}},
		"sentence for a list":  {`"No hold was required"`, []float32{}},
		"digit text for it":    {`"1"`, []float32{}},
		"number for a list":    {`1`, []float32{1}},
		"true for a list":      {`true`, []float32{1}},
		"false for a list":     {`false`, []float32{0}},
		"object for a list":    {`{"a": 1}`, []float32{}},
		"list in a list":       {`[[1], 1]`, []float32{0, 1}},
	} {
		if got := lenientFlags(json.RawMessage(c.raw)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	if got := lenientFlags(nil); len(got) != 0 {
		t.Errorf("no value: got %v", got)
	}
}

// Lists are cut or padded to their head's size, and what is missing isn't met.
func TestQAFitsLists(t *testing.T) {
	none := [][]float32{{0}, {0, 0, 0, 0, 0}, {0, 0, 0}, {0, 0, 0, 0, 0}, {0, 0}, {0}}
	for raw, want := range map[string][][]float32{
		`"{\"opening\": [1, 1], \"listening\": [1, 0, 1, 1, 0, 1], \"proactiveness\": [1], \"resolution\": [], \"hold\": \"No hold was required\", \"music\": [1]}"`: {{1}, {1, 0, 1, 1, 0}, {1, 0, 0}, {0, 0, 0, 0, 0}, {0, 0}, {0}},
		`{"opening": null}`: none, `{}`: none, `"{}"`: none, `null`: none,
	} {
		r := mustLoad(t, `{"text": "x", "labels": `+raw+`}`, tasks.QA())
		set := mustEncode(t, r, Limits{MaxLength: 10})
		if got := set.Examples[0].Labels[0].Flags; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", raw, got, want)
		}
	}
}
