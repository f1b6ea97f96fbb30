package datasets

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
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
			labels, err := ParseQALabels(json.RawMessage(raw))
			if err != nil {
				t.Errorf("%s: %v", raw, err)
			} else if want := []float32{v.Flag, 1}; !reflect.DeepEqual(labels["hold"], want) {
				t.Errorf("%s: got %v, want %v", raw, labels["hold"], want)
			}
		}
	}
}

func TestParseQALabels(t *testing.T) {
	type lists map[string][]float32
	for name, c := range map[string]struct {
		raw  string
		want lists
	}{
		"object":               {`{"opening": [1], "hold": [0, 1]}`, lists{"opening": {1}, "hold": {0, 1}}},
		"string":               {`"{\"opening\": [1], \"hold\": [0, 1]}"`, lists{"opening": {1}, "hold": {0, 1}}},
		"spaces":               {` " { \"opening\" : [ 1 ] } " `, lists{"opening": {1}}},
		"no heads":             {`{}`, lists{}},
		"empty list":           {`{"hold": []}`, lists{"hold": {}}},
		"sentence in the list": {`{"hold": ["No hold was required", 1]}`, lists{"hold": {0, 1}}},
		"sentence for a list":  {`{"hold": "No hold was required"}`, lists{"hold": {}}},
		"digit text for it":    {`{"hold": "1"}`, lists{"hold": {}}},
		"number for a list":    {`{"opening": 1}`, lists{"opening": {1}}},
		"true for a list":      {`{"opening": true}`, lists{"opening": {1}}},
		"null for a list":      {`{"opening": null}`, lists{"opening": {}}},
		"object for a list":    {`{"opening": {"a": 1}}`, lists{"opening": {}}},
		"list in a list":       {`{"hold": [[1], 1]}`, lists{"hold": {0, 1}}},
		"head twice":           {`{"hold": [1], "hold": [0]}`, lists{"hold": {0}}},
	} {
		got, err := ParseQALabels(json.RawMessage(c.raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(lists(got), c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestParseQALabelsRefuses(t *testing.T) {
	const secret = "Amina"
	for _, raw := range []string{
		"", "null", "1", "[1]", `""`, `"null"`, `"[1]"`, `"` + secret + `"`, `"{\"opening\": [` + secret + `]}"`,
		`"{\"opening\": [1]"`, `"{'opening': [1]}"`, `"{\"opening\": [NaN]}"`, `"{} ` + secret + `"`,
	} {
		labels, err := ParseQALabels(json.RawMessage(raw))
		if err == nil {
			t.Errorf("%s: got %v, want an error", raw, labels)
		} else if !strings.Contains(err.Error(), "want a JSON object") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: error %q", raw, err)
		}
	}
}
