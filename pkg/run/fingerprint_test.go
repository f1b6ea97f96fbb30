package run

import (
	"slices"
	"testing"
)

func TestChanges(t *testing.T) {
	was := map[string]string{"task": "multitask", "training.seed": "1", "the file of ner": "ab, 2 records", "the file of qa": "cd, 3 records"}
	is := map[string]string{"task": "multitask", "training.seed": "2", "the file of ner": "ab, 2 records", "training.new": ""}
	want := []string{`the file of qa was cd, 3 records, is none`, `training.new was "", is ""`, `training.seed was "1", is "2"`}
	if got := changes(was, is); !slices.Equal(got, want) {
		t.Errorf("changes %q, want %q", got, want)
	}
	was[encoderKey], is[encoderKey], is[vocabularyKey] = "4 heads, gelu", "4 heads, relu", "5 tokens"
	want = append([]string{`the encoder's configuration was "4 heads, gelu", is "4 heads, relu"`}, want...)
	if got := changes(was, is); !slices.Equal(got, want) {
		t.Errorf("another encoder, and a state without a vocabulary: %q, want %q", got, want)
	}
	if got := changes(was, was); len(got) > 0 {
		t.Errorf("nothing changed, but %q", got)
	}
}
