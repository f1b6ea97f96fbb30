package fusion

import (
	"slices"
	"strings"
	"testing"
)

// Maps of labels are read in either direction, where it can be told.
func TestParseLabels(t *testing.T) {
	for text, want := range map[string]string{
		`["b", "a"]`:               "b a",
		`[1, 2, 3]`:                "1 2 3",
		`{"b": 0, "a": 1}`:         "b a",
		`{"0": "b", "1": "a"}`:     "b a",
		`{"0": 1, "1": 2, "2": 3}`: "1 2 3",
		`{"2": 3, "0": 1, "1": 2}`: "1 2 3",
		`{"1": 0, "2": 1, "3": 2}`: "1 2 3",
		`{"0": 2, "1": 0, "2": 1}`: "1 2 0", // both ways would do: labels are the keys
		`{"0": 1.5, "1": 2}`:       "1.5 2",
		`{"0": 1, "1": 1}`:         "",
		`{"0": 1, "2": 2}`:         "",
		`{"1": 1, "2": 2}`:         "",
	} {
		got, err := parseLabels([]byte(text))
		if (err != nil) != (want == "") || err == nil && !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
}
