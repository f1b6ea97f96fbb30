package tasks_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestSchemeOf(t *testing.T) {
	for _, test := range []struct {
		labels, names string // names: of the labels; the same if they are plain
	}{
		{"O NAME VICTIM", "O NAME VICTIM"},
		{"O B-NAME I-NAME", "O NAME"},
		{"B-NAME I-NAME O", "NAME O"},
		{"O I-PER B-LOC I-LOC", "O PER LOC"}, // IOB1: B- only where it was needed
		{"O I-PER I-LOC", "O PER LOC"},
		{"O B-NAME I-NAME L-NAME U-NAME U-AGE", "O NAME AGE"},
		{"O B-NAME I-NAME E-NAME S-NAME", "O NAME"},
		{"O B-NAME L-NAME", "O NAME"},
		{"O B-PHONE-NUMBER I-PHONE-NUMBER MISC", "O PHONE-NUMBER MISC"},
		{"O B-NAME I-NAME E-mail S-class", "O NAME E-mail S-class"},
		{"O B-PER", "O PER"},
		{"O I-NAME", "O NAME"},
		{"I-NAME I-AGE", "NAME AGE"},
		{"O I-PER I-LOC [PAD]", "O PER LOC [PAD]"},
		{"[PAD] [CLS] [SEP] X O B-PER B-LOC IGNORE", "[PAD] [CLS] [SEP] X O PER LOC IGNORE"},
		{"O X <pad> ignore", "O X <pad> ignore"},
		{"O I-131 XY", "O I-131 XY"},
		{"O B-vitamin NAME", "O B-vitamin NAME"},
		{"O B-vitamin C-vitamin I-131", "O B-vitamin C-vitamin I-131"},
		{"O B-NAME B-PLACE", "O NAME PLACE"},
		{"O E-mail mail", "O E-mail mail"},
		{"O B_NAME I_NAME", "O B_NAME I_NAME"},
		{"O NAME-B NAME-I", "O NAME-B NAME-I"},
		{"O b-name i-name", "O b-name i-name"},
		{"O B- I-", "O B- I-"},
		{"", ""},
	} {
		labels := strings.Fields(test.labels)
		s := tasks.SchemeOf(labels)
		if got := strings.Join(s.Names(labels), " "); got != test.names {
			t.Errorf("%s: names %s, want %s", test.labels, got, test.names)
		}
		if plain := test.labels == test.names; s.Plain() != plain || (tasks.CheckNames(labels) == nil) != plain {
			t.Errorf("%s: plain is %v, want %v; as names of spans: %v", test.labels, s.Plain(), plain, tasks.CheckNames(labels))
		}
	}
}

// tagsFile is testdata/tags.json.
type tagsFile struct {
	Cases []struct {
		Labels, Words []string
		Spans         [][]any // start, end, label
	}
}

// TestSpansEqualPython compares with transformers' pipeline and seqeval.
func TestSpansEqualPython(t *testing.T) {
	data, err := os.ReadFile("testdata/tags.json")
	if err != nil {
		t.Fatal(err)
	}
	var file tagsFile
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		var want []tasks.Span
		for _, s := range c.Spans {
			want = append(want, tasks.Span{Start: int(s[0].(float64)), End: int(s[1].(float64)), Label: s[2].(string)})
		}
		if got := tasks.SchemeOf(c.Labels).Spans(c.Words); !slices.Equal(got, want) {
			t.Errorf("%s\n%s\n got %v\nwant %v", c.Labels, c.Words, got, want)
		}
	}
	if len(file.Cases) == 0 {
		t.Error("no cases")
	}
}

func TestKindsAndTrueLabels(t *testing.T) {
	plain := tasks.Head{Labels: []string{"O", "NAME", "AGE"}}
	tags := tasks.Head{Labels: []string{"B-NAME", "I-NAME", "U-NAME", "O", "B-AGE"}}
	if got, want := plain.Kinds(), []string{"NAME", "AGE"}; !reflect.DeepEqual(got, want) {
		t.Errorf("kinds %v, want %v", got, want)
	}
	if got := plain.TrueLabels(); !reflect.DeepEqual(got, plain.Labels) {
		t.Errorf("true labels %v, want %v", got, plain.Labels)
	}
	if got, want := tags.Kinds(), []string{"NAME", "AGE"}; !reflect.DeepEqual(got, want) {
		t.Errorf("kinds %v, want %v", got, want)
	}
	if got, want := tags.TrueLabels(), []string{"O", "B-NAME", "I-NAME", "B-AGE", "I-AGE"}; !reflect.DeepEqual(got, want) {
		t.Errorf("true labels %v, want %v", got, want)
	}
}
