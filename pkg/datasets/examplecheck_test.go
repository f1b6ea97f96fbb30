package datasets

import (
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestExampleCheck(t *testing.T) {
	ner := tasks.NER([]string{"O", "NAME"})
	cls := tasks.Task{Name: "cls", Kind: tasks.MultiClass, Heads: []tasks.Head{{Name: "main", Labels: []string{"a", "b"}}, {Name: "sub", Labels: []string{"c"}}}}
	qa := tasks.Task{Name: "qa", Kind: tasks.MultiLabel, Heads: []tasks.Head{{Name: "opening", Labels: []string{"x", "y"}}}}
	mlm := tasks.Task{Name: "mlm", Kind: tasks.MaskedLM, Heads: []tasks.Head{{Name: "mlm"}}}
	for _, test := range []struct {
		name  string
		task  tasks.Task
		label Label
		want  string // "": it fits
	}{
		{"tokens", ner, Label{Classes: []int64{tasks.IgnoreToken, 1, tasks.IgnoreToken}}, ""},
		{"too few tokens", ner, Label{Classes: []int64{1}}, `task "ner": there are 1 classes for 3 tokens`},
		{"no label", ner, Label{}, "there are 0 classes for 3 tokens"},
		{"no such class", ner, Label{Classes: []int64{0, 2, 0}}, `head "ner" has class 2, but 2 labels`},
		{"another kind's ignored class", ner, Label{Classes: []int64{0, tasks.IgnoreClass, 0}}, `head "ner" has class -1, but 2 labels`},
		{"classes", cls, Label{Classes: []int64{1, tasks.IgnoreClass}}, ""},
		{"class of another head", cls, Label{Classes: []int64{1, 1}}, `head "sub" has class 1, but 1 labels`},
		{"a head too few", cls, Label{Classes: []int64{1}}, "there are 1 classes for 2 heads"},
		{"flags", qa, Label{Flags: [][]float32{{0, 1}}}, ""},
		{"no flags", qa, Label{}, "flags are there for 0 of 1 heads"},
		{"a flag too few", qa, Label{Flags: [][]float32{{0}}}, `head "opening" has 1 flags for 2 labels`},
		{"masked tokens", mlm, Label{Classes: []int64{tasks.IgnoreToken, 30000, tasks.IgnoreToken}}, ""},
		{"a head without a teacher", cls, Label{Classes: []int64{0, 0}, Soft: make([]SoftLabel, 1)}, "a teacher's logits are there for 1 of 2 heads"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := Example{Record: 7, IDs: []int32{1, 5, 2}, Labels: []Label{test.label}}.Check([]tasks.Task{test.task})
			if (err != nil) != (test.want != "") || err != nil && (!strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "record 7: ")) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	err := Example{Record: 7}.Check([]tasks.Task{ner})
	if err == nil || err.Error() != "record 7 has labels for 0 tasks, but its set has 1" {
		t.Errorf("an example without labels: error %v", err)
	}
}
