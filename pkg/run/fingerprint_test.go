package run

import (
	"maps"
	"slices"
	"testing"

	"github.com/trident-nlp/trident/pkg/config"
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

// A state of an earlier version lacks the settings that there weren't: it goes on with their
// defaults, and with nothing else.
func TestStatesOfEarlierVersions(t *testing.T) {
	c := config.Default(config.TaskQA)
	now, err := fingerprint(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	earlier := maps.Clone(now)
	for _, key := range []string{"training.gradient_accumulation_steps", "training.lr_scheduler_type", "backbone.freeze_layers", "backbone.heads"} {
		if _, there := earlier[key]; !there {
			t.Errorf("no setting %s", key)
		}
		delete(earlier, key)
	}
	was, err := completed(earlier, now)
	if list := changes(was, now); err != nil || len(list) > 0 {
		t.Errorf("changes %v, %v", list, err)
	}
	c.Training.AccumulationSteps = 4
	if now, err = fingerprint(c, nil); err != nil {
		t.Fatal(err)
	}
	was, err = completed(earlier, now)
	if list := changes(was, now); err != nil || len(list) != 1 || list[0] != `training.gradient_accumulation_steps was "1", is "4"` {
		t.Errorf("changes %v, %v", list, err)
	}
}
