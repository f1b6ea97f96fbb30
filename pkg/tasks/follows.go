package tasks

import (
	"fmt"
	"math"
	"slices"

	"github.com/trident-nlp/trident/internal/numbers"
)

// Follows says that a head's label is decided by that of another head of its
// task, as a main category is by its sub-category.
type Follows struct {
	Head string `json:"head"` // its name
	// IDs has for each label of that head, by id, the id of the label that goes
	// with it, or AnyLabel. It is nil until the training data has told.
	IDs []int `json:"ids,omitzero"`
}

// String is such as "sub [0 0 1]".
func (f *Follows) String() string {
	if f == nil {
		return "none"
	}
	return fmt.Sprintf("%s %v", f.Head, f.IDs)
}

// AnyLabel stands in [Follows.IDs] for a label beside which any will do: no
// record has told which one.
const AnyLabel = -1

// CheckFollows reports what is wrong with what the heads say of each other:
// heads that don't exist, circles, and ids that the labels don't have.
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

// leader is the index of the head that head h follows; negative if it follows
// none, or one that isn't there.
func (t Task) leader(h int) int {
	if t.Heads[h].Follows == nil {
		return -1
	}
	return slices.IndexFunc(t.Heads, func(other Head) bool { return other.Name == t.Heads[h].Follows.Head })
}

// decider is the leader of head h if it is known which labels go together;
// otherwise it is negative.
func (t Task) decider(h int) int {
	if t.Heads[h].Follows == nil || t.Heads[h].Follows.IDs == nil {
		return -1
	}
	return t.leader(h)
}

// Paired reports whether it is known of any head which of its labels goes with
// which of another head's.
func (t Task) Paired() bool {
	for h := range t.Heads {
		if t.decider(h) >= 0 {
			return true
		}
	}
	return false
}

// Independent returns the tasks without what their heads say of each other.
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

// Answer chooses a label of each head of a multiclass task, given each head's
// logits. A head that neither follows another nor is followed says its
// likeliest label. Of heads that follow one another those labels are chosen
// that go together and whose log-probabilities (of each head's own softmax)
// have the highest sum. Of several that are equally good the ones with the
// leader's lowest id are taken.
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

// Consistent reports whether an answer's labels, by head, go together.
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

// answering is how [Task.Answer] goes through a tree of heads, from those that
// follow to those that lead.
type answering struct {
	task      Task
	logits    [][]float32
	followers [][]int     // of each head
	values    [][]float64 // of each head and label: its log-probability, with the best of the labels that may go with it
	best      []int       // of each head: the label of the highest value
}

// weigh finds the values of head h and of those that follow it.
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

// tell gives head h its label, and those that follow it theirs.
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
