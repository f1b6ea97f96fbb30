package run

import (
	"testing"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/pretrain"
	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestHowCounted(t *testing.T) {
	ner, qa := tasks.NER(tasks.NERLabels()), tasks.QA()
	paired := tasks.Task{Name: "cls", Kind: tasks.MultiClass, Heads: []tasks.Head{{Name: "sub"}, {Name: "main", Follows: &tasks.Follows{Head: "sub", IDs: []int{0}}}}}
	for name, test := range map[string]struct {
		best string
		list []tasks.Task
		want string
	}{
		"all":           {config.BestAvg, []tasks.Task{ner, paired, qa}, "  Over all records. The epochs' lines, which choose the best, are batch means (NER: macro F1 of tokens; CLS: each head's own label)."},
		"another best":  {"val_ner/entity_f1", []tasks.Task{ner}, "  Over all records. The epochs' lines are batch means (NER: macro F1 of tokens)."},
		"nothing more":  {config.BestLoss, []tasks.Task{qa}, "  Over all records. The epochs' lines are batch means."},
		"masked tokens": {config.BestAvg, []tasks.Task{pretrain.Task()}, "  Over all masked tokens, as in the epochs' lines."},
	} {
		if got := howCounted(test.best, test.list); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
