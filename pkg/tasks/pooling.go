package tasks

import (
	"fmt"
	"slices"
)

// Pooling is how a sentence-level task reduces hidden states to one vector, or to one for
// each label.
type Pooling string

// The kinds of pooling.
const (
	NoPooling        Pooling = ""          // token tasks
	AttentionPooling Pooling = "attention" // weighted by a learned score
	CLSPooling       Pooling = "cls"       // hidden state of the first token
	// LabelAttentionPooling has an attention of its own for each yes/no output, and for
	// each head of classes (label-wise attention; Mullenbach et al. 2018, "Explainable
	// Prediction of Medical Codes from Clinical Text", equations 2 to 4).
	LabelAttentionPooling Pooling = "label_attention"
)

// Pooled returns a built-in or custom sentence-level task with another pooling; "" is
// attention.
func (t Task) Pooled(by Pooling) (Task, error) {
	if t.PerToken() {
		return t, fmt.Errorf("a %s task has no pooling", t.Kind)
	}
	switch by {
	case NoPooling, AttentionPooling:
		t.Pooling, t.PoolParam = AttentionPooling, t.Name+"_attention.attention"
	case LabelAttentionPooling:
		t.Pooling, t.PoolParam = by, t.Name+"_attention.attention"
	case CLSPooling:
		t.Pooling, t.PoolParam = by, ""
	default:
		return t, fmt.Errorf("pooling %q; want %s, %s or %s", by, AttentionPooling, LabelAttentionPooling, CLSPooling)
	}
	return t, nil
}

// Attentions returns how many attentions each head of a task with [LabelAttentionPooling]
// has: a yes/no head one for each of its outputs, a head of classes one. Rows of the score's
// weight are in this order. It is nil for other tasks, whose heads share a vector.
func (t Task) Attentions() []int {
	if t.Pooling != LabelAttentionPooling {
		return nil
	}
	counts := make([]int, len(t.Heads))
	for h, head := range t.Heads {
		counts[h] = 1
		if t.YesNo() {
			counts[h] = len(head.Labels)
		}
	}
	return counts
}

// ContinuedAttentions says from which row of another task's attention scores each of this
// one's is continued, if both pool by attention: the same label's, or the only row of one
// that all labels share. Labels that only this task has are left out if the other's rows
// are labels'.
func (t Task) ContinuedAttentions(other Task) map[int]int {
	rows := map[int]int{}
	if t.Pooling == AttentionPooling {
		return map[int]int{0: 0}
	}
	theirs := other.attentionNames()
	for row, name := range t.attentionNames() {
		switch at := slices.Index(theirs, name); {
		case other.Pooling == AttentionPooling:
			rows[row] = 0
		case at >= 0:
			rows[row] = at
		}
	}
	return rows
}

// attentionNames names the rows of the score's weight, each by its head and label.
func (t Task) attentionNames() [][2]string {
	var names [][2]string
	for h, count := range t.Attentions() {
		for i := range count {
			name := [2]string{t.Heads[h].Name}
			if t.YesNo() {
				name[1] = t.Heads[h].Labels[i]
			}
			names = append(names, name)
		}
	}
	return names
}
