package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// csvWriter writes a table for spreadsheets: a row a call, a column for each
// class, quality criterion and kind of entity. With scores there is a column
// more for each class (the chosen one's probability) and criterion.
type csvWriter struct {
	w      *csv.Writer
	scores bool
	labels []string // of entities
}

func newCSVWriter(w io.Writer, s style, list []tasks.Task) (*csvWriter, error) {
	c := &csvWriter{w: csv.NewWriter(w), scores: s.scores}
	header := []string{"id"}
	column := func(name string) {
		if header = append(header, name); c.scores {
			header = append(header, name+" (probability)")
		}
	}
	for _, task := range inTableOrder(list) {
		for _, head := range task.Heads {
			switch task.Kind {
			case tasks.MultiClass:
				column(head.Field)
			case tasks.MultiLabel:
				for _, criterion := range head.Labels {
					column(head.Field + ": " + criterion)
				}
			case tasks.Token:
				c.labels = slices.DeleteFunc(slices.Clone(head.Labels), func(l string) bool { return l == tasks.OutsideLabel })
				header = append(header, c.labels...)
			}
		}
	}
	return c, c.row(header)
}

// inTableOrder puts what has one value a call first.
func inTableOrder(list []tasks.Task) []tasks.Task {
	order := []tasks.Kind{tasks.MultiClass, tasks.MultiLabel, tasks.Token}
	return slices.SortedStableFunc(slices.Values(list), func(a, b tasks.Task) int {
		return slices.Index(order, a.Kind) - slices.Index(order, b.Kind)
	})
}

func (c *csvWriter) write(_ int, r record, p fusion.Prediction) error {
	var id string
	if r.id != nil {
		id = fmt.Sprint(r.id)
	}
	row := []string{id}
	for _, class := range p.Classification {
		if row = append(row, class.Value); c.scores {
			row = append(row, probability(p.Scores.Classification.Get(class.Name).Get(class.Value)))
		}
	}
	for _, head := range p.QA {
		for i, met := range head.Value {
			if row = append(row, strconv.Itoa(met)); c.scores {
				row = append(row, probability(p.Scores.QA.Get(head.Name)[i]))
			}
		}
	}
	for _, label := range c.labels {
		var found []string
		for _, e := range p.Entities {
			if e.Label == label {
				found = append(found, e.Text)
			}
		}
		row = append(row, strings.Join(found, "; "))
	}
	return c.row(row)
}

func (c *csvWriter) row(cells []string) error {
	for i, cell := range cells {
		cells[i] = harmless(cell)
	}
	if err := c.w.Write(cells); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

func (c *csvWriter) finish() error { return nil }

func probability(p float32) string { return strconv.FormatFloat(float64(p), 'f', 4, 32) }

// harmless keeps a spreadsheet from taking a cell for a formula, by an
// apostrophe in front. Numbers, those of phones among them, stay.
func harmless(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return cell
	}
	if (cell[0] == '+' || cell[0] == '-') && strings.Trim(cell[1:], "0123456789 ().-") == "" {
		return cell
	}
	return "'" + cell
}
