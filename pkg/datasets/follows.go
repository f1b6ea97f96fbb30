package datasets

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// dropContradictions makes problems of the records in which a head that follows
// another one has another label than most records have beside the same label of
// that one. Of labels that are equally frequent the first in byte order counts. Where
// too many records are like that to be mistakes, its error says that the head doesn't
// follow that one.
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
				r.Problems.add(Problem{
					File: r.Path, Record: i + 1, Line: r.lines[i], Kind: KindContradiction,
					Message: fmt.Sprintf("%s %s beside %s %s, with which it is %s in %d of %d records; %s follows %s",
						head.Name, ShowLabel(said), task.Heads[leader].Name, ShowLabel(beside), ShowLabel(usual), n, all, head.Name, task.Heads[leader].Name),
				})
			}
		}
	}
	return nil
}

// Contradictions are taken for mistakes in the records as long as they are few: fewer
// than fewContradictions, or no more than a tenth of the records that have both labels.
const (
	fewContradictions  = 3
	mostContradictions = 0.1
)

// checkFollows refuses a head that doesn't follow the leader in the file.
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

// findFollows completes the heads that follow another one with the labels that
// go together in the records.
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
					label = MainCategory(beside) // of a sub-category that no record has
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

// leader returns the head that head h of task t follows, and whether the
// records are asked which of their labels go together. They aren't if that is
// known, nor of a model that is scored.
func (r *Records) leader(t, h int) (leader int, ask bool) {
	heads := r.Tasks[t].Heads
	if r.KeepUnknown || heads[h].Follows == nil || heads[h].Follows.IDs != nil {
		return 0, false
	}
	leader = slices.IndexFunc(heads, func(head tasks.Head) bool { return head.Name == heads[h].Follows.Head })
	return leader, leader >= 0
}

// together counts by label of the leader, and by label of head h, the records
// that have both.
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

// mostFrequent returns the label that is counted most often, the first of
// several in byte order, with its count and the count of all.
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
