package datasets

import (
	"fmt"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// teach adds to a batch of examples the parts of the tasks that they have no labels of,
// only teachers' targets. Examples without those are left out of a part, which then has
// fewer rows.
func (b *Batch) teach(list []tasks.Task, examples []Example) {
	for t, task := range list {
		part := Part{Task: task.Name, Taught: true, Targets: make([]Target, len(task.Heads))}
		for i, ex := range examples {
			if t >= len(ex.Taught) || ex.Taught[t] == nil {
				continue
			}
			for h, soft := range ex.Taught[t] {
				part.Targets[h].soften(task.Kind.Layout(), soft, i, b.Length)
			}
		}
		b.Parts = append(b.Parts, part)
	}
}

// soften adds a teacher's logits for one head and example i of the batch.
func (t *Target) soften(layout tasks.Layout, soft SoftLabel, i, length int) {
	t.Soft.Logits = append(t.Soft.Logits, soft.Logits...)
	if !layout.PerToken {
		t.Soft.Rows = append(t.Soft.Rows, int64(i))
		return
	}
	for _, token := range soft.Rows {
		t.Soft.Rows = append(t.Soft.Rows, int64(i*length)+int64(token))
	}
}

// CheckTaught refuses an example whose teachers' targets don't fit tasks that it has no
// labels of: each task has none, or those of all heads, as many as there are labels for
// each row.
func (ex Example) CheckTaught(list []tasks.Task) error {
	if len(ex.Taught) > len(list) {
		return fmt.Errorf("record %d has teachers' targets of %d tasks, but its set is taught %d", ex.Record, len(ex.Taught), len(list))
	}
	for t, taught := range ex.Taught {
		task := list[t]
		if taught == nil {
			continue
		}
		if len(taught) != len(task.Heads) {
			return fmt.Errorf("record %d: task %q: a teacher's targets are there for %d of %d heads", ex.Record, task.Name, len(taught), len(task.Heads))
		}
		for h, soft := range taught {
			rows := 1
			if task.PerToken() {
				rows = len(soft.Rows)
			}
			if want := rows * len(task.Heads[h].Labels); len(soft.Logits) != want {
				return fmt.Errorf("record %d: task %q: head %q has %d of a teacher's logits, want %d", ex.Record, task.Name, task.Heads[h].Name, len(soft.Logits), want)
			}
			for _, row := range soft.Rows {
				if row < 0 || int(row) >= len(ex.IDs) {
					return fmt.Errorf("record %d: task %q: a teacher's target is of token %d of %d", ex.Record, task.Name, row, len(ex.IDs))
				}
			}
		}
	}
	return nil
}
