package tasks

import (
	"slices"
	"testing"
)

func params(task Task) []string {
	var list []string
	for _, head := range task.Heads {
		list = append(list, head.Param)
	}
	return list
}

// Checkpoints of the prototype's single-task trainers have these names.
func TestSingleTasksParameterNames(t *testing.T) {
	for name, c := range map[string]struct {
		task    Task
		pre     string
		pooling Pooling
		want    []string
	}{
		"ner": {SingleNER(NERLabels()), "", NoPooling, []string{"classifier"}},
		"cls": {SingleCLS(CaseLabels{}), "pre_classifier", CLSPooling, []string{"classifier_main", "classifier_sub", "classifier_interv", "classifier_priority"}},
		"qa":  {SingleQA(), "", CLSPooling, []string{"heads.opening", "heads.listening", "heads.proactiveness", "heads.resolution", "heads.hold", "heads.closing"}},
	} {
		if got := params(c.task); !slices.Equal(got, c.want) {
			t.Errorf("%s: heads %v, want %v", name, got, c.want)
		}
		if c.task.PreParam != c.pre || c.task.Pooling != c.pooling || c.task.PoolParam != "" || c.task.Transform != "" {
			t.Errorf("%s: pre-classifier %q, pooling %q by %q, transform %q", name, c.task.PreParam, c.task.Pooling, c.task.PoolParam, c.task.Transform)
		}
	}
}

// Only the parameters differ: names, labels and data are those of the same
// task in the shared model.
func TestSingleTasksAreTheSameTasks(t *testing.T) {
	labels := CaseLabels{Main: []string{"a"}, Sub: []string{"b", "c"}, Intervention: []string{"d"}, Priority: []string{"1"}}
	for _, pair := range [][2]Task{{SingleNER(NERLabels()), NER(NERLabels())}, {SingleCLS(labels), CLS(labels)}, {SingleQA(), QA()}} {
		single, joint := pair[0], pair[1]
		if single.Name != joint.Name || single.Kind != joint.Kind || single.Text != joint.Text || single.Lenient != joint.Lenient || len(single.Heads) != len(joint.Heads) {
			t.Errorf("%s: got %+v, want %+v", joint.Name, single, joint)
			continue
		}
		for h, got := range single.Heads {
			want := joint.Heads[h]
			if got.Name != want.Name || got.Field != want.Field || got.Source != want.Source || got.Via != want.Via || got.Required != want.Required || !slices.Equal(got.Labels, want.Labels) {
				t.Errorf("%s: got head %+v, want %+v", joint.Name, got, want)
			}
		}
	}
}
