package tasks

import (
	"fmt"
	"math"
	"slices"

	"github.com/trident-nlp/trident/internal/numbers"
)

// Follows means that a head's label is determined by that of another head of its task,
// as a main category is by its sub-category.
type Follows struct {
	Head string `json:"head"` // name of the other head
	// IDs has, for each label id of that head, the id of the corresponding label, or
	// AnyLabel. It is nil until the training data has been read.
	IDs []int `json:"ids,omitzero"`
}

// String returns a form such as "sub [0 0 1]".
func (f *Follows) String() string {
	if f == nil {
		return "none"
	}
	return fmt.Sprintf("%s %v", f.Head, f.IDs)
}

// AnyLabel is used in [Follows.IDs] for a label that can be combined with any other: no
// record has determined it.
const AnyLabel = -1

// CheckFollows returns an error if dependencies between heads are invalid: unknown
// heads, cycles, or ids without a label.
func (t Task) CheckFollows() error {
	for h, head := range t.Heads {
		if head.Follows == nil {
			continue
		}
		if err := t.checkFollows(h); err != nil {
			return fmt.Errorf("head %s follows %s: %w", head.Name, head.Follows.Head, err)
		}
	}
	return nil
}

func (t Task) checkFollows(h int) error {
	if t.Kind != MultiClass {
		return fmt.Errorf("only heads of a %s task can", MultiClass)
	}
	leader := t.leader(h)
	if leader < 0 {
		return fmt.Errorf("task %s has no such head", t.Name)
	}
	for at, steps := leader, 0; at >= 0; at, steps = t.leader(at), steps+1 {
		if at == h || steps > len(t.Heads) {
			return fmt.Errorf("that is a circle")
		}
	}
	ids := t.Heads[h].Follows.IDs
	if ids == nil {
		return nil
	}
	if len(ids) != len(t.Heads[leader].Labels) {
		return fmt.Errorf("%d ids for the %d labels of %s", len(ids), len(t.Heads[leader].Labels), t.Heads[leader].Name)
	}
	for _, id := range ids {
		if id != AnyLabel && (id < 0 || id >= len(t.Heads[h].Labels)) {
			return fmt.Errorf("id %d isn't one of %d to %d", id, AnyLabel, len(t.Heads[h].Labels)-1)
		}
	}
	return nil
}

// leader returns the index of the head that head h follows; negative if there is none,
// or if it doesn't exist.
func (t Task) leader(h int) int {
	if t.Heads[h].Follows == nil {
		return -1
	}
	return slices.IndexFunc(t.Heads, func(other Head) bool { return other.Name == t.Heads[h].Follows.Head })
}

// decider returns the leader of head h if the corresponding labels are known; otherwise
// it is negative.
func (t Task) decider(h int) int {
	if t.Heads[h].Follows == nil || t.Heads[h].Follows.IDs == nil {
		return -1
	}
	return t.leader(h)
}

// Paired reports whether the corresponding labels are known for any pair of heads.
func (t Task) Paired() bool {
	for h := range t.Heads {
		if t.decider(h) >= 0 {
			return true
		}
	}
	return false
}

// Independent returns the tasks without the dependencies between their heads.
func Independent(list []Task) []Task {
	list = slices.Clone(list)
	for t := range list {
		list[t].Heads = slices.Clone(list[t].Heads)
		for h := range list[t].Heads {
			list[t].Heads[h].Follows = nil
		}
	}
	return list
}

// Answer chooses a label for each head of a multiclass task from the heads' logits. A
// head without dependencies gets its most likely label. For dependent heads, it chooses
// the consistent labels with the highest sum of log-probabilities (each from its head's
// own softmax). In a tie, those with the lowest id of the leader are chosen.
func (t Task) Answer(logits [][]float32) []int {
	a := answering{task: t, logits: logits, followers: make([][]int, len(t.Heads)), best: make([]int, len(t.Heads)), values: make([][]float64, len(t.Heads))}
	for h := range t.Heads {
		if leader := t.decider(h); leader >= 0 {
			a.followers[leader] = append(a.followers[leader], h)
		}
	}
	answer := make([]int, len(t.Heads))
	for h := range t.Heads {
		switch {
		case t.decider(h) >= 0:
		case len(a.followers[h]) == 0:
			answer[h] = numbers.Argmax(logits[h])
		default:
			a.weigh(h)
			a.tell(h, a.best[h], answer)
		}
	}
	return answer
}

// Consistent reports whether the labels of an answer, by head, are consistent.
func (t Task) Consistent(answer []int) bool {
	for h := range t.Heads {
		leader := t.decider(h)
		if leader < 0 {
			continue
		}
		if id := t.Heads[h].Follows.IDs[answer[leader]]; id != AnyLabel && id != answer[h] {
			return false
		}
	}
	return true
}

// answering traverses a tree of heads for [Task.Answer], from followers to leaders.
type answering struct {
	task      Task
	logits    [][]float32
	followers [][]int     // by head
	values    [][]float64 // by head and label: its log-probability plus the best of its consistent followers
	best      []int       // by head: the label with the highest value
}

// weigh computes the values of head h and of its followers.
func (a *answering) weigh(h int) {
	a.values[h] = logSoftmax(a.logits[h])
	for _, follower := range a.followers[h] {
		a.weigh(follower)
		for label, id := range a.task.Heads[follower].Follows.IDs {
			if id == AnyLabel {
				id = a.best[follower]
			}
			a.values[h][label] += a.values[follower][id]
		}
	}
	a.best[h] = numbers.Argmax(a.values[h])
}

// tell sets the labels of head h and of its followers.
func (a *answering) tell(h, label int, answer []int) {
	answer[h] = label
	for _, follower := range a.followers[h] {
		id := a.task.Heads[follower].Follows.IDs[label]
		if id == AnyLabel {
			id = a.best[follower]
		}
		a.tell(follower, id, answer)
	}
}

// logSoftmax returns xᵢ - log Σ exp(xⱼ).
func logSoftmax(logits []float32) []float64 {
	highest := float64(slices.Max(logits))
	var sum float64
	for _, x := range logits {
		sum += math.Exp(float64(x) - highest)
	}
	values := make([]float64, len(logits))
	for i, x := range logits {
		values[i] = float64(x) - highest - math.Log(sum)
	}
	return values
}
