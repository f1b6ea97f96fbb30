package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Model is a row of a comparison: a model, or several that do the tasks together, with
// their reports.
type Model struct {
	Name          string
	Parameters    int64   // 0: unknown
	MillisPerCall float64 // 0: not measured
	Reports       []Report
}

// Comparison compares models by the headline figure of each task.
type Comparison struct {
	Columns []Column `json:"columns"` // tasks, in order of first appearance
	Models  []Row    `json:"models"`
}

// Column is the headline figure of a task.
type Column struct {
	Task   string `json:"task"`
	Figure string `json:"figure"`
	Shared int    `json:"shared_records"` // records that the figures of all models are based on
}

// Row is one model.
type Row struct {
	Name          string  `json:"name"`
	Parameters    int64   `json:"parameters"`
	MillisPerCall float64 `json:"millis_per_call"`
	Scores        []*Cell `json:"scores"` // by column; null: the model doesn't have this task
}

// Cell is a model's figure for one task.
type Cell struct {
	Figure
	Records int `json:"records"`
}

// Compare compares models. A model may have only one report per task, and all reports on
// a task must have the same headline. The reports must come from [New]: those read from
// JSON lack the records' numbers.
func Compare(models []Model) (Comparison, error) {
	c := Comparison{Columns: []Column{}, Models: []Row{}}
	for _, m := range models {
		for _, r := range m.Reports {
			if len(r.Headline) == 0 {
				return Comparison{}, fmt.Errorf("compare %s: the report on task %s has no headline", m.Name, r.Task)
			}
			figure := r.Headline[0].Name
			at := slices.IndexFunc(c.Columns, func(other Column) bool { return other.Task == r.Task })
			switch {
			case at < 0:
				c.Columns = append(c.Columns, Column{Task: r.Task, Figure: figure})
			case c.Columns[at].Figure != figure:
				return Comparison{}, fmt.Errorf("compare %s: task %s is summed up by %s, elsewhere by %s", m.Name, r.Task, figure, c.Columns[at].Figure)
			}
		}
	}
	for i := range c.Columns {
		c.Columns[i].Shared = shared(models, c.Columns[i].Task)
	}
	for _, m := range models {
		row := Row{m.Name, m.Parameters, m.MillisPerCall, make([]*Cell, len(c.Columns))}
		for _, r := range m.Reports {
			at := slices.IndexFunc(c.Columns, func(other Column) bool { return other.Task == r.Task })
			if row.Scores[at] != nil {
				return Comparison{}, fmt.Errorf("compare %s: two reports on task %s", m.Name, r.Task)
			}
			row.Scores[at] = &Cell{r.Headline[0], r.Records}
		}
		c.Models = append(c.Models, row)
	}
	return c, nil
}

// Markdown writes the comparison as a table; the best figure of each task is bold.
func (c Comparison) Markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| Model |")
	rule := "|:--|"
	for _, column := range c.Columns {
		fmt.Fprintf(&b, " %s: `%s` |", cell(column.Task), column.Figure)
		rule += "--:|"
	}
	fmt.Fprintf(&b, " Parameters | ms per call |\n%s--:|--:|\n", rule)
	for _, row := range c.Models {
		fmt.Fprintf(&b, "| %s |", cell(row.Name))
		for i, score := range row.Scores {
			fmt.Fprintf(&b, " %s |", c.format(i, score))
		}
		fmt.Fprintf(&b, " %s | %s |\n", unlessZero(row.Parameters, count(int(row.Parameters))),
			unlessZero(row.MillisPerCall, strconv.FormatFloat(row.MillisPerCall, 'f', 1, 64)))
	}
	if slices.ContainsFunc(c.Models, func(r Row) bool {
		return slices.ContainsFunc(r.Scores, func(s *Cell) bool { return s != nil && s.Interval != nil })
	}) {
		b.WriteString("\nIn brackets: 95 % bootstrap intervals.\n")
	}
	for i, column := range c.Columns {
		if numbers := c.records(i); len(numbers) > 1 || numbers[0] != column.Shared {
			list := make([]string, len(numbers))
			for n, number := range numbers {
				list[n] = count(number)
			}
			fmt.Fprintf(&b, "\n**Not the same records**: %s was scored on %s, of which the models share %s.\n",
				cell(column.Task), strings.Join(list, " and on "), count(column.Shared))
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("comparison as Markdown: %w", err)
	}
	return nil
}

// format formats a figure with its interval, bold if it is the best of its column.
func (c Comparison) format(column int, score *Cell) string {
	if score == nil {
		return "–"
	}
	text := num(score.Value)
	scored, best := 0, true
	for _, row := range c.Models {
		if other := row.Scores[column]; other != nil {
			scored++
			best = best && other.Value <= score.Value
		}
	}
	if best && scored > 1 {
		text = "**" + text + "**"
	}
	if score.Interval != nil {
		text += " (" + interval(score.Interval) + ")"
	}
	return text
}

// records lists the numbers of records that a column's figures are based on.
func (c Comparison) records(column int) []int {
	var numbers []int
	for _, row := range c.Models {
		if score := row.Scores[column]; score != nil {
			numbers = append(numbers, score.Records)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// shared counts the records common to all reports on a task.
func shared(models []Model, task string) int {
	reports := 0
	times := map[int]int{}
	for _, m := range models {
		for _, r := range m.Reports {
			if r.Task != task {
				continue
			}
			reports++
			for _, number := range r.numbers {
				times[number]++
			}
		}
	}
	all := 0
	for _, n := range times {
		if n == reports {
			all++
		}
	}
	return all
}

func unlessZero[T int64 | float64](value T, text string) string {
	if value == 0 {
		return "–"
	}
	return text
}
