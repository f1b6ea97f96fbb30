package datasets

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// dropContradictions adds problems for records in which a dependent head's label differs
// from the one that most records have with the same label of the leading head. Among
// equally frequent labels the first in byte order is used. If there are too many such
// records to be mistakes, its error is that the head doesn't depend on the other.
func (r *Records) dropContradictions() error {
	for t, task := range r.Tasks {
		for h, head := range task.Heads {
			leader, ask := r.leader(t, h)
			if !ask {
				continue
			}
			counts := r.together(t, h, leader)
			if err := checkFollows(task, h, leader, counts); err != nil {
				return err
			}
			for i, record := range r.labels {
				if record == nil {
					continue
				}
				said, beside := record[t].classes[h], record[t].classes[leader]
				usual, n, all := mostFrequent(counts[beside])
				if said == "" || beside == "" || said == usual {
					continue
				}
				r.Texts[i], r.labels[i] = "", nil
				file, number, line := r.place(i)
				r.Problems.add(Problem{
					File: file, Record: number, Line: line, Kind: KindContradiction,
					Message: fmt.Sprintf("%s %s beside %s %s, with which it is %s in %d of %d records; %s follows %s",
						head.Name, ShowLabel(said), task.Heads[leader].Name, ShowLabel(beside), ShowLabel(usual), n, all, head.Name, task.Heads[leader].Name),
				})
			}
		}
	}
	return nil
}

// Contradictions are assumed to be mistakes in the records if there are fewer than
// fewContradictions, or at most a tenth of the records with both labels.
const (
	fewContradictions  = 3
	mostContradictions = 0.1
)

// checkFollows refuses a head that doesn't depend on the leader in the file's records.
func checkFollows(task tasks.Task, h, leader int, counts map[string]map[string]int) error {
	contradicting, both, worst, most := 0, 0, "", 0
	for _, beside := range slices.Sorted(maps.Keys(counts)) {
		_, n, all := mostFrequent(counts[beside])
		contradicting, both = contradicting+all-n, both+all
		if all-n > most {
			worst, most = beside, all-n
		}
	}
	if contradicting < fewContradictions || float64(contradicting) <= mostContradictions*float64(both) {
		return nil
	}
	usual, n, all := mostFrequent(counts[worst])
	head, other := task.Heads[h].Name, task.Heads[leader].Name
	return fmt.Errorf("task %s: %s doesn't follow %s in this file: %d of %d records have another %s than most with the same %s (%s %s is beside %s %s in %d of %d records); leave `follows` out, or correct the labels",
		task.Name, head, other, contradicting, both, head, other, other, ShowLabel(worst), head, ShowLabel(usual), n, all)
}

// findFollows sets the label pairs of dependent heads to those in the records.
func (r *Records) findFollows() {
	for t, task := range r.Tasks {
		for h, head := range task.Heads {
			leader, ask := r.leader(t, h)
			if !ask {
				continue
			}
			counts := r.together(t, h, leader)
			if len(counts) == 0 && head.Via == "" {
				r.Warnings = append(r.Warnings, fmt.Sprintf("task %s: %s follows %s, but no record has labels of both: any will go with any", task.Name, head.Name, head.Follows.Head))
			}
			f := tasks.Follows{Head: head.Follows.Head}
			for _, beside := range task.Heads[leader].Labels {
				label, _, _ := mostFrequent(counts[beside])
				if label == "" && head.Via != "" && head.Source == task.Heads[leader].Source {
					label = MainCategory(beside) // for a sub-category without records
				}
				id := slices.Index(head.Labels, label)
				if id < 0 {
					id = tasks.AnyLabel
				}
				f.IDs = append(f.IDs, id)
			}
			task.Heads[h].Follows = &f // findLabels has copied the heads
		}
	}
}

// leader returns the head that head h of task t depends on, and whether to determine the
// label pairs from the records. It is false if they are known, or in evaluation.
func (r *Records) leader(t, h int) (leader int, ask bool) {
	heads := r.Tasks[t].Heads
	if r.KeepUnknown || heads[h].Follows == nil || heads[h].Follows.IDs != nil {
		return 0, false
	}
	leader = slices.IndexFunc(heads, func(head tasks.Head) bool { return head.Name == heads[h].Follows.Head })
	return leader, leader >= 0
}

// together counts the records that have both labels, by label of the leader, then by
// label of head h.
func (r *Records) together(t, h, leader int) map[string]map[string]int {
	counts := map[string]map[string]int{}
	for _, record := range r.labels {
		if record == nil {
			continue
		}
		label, beside := record[t].classes[h], record[t].classes[leader]
		if label == "" || beside == "" {
			continue
		}
		if counts[beside] == nil {
			counts[beside] = map[string]int{}
		}
		counts[beside][label]++
	}
	return counts
}

// mostFrequent returns the label with the highest count, the first in byte order of a
// tie, with its count and the total.
func mostFrequent(counts map[string]int) (label string, n, all int) {
	for _, count := range counts {
		all += count
	}
	if all == 0 {
		return "", 0, 0
	}
	label = slices.MinFunc(slices.Collect(maps.Keys(counts)), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	return label, counts[label], all
}
