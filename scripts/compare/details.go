package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// detail is a figure beside the columns: of the group long, or on the calls of --also.
type detail struct{ key, title string }

// detailed lists the details: the criteria that are judged late in a long call first.
func detailed() []detail {
	list := []detail{
		{lateEntities, fmt.Sprintf("entity F1 after token %d", firstTokens)},
		{"cls acc_main", "main category"}, {"cls acc_sub", "sub-category"}, {"cls acc_intervention", "intervention"}, {"cls acc_priority", "priority"},
	}
	var late, others []detail
	for _, head := range tasks.QA().Heads {
		for _, label := range head.Labels {
			d := detail{"qa sub_f1_" + head.Name + "_" + strings.ReplaceAll(label, "/", " or "), head.Name + ": " + label}
			if isLate(head.Name, label) {
				late = append(late, d)
			} else {
				others = append(others, d)
			}
		}
	}
	list = slices.Concat(list, late, others)
	for _, c := range columns() {
		list = append(list, detail{ofShort + c.figure, ofShort + c.title})
	}
	return list
}

// isLate reports whether long demo calls have what decides a criterion late.
func isLate(head, label string) bool {
	return slices.Contains([]string{"closing", "hold", "proactiveness"}, head) || label == "Explains solution process clearly"
}

// details are the means of the details that the runs have; nil if they have none.
func details(recipe recipe, runs []result) map[string]estimate {
	list := map[string]estimate{}
	for _, r := range runs {
		for key := range r.Figures {
			if strings.HasPrefix(key, elsewhere) || recipe.group == longGroup && slices.ContainsFunc(detailed(), func(d detail) bool { return d.key == key }) {
				list[key] = estimated(having(runs, key), key)
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// having returns the runs that have a figure.
func having(runs []result, key string) (list []result) {
	for _, r := range runs {
		if _, ok := r.Figures[key]; ok {
			list = append(list, r)
		}
	}
	return list
}

// writeDetails writes a row for each detail that a recipe has, and a column for each recipe.
func writeDetails(b *strings.Builder, s summary) {
	heads := []string{""}
	for _, r := range s.Recipes {
		if r.Details != nil {
			heads = append(heads, r.Name)
		}
	}
	if len(heads) == 1 {
		return
	}
	row(b, heads)
	b.WriteString(strings.Repeat("|---", len(heads)) + "|\n")
	for _, d := range append(detailed(), detailsElsewhere(s)...) {
		cells, found := []string{d.title}, false
		for _, r := range s.Recipes {
			if r.Details == nil {
				continue
			}
			cell := "–"
			if e, ok := r.Details[d.key]; ok {
				cell, found = e.String(), true
			}
			cells = append(cells, cell)
		}
		if found {
			row(b, cells)
		}
	}
	b.WriteString("\n")
}
