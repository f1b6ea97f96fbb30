package datasets

import (
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// lost returns warnings about tasks whose labelled records are all too long to be kept.
// kept reports whether record i is used for a task; key is the setting of the limit.
func (r *Records) lost(key string, kept func(i int, task tasks.Task) bool) (warnings []string) {
	for t, task := range r.Tasks {
		var all, left []labels
		for i, of := range r.labels {
			if of == nil {
				continue
			}
			all = append(all, of[t])
			if kept(i, task) {
				left = append(left, of[t])
			}
		}
		if len(left) == 0 || len(left) == len(all) { // the former is an error elsewhere
			continue
		}
		warn := func(what string) {
			warnings = append(warnings, fmt.Sprintf("task %s: %s: they stand in the %d that are too long for %s", task.Name, what, len(all)-len(left), key))
		}
		switch task.Kind {
		case tasks.Token:
			if slices.ContainsFunc(all, labels.hasSpan) && !slices.ContainsFunc(left, labels.hasSpan) {
				warn(fmt.Sprintf("none of the %d records that are short enough has an entity", len(left)))
			}
		case tasks.MultiLabel:
			if slices.ContainsFunc(all, labels.hasFlag) && !slices.ContainsFunc(left, labels.hasFlag) {
				warn(fmt.Sprintf("every label of the %d records that are short enough is no", len(left)))
			}
		case tasks.MultiClass:
			for h, head := range task.Heads {
				if distinctLabels(all, h) > 1 && distinctLabels(left, h) < 2 {
					warn(fmt.Sprintf("head %s: the %d records that are short enough have no two different labels", head.Name, len(left)))
				}
			}
		}
	}
	return warnings
}

func (l labels) hasSpan() bool { return len(l.spans) > 0 }

// hasFlag reports whether any yes/no label is yes.
func (l labels) hasFlag() bool {
	yes := func(flag float32) bool { return flag > 0 }
	for h := range l.flags {
		if slices.ContainsFunc(l.flags[h], yes) {
			return true
		}
	}
	for _, named := range l.named {
		for _, flag := range named {
			if yes(flag) {
				return true
			}
		}
	}
	return false
}

// distinctLabels counts the labels of head h.
func distinctLabels(list []labels, h int) int {
	found := map[string]bool{}
	for _, l := range list {
		if l.classes[h] != "" {
			found[l.classes[h]] = true
		}
	}
	return len(found)
}
