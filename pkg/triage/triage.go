// Package triage orders calls by what it is expected to cost if nobody checks the model's
// labels. It needs no libtorch: a model's predictions hold the [Review] of each call, and
// [Queue] orders them.
package triage

import (
	"cmp"
	"math"
	"slices"
)

// Review is what it is expected to cost to leave a call unchecked, and why:
//
//	cost = urgency · (1 + doubt)
//
// urgency is the expected weight of the call's priority: over its labels, the sum of
// probability · weight ([Weight]); 1 if the model has no priority. doubt is the expected
// share of wrong answers, between 0 and 1: the mean over the tasks of the mean over a
// task's answers of the probability that the answer is wrong. So a call that is surely
// critical comes before every call that is surely urgent, and among equally urgent calls
// the most doubtful comes first.
type Review struct {
	Cost    float64  `json:"cost"`
	Reasons []Reason `json:"reasons"` // the urgency first, then the most doubtful answers
}

// Reason is a part of a [Review]'s cost.
type Reason struct {
	Kind string `json:"kind"` // Urgency or Doubt
	Task string `json:"task"`
	Head string `json:"head,omitzero"` // the head's field; "" for the entities of a token task

	// Label is the priority that contributes most to the urgency, or the answer in doubt:
	// a class, or a yes/no output's name. It is "" for the entities of a token task.
	Label       string  `json:"label,omitzero"`
	Probability float64 `json:"probability"` // of that priority, or that the answer is right
	Cost        float64 `json:"cost"`        // the part of the review's cost
}

// Kinds of reasons.
const (
	Urgency = "urgency"
	Doubt   = "doubt"
)

// mostReasons is how many doubtful answers a review names.
const mostReasons = 3

// Call is what a model says about a call, as far as [Assess] needs it.
type Call struct {
	Priority *Priority // nil: the model has none
	Answers  []Answer  // those of a task one after the other
}

// Priority has the probabilities of a call's priorities.
type Priority struct {
	Task, Head    string
	Labels        []string
	Probabilities []float64 // by label
}

// Answer is one answer of a model: a class, a yes/no output, or all entities of a token
// task.
type Answer struct {
	Task, Head, Label string
	Wrong             float64 // probability that it is wrong
}

// weights of the priorities, by their meaning.
var weights = map[string]float64{Critical: 10, Urgent: 3, Routine: 1}

// Meanings of priorities.
const (
	Critical = "critical"
	Urgent   = "urgent"
	Routine  = "routine"
)

// Meaning returns the meaning of a priority's label: "critical" for "1"; "" if it is
// unknown.
func Meaning(label string) string {
	switch label {
	case "1", Critical:
		return Critical
	case "2", Urgent:
		return Urgent
	case "3", Routine:
		return Routine
	}
	return ""
}

// Weight returns the cost of a call of this priority that nobody looks at, relative to a
// routine call: 10 if it is critical, 3 if it is urgent, and 1 otherwise.
func Weight(label string) float64 { return cmp.Or(weights[Meaning(label)], 1) }

// Assess returns the review of a call. The same call always has the same review.
func Assess(c Call) Review {
	r := Review{Reasons: []Reason{}}
	urgency := 1.0
	if p := c.Priority; p != nil {
		urgency = 0
		most, best := 0.0, 0
		for i, label := range p.Labels {
			part := p.Probabilities[i] * Weight(label)
			urgency += part
			if part > most {
				most, best = part, i
			}
		}
		r.Reasons = append(r.Reasons, Reason{Urgency, p.Task, p.Head, p.Labels[best], p.Probabilities[best], urgency})
	}
	tasks, inTask := 0, map[string]int{}
	for _, a := range c.Answers {
		if inTask[a.Task] == 0 {
			tasks++
		}
		inTask[a.Task]++
	}
	var doubts []Reason
	r.Cost = urgency
	for _, a := range c.Answers {
		part := urgency * a.Wrong / float64(tasks*inTask[a.Task])
		r.Cost += part
		if part > 0 {
			doubts = append(doubts, Reason{Doubt, a.Task, a.Head, a.Label, 1 - a.Wrong, part})
		}
	}
	slices.SortStableFunc(doubts, func(a, b Reason) int { return cmp.Compare(b.Cost, a.Cost) })
	r.Reasons = append(r.Reasons, doubts[:min(mostReasons, len(doubts))]...)
	return r
}

// Ranked is a call's place in the queue.
type Ranked struct {
	Index  int // of the call in the list given to [Queue]
	Review *Review
}

// Queue orders calls: the most costly to leave unchecked first; of equal costs, the one
// that comes first in the list. Costs count as equal if they are the same to four decimals:
// further ones depend on the calls that a model read together. Calls without a review come
// last.
func Queue(reviews []*Review) []Ranked {
	list := make([]Ranked, len(reviews))
	for i, r := range reviews {
		list[i] = Ranked{i, r}
	}
	slices.SortStableFunc(list, func(a, b Ranked) int {
		if a.Review == nil || b.Review == nil {
			return cmp.Compare(missing(a.Review), missing(b.Review))
		}
		return cmp.Compare(math.Round(b.Review.Cost*1e4), math.Round(a.Review.Cost*1e4))
	})
	return list
}

func missing(r *Review) int {
	if r == nil {
		return 1
	}
	return 0
}
