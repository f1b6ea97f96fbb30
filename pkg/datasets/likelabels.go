package datasets

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// plainLabel normalises a label by its appearance: without white space, invisible
// characters and letter case, and with one form of equal numbers and characters.
func plainLabel(label string) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc) {
			return -1
		}
		return r
	}, strings.ToLower(norm.NFKC.String(label)))
	if n, ok := number(plain); ok {
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	return plain
}

// likeLabels returns groups of labels that look alike, except those that the table of
// categories distinguishes.
func likeLabels(labels []string) [][]string {
	byPlain := map[string][]string{}
	for _, label := range labels {
		plain := plainLabel(label)
		byPlain[plain] = append(byPlain[plain], label)
	}
	var groups [][]string
	for _, plain := range slices.Sorted(maps.Keys(byPlain)) {
		group := byPlain[plain]
		if strange := slices.ContainsFunc(group, func(label string) bool { return !isCategory(label) }); len(group) > 1 && strange {
			groups = append(groups, group)
		}
	}
	return groups
}

// labelWarnings returns warnings about labels that may be the same.
func (r *Records) labelWarnings(task tasks.Task, t int) (list []string) {
	for h, head := range task.Heads {
		for _, group := range likeLabels(head.Labels) {
			list = append(list, fmt.Sprintf("head %s: the labels %s differ only in white space, letter case or how a number is written, and are learnt as different ones",
				head.Name, shownLabels(group)))
		}
		if r.KeepUnknown && task.Kind == tasks.MultiClass {
			list = append(list, r.unknownLike(head, t, h)...)
		}
		if head.Via == tasks.ViaMainCategory {
			list = append(list, categoryWarnings(task, head)...)
		}
	}
	return list
}

// unknownLike returns warnings about labels in the data that the model doesn't know but
// that look like one it does.
func (r *Records) unknownLike(head tasks.Head, t, h int) (list []string) {
	known := map[string]string{}
	for _, label := range head.Labels {
		known[plainLabel(label)] = label
	}
	seen := map[string]bool{}
	for _, record := range r.labels {
		if record == nil || record[t].classes[h] == "" || slices.Contains(head.Labels, record[t].classes[h]) {
			continue
		}
		seen[record[t].classes[h]] = true
	}
	for _, label := range slices.Sorted(maps.Keys(seen)) {
		if like, found := known[plainLabel(label)]; found {
			list = append(list, fmt.Sprintf("head %s: the model doesn't know the label %s, but %s", head.Name, ShowLabel(label), ShowLabel(like)))
		}
	}
	return list
}

// categoryWarnings returns warnings about sub-categories that have no main category only
// because the table spells them differently. They are the labels of the head that reads
// the same field.
func categoryWarnings(task tasks.Task, via tasks.Head) (list []string) {
	for _, head := range task.Heads {
		if head.Source != via.Source || head.Via != "" {
			continue
		}
		for _, label := range head.Labels {
			if like := categoryLike(label); like != "" && !isCategory(label) {
				list = append(list, fmt.Sprintf("head %s: %s isn't in the table of categories, and therefore %s; %s is in it",
					via.Name, ShowLabel(label), strconv.Quote(UnknownCategory), ShowLabel(like)))
			}
		}
	}
	return list
}

func shownLabels(labels []string) string {
	shown := make([]string, len(labels))
	for i, label := range labels {
		shown[i] = ShowLabel(label)
	}
	return strings.Join(shown[:len(shown)-1], ", ") + " and " + shown[len(shown)-1]
}
