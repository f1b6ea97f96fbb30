package datasets

import (
	"fmt"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Check refuses an example whose labels don't fit the tasks of its set: each task needs
// one, with a class or the flags of each head.
func (ex Example) Check(list []tasks.Task) error {
	if len(ex.Labels) != len(list) {
		return fmt.Errorf("record %d has labels for %d tasks, but its set has %d", ex.Record, len(ex.Labels), len(list))
	}
	for t, task := range list {
		if err := ex.Labels[t].check(task, len(ex.IDs)); err != nil {
			return fmt.Errorf("record %d: task %q: %w", ex.Record, task.Name, err)
		}
	}
	return nil
}

// check is [Example.Check] for one task of a text of that many tokens.
func (l Label) check(task tasks.Task, tokens int) error {
	layout := task.Kind.Layout()
	if l.Soft != nil && len(l.Soft) != len(task.Heads) {
		return fmt.Errorf("a teacher's logits are there for %d of %d heads", len(l.Soft), len(task.Heads))
	}
	if layout.YesNo {
		if len(l.Flags) != len(task.Heads) {
			return fmt.Errorf("flags are there for %d of %d heads", len(l.Flags), len(task.Heads))
		}
		for h, head := range task.Heads {
			if len(l.Flags[h]) != len(head.Labels) {
				return fmt.Errorf("head %q has %d flags for %d labels", head.Name, len(l.Flags[h]), len(head.Labels))
			}
		}
		return nil
	}
	want, of := len(task.Heads), "heads"
	if layout.PerToken {
		want, of = tokens, "tokens"
	}
	if len(l.Classes) != want {
		return fmt.Errorf("there are %d classes for %d %s", len(l.Classes), want, of)
	}
	for h, head := range task.Heads {
		for _, class := range l.HeadClasses(layout, h) {
			known := class >= 0 && (class < int64(len(head.Labels)) || task.Kind == tasks.MaskedLM)
			if class != int64(layout.Ignore) && !known {
				return fmt.Errorf("head %q has class %d, but %d labels", head.Name, class, len(head.Labels))
			}
		}
	}
	return nil
}
