package label

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

// csvWriter writes a table for spreadsheets: one row per call; a column for each class,
// yes/no output and entity label; the last column is 1 if the call was truncated. With
// scores there is another column for each class (the chosen label's probability) and
// output. Columns of custom tasks begin with the task's name: "mood.caller".
type csvWriter struct {
	w      *csv.Writer
	scores bool
	queue  bool
	tasks  []tasks.Task
}

func newCSVWriter(w io.Writer, s style, list []tasks.Task) (*csvWriter, error) {
	c := &csvWriter{w: csv.NewWriter(w), scores: s.scores, queue: s.queue, tasks: inTableOrder(list)}
	header, last := []string{"id"}, []string{"truncated"}
	if s.queue {
		last = append(last, queueColumns()...)
	}
	for _, task := range c.tasks {
		for _, name := range c.columns(task) {
			if isOwn(task) {
				name = task.Name + "." + name
			}
			for slices.Contains(last, name) || slices.Contains(header, name) { // an entity label may equal another task's column
				name = task.Name + "." + name
			}
			header = append(header, name)
		}
	}
	if s.later {
		return c, nil
	}
	return c, c.row(append(header, last...))
}

// columns returns the names of a task's columns.
func (c *csvWriter) columns(task tasks.Task) []string {
	var names []string
	column := func(name string) {
		if names = append(names, name); c.scores {
			names = append(names, name+" (probability)")
		}
	}
	for _, head := range task.Heads {
		if task.PerToken() {
			for _, kind := range kindsOf(task) {
				if names = append(names, kind); c.scores {
					names = append(names, kind+" (probability)", kind+" (least probability)")
				}
			}
			continue
		}
		for _, name := range task.Kind.Layout().Columns(head) {
			column(name)
		}
	}
	return names
}

// cells returns the values of a task's columns.
func (c *csvWriter) cells(task tasks.Task, a answer) []string {
	var cells []string
	cell := func(value string, scores fusion.Fields[float32], label string) {
		if cells = append(cells, value); c.scores {
			cells = append(cells, probability(scores.Get(label)))
		}
	}
	for _, head := range task.Heads {
		scores := a.scores.Get(head.Field)
		switch task.Kind {
		case tasks.Token:
			for _, kind := range kindsOf(task) {
				found := ofKind(kind, a.Entities)
				cells = append(cells, listed(found, func(e fusion.Entity) string { return e.Text }))
				if c.scores {
					cells = append(cells, listed(found, func(e fusion.Entity) string { return probability(e.Score) }),
						listed(found, func(e fusion.Entity) string { return probability(e.Least) }))
				}
			}
		case tasks.MultiClass:
			class := a.Classes.Get(head.Field)
			cell(class, scores, class)
		case tasks.MultiLabel:
			flags := a.Flags.Get(head.Field)
			for _, label := range head.Labels {
				cell(strconv.Itoa(flags.Get(label)), scores, label)
			}
		}
	}
	return cells
}

func ofKind(kind string, entities []fusion.Entity) []fusion.Entity {
	var found []fusion.Entity
	for _, e := range entities {
		if e.Label == kind {
			found = append(found, e)
		}
	}
	return found
}

// listed joins what is said of entities in one cell.
func listed(entities []fusion.Entity, what func(fusion.Entity) string) string {
	cells := make([]string, len(entities))
	for i, e := range entities {
		cells[i] = what(e)
	}
	return strings.Join(cells, "; ")
}

// inTableOrder puts columns with a single value per call first.
func inTableOrder(list []tasks.Task) []tasks.Task {
	order := []tasks.Kind{tasks.MultiClass, tasks.MultiLabel, tasks.Token}
	return slices.SortedStableFunc(slices.Values(list), func(a, b tasks.Task) int {
		return slices.Index(order, a.Kind) - slices.Index(order, b.Kind)
	})
}

func (c *csvWriter) write(number int, r record, p fusion.Prediction) error {
	var id string
	if r.id != nil {
		id = fmt.Sprint(r.id)
	}
	row := []string{id}
	for _, task := range c.tasks {
		row = append(row, c.cells(task, answerOf(task, p))...)
	}
	row = append(row, zeroOne(p.Truncated))
	if c.queue {
		row = append(row, queueCells(number, p.Review)...)
	}
	return c.row(row)
}

func zeroOne(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
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

// harmless prefixes a cell with an apostrophe if a spreadsheet would take it for a
// formula. Numbers, including phone numbers, stay unchanged.
func harmless(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return cell
	}
	if (cell[0] == '+' || cell[0] == '-') && strings.Trim(cell[1:], "0123456789 ().-") == "" {
		return cell
	}
	return "'" + cell
}
