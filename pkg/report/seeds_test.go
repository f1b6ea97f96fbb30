package report

import (
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestSeedNote(t *testing.T) {
	ner, cls, qa := tasks.NER([]string{"O", "NAME"}), tasks.CLS(tasks.CaseLabels{Main: []string{"a"}}), tasks.QA()
	own, taken := tasks.Task{Name: "mood", Kind: tasks.MultiClass}, tasks.Task{Name: "cls", Kind: tasks.MultiClass, Heads: []tasks.Head{{Name: "mood"}}}
	for _, test := range []struct {
		name          string
		list          []tasks.Task
		intervals     bool
		begins, holds string
	}{
		{"all", []tasks.Task{ner, cls, qa}, false, "With another training seed, ", " by about ±0.01 entity F1 (ner), ±0.01 accuracy (cls) and ±0.01 F1 (qa), as measured "},
		{"with intervals", []tasks.Task{cls, qa}, true, "The intervals are over records only: with another ", " by about ±0.01 accuracy (cls) and ±0.01 F1 (qa), as "},
		{"beside a custom task", []tasks.Task{own, ner}, true, "The intervals", " by about ±0.01 entity F1 (ner), as "},
		{"custom tasks", []tasks.Task{own}, true, "", ""},
		{"a custom task of that name", []tasks.Task{taken}, false, "", ""},
		{"no task", nil, true, "", ""},
	} {
		got := SeedNote(test.list, test.intervals)
		if !strings.HasPrefix(got, test.begins) || !strings.Contains(got, test.holds) || (got == "") != (test.begins == "") {
			t.Errorf("%s: %q", test.name, got)
		}
	}
}
