package run

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/trident-nlp/trident/pkg/config"
)

func TestChanges(t *testing.T) {
	was := map[string]string{"task": "multitask", "training.seed": "1", "the file of ner": "ab, 2 records", "the file of qa": "cd, 3 records"}
	is := map[string]string{"task": "multitask", "training.seed": "2", "the file of ner": "ab, 2 records", "training.new": ""}
	want := []string{`the file of qa was cd, 3 records, is none`, `training.new was none, is ""`, `training.seed was "1", is "2"`}
	if got := changes(was, is); !slices.Equal(got, want) {
		t.Errorf("changes %q, want %q", got, want)
	}
	was[encoderKey], is[encoderKey], is[vocabularyKey] = "4 heads, gelu", "4 heads, relu", "5 tokens"
	want = append([]string{`the encoder's configuration was "4 heads, gelu", is "4 heads, relu"`}, want...)
	if got := changes(was, is); !slices.Equal(got, want) {
		t.Errorf("another encoder, and a state without a vocabulary: %q, want %q", got, want)
	}
	if got := changes(map[string]string{modelTypeKey: "bert"}, nil); !slices.Equal(got, []string{`the encoder's model type was "bert", is "distilbert"`}) {
		t.Errorf("DistilBERT instead of BERT: %q", got)
	}
	teachers := map[string]string{teacherPrefix + "ner": "ab"}
	if got := changes(map[string]string{}, teachers); len(got) > 0 {
		t.Errorf("a state without teachers' contents, but %q", got)
	}
	if got := changes(teachers, map[string]string{teacherPrefix + "ner": "cd"}); !slices.Equal(got, []string{"the teacher of ner was ab, is cd"}) {
		t.Errorf("another teacher: %q", got)
	}
	if got := changes(was, was); len(got) > 0 {
		t.Errorf("nothing changed, but %q", got)
	}
}

// A teacher is told by its files; one that nothing is learnt from doesn't count.
func TestTeachersAreIdentified(t *testing.T) {
	dir := t.TempDir()
	c := config.Default(config.TaskDistill)
	c.Distill.Teachers = map[string]config.Teacher{"ner": {Model: config.Paths{dir}, Alpha: 0.5}, "qa": {Model: config.Paths{dir}, HiddenWeight: 1}, "cls": {Model: config.Paths{dir}}}
	identify := func(text string) map[string]string {
		t.Helper()
		all := map[string]string{}
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (&Run{config: c}).addTeachers(all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	before, after := identify("{}"), identify("{ }")
	if got := slices.Sorted(maps.Keys(before)); !slices.Equal(got, []string{"the teacher of ner", "the teacher of qa"}) {
		t.Errorf("teachers %q", got)
	}
	for key := range before {
		if before[key] == after[key] {
			t.Errorf("%s is still %s", key, after[key])
		}
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
