package fusion

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// KeptHead is what a head took over from the model that it continues.
type KeptHead struct {
	Task, Head string
	Kept       []string // labels of both models, whose weights are taken over
	New        []string // labels that the other model lacks, with random weights
	Gone       []string // labels that only the other model has
	Why        string   // why nothing was kept; "" if something was
}

// KeepHeads takes over the heads of another model where they fit. For tasks with the same
// name and the same layers between encoder and classifiers it copies these layers and,
// label by label, the classifiers' rows; labels may have other ids. One attention of a task
// becomes that of each label of one with an attention for each. If the encoders are
// the same, logits for the labels of both models are then the other model's, bit for bit
// if all labels and the pooling are the same (matrix products of another width may round
// differently). It
// returns the outcome for each head.
func (m *Model) KeepHeads(from *Model) ([]KeptHead, error) {
	var list []KeptHead
	for _, task := range m.Tasks {
		other, why := matching(task, from)
		if why == "" && from.Config.Dim != m.Config.Dim {
			why = fmt.Sprintf("its hidden states have %d dimensions, not %d", from.Config.Dim, m.Config.Dim)
		}
		if why == "" {
			if err := m.keepParts(task, from, other); err != nil {
				return nil, fmt.Errorf("keep the heads of task %s: %w", task.Name, err)
			}
		}
		for _, head := range task.Heads {
			kept := KeptHead{Task: task.Name, Head: head.Name, New: head.Labels, Why: why}
			if why == "" {
				var err error
				if kept, err = m.keepRows(task, head, from, other); err != nil {
					return nil, fmt.Errorf("keep the head %s of task %s: %w", head.Name, task.Name, err)
				}
			}
			list = append(list, kept)
		}
	}
	return list, nil
}

// matching returns the task of another model that a task can continue, or why there is none.
func matching(task tasks.Task, from *Model) (other tasks.Task, why string) {
	other, err := tasks.Find(from.Tasks, task.Name)
	switch {
	case err != nil:
		return other, "it has no task of that name"
	case other.Kind != task.Kind:
		return other, fmt.Sprintf("there it is a %s task", other.Kind)
	case other.Pooling != task.Pooling && (other.Pooling != tasks.AttentionPooling || task.Pooling != tasks.LabelAttentionPooling):
		return other, fmt.Sprintf("there it has %s pooling", other.Pooling)
	case (other.Transform == "") != (task.Transform == "") || (other.PreParam == "") != (task.PreParam == ""):
		return other, "one of the two has a linear layer before its classifiers, the other one doesn't"
	}
	return other, ""
}

// keepParts copies the layers between the encoder and a task's classifiers.
func (m *Model) keepParts(task tasks.Task, from *Model, other tasks.Task) error {
	for _, part := range []struct{ mine, theirs string }{
		{task.Transform, other.Transform}, {task.PreParam, other.PreParam},
	} {
		for _, p := range from.params.All() {
			name, within := strings.CutPrefix(p.Name, part.theirs+".")
			if part.theirs == "" || !within {
				continue
			}
			mine, found := m.params.Get(part.mine + "." + name)
			if !found {
				return fmt.Errorf("the model has no %s.%s", part.mine, name)
			}
			data, err := torchx.Bytes(p.Tensor)
			if err != nil {
				return err
			}
			size, err := p.Tensor.Size()
			if err != nil {
				return err
			}
			if err := torchx.SetBytes(mine, data, gotch.Float, size); err != nil {
				return err
			}
		}
	}
	if task.PoolParam == "" {
		return nil
	}
	return m.copyRows(task.PoolParam+".weight", from, other.PoolParam+".weight", task.ContinuedAttentions(other))
}

// keepRows copies the rows of a classifier, weight [labels, dim] and bias [labels], for the
// labels of both models.
func (m *Model) keepRows(task tasks.Task, head tasks.Head, from *Model, other tasks.Task) (KeptHead, error) {
	kept := KeptHead{Task: task.Name, Head: head.Name}
	at := slices.IndexFunc(other.Heads, func(h tasks.Head) bool { return h.Name == head.Name })
	if at < 0 {
		kept.New, kept.Why = head.Labels, "it has no head of that name"
		return kept, nil
	}
	theirs := other.Heads[at]
	rows := map[int]int{} // our row → theirs
	for i, label := range head.Labels {
		if j := slices.Index(theirs.Labels, label); j >= 0 {
			rows[i] = j
			kept.Kept = append(kept.Kept, label)
		} else {
			kept.New = append(kept.New, label)
		}
	}
	for _, label := range theirs.Labels {
		if !slices.Contains(head.Labels, label) {
			kept.Gone = append(kept.Gone, label)
		}
	}
	if len(rows) == 0 {
		kept.Why = "no label is in both"
		return kept, nil
	}
	for _, part := range []string{".weight", ".bias"} {
		if err := m.copyRows(head.Param+part, from, theirs.Param+part, rows); err != nil {
			return kept, err
		}
	}
	return kept, nil
}

// copyRows overwrites rows of a parameter with those of another model's.
func (m *Model) copyRows(name string, from *Model, theirs string, rows map[int]int) error {
	dst, found := m.params.Get(name)
	src, there := from.params.Get(theirs)
	if !found || !there {
		return fmt.Errorf("there is no %s, or %s in the other model", name, theirs)
	}
	data, err := torchx.Bytes(dst)
	if err != nil {
		return err
	}
	other, err := torchx.Bytes(src)
	if err != nil {
		return err
	}
	size, err := dst.Size()
	if err != nil {
		return err
	}
	width := len(data) / int(size[0])
	for i, j := range rows {
		copy(data[i*width:(i+1)*width], other[j*width:(j+1)*width])
	}
	return torchx.SetBytes(dst, data, gotch.Float, size)
}
