package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// textWriter writes for reading: the call with its entities marked, then the
// classes, then the quality criteria by their names.
type textWriter struct {
	w       io.Writer
	colour  bool
	only    bool
	colours map[string]int // of each entity label
	tasks   []tasks.Task
}

const (
	bold   = "\x1b[1m"
	faint  = "\x1b[2m"
	green  = "\x1b[32m"
	red    = "\x1b[31m"
	normal = "\x1b[0m"
)

// palette are the terminal colours that entities take by turns.
var palette = []int{33, 36, 31, 35, 32, 34, 91, 93, 96}

func newTextWriter(w io.Writer, s style, list []tasks.Task) *textWriter {
	t := &textWriter{w: w, colour: s.colour, only: s.only, colours: map[string]int{}, tasks: list}
	for _, task := range list {
		if task.Kind == tasks.Token {
			for i, label := range task.Heads[0].Labels {
				t.colours[label] = palette[i%len(palette)]
			}
		}
	}
	return t
}

func (t *textWriter) write(number int, r record, p fusion.Prediction) error {
	var b strings.Builder
	if !t.only {
		if number > 1 {
			b.WriteString("\n")
		}
		b.WriteString(t.paint(bold, heading(number, r.id)) + "\n")
	}
	gap := ""
	section := func(lines string) {
		b.WriteString(gap + lines)
		gap = "\n"
	}
	if p.NER != nil {
		section(t.marked(string(r.text), p.Entities) + "\n")
	}
	if p.Truncated {
		section(t.paint(faint, "(The end of this call is too long for the model and wasn't read.)") + "\n")
	}
	if p.Classification != nil {
		section(t.classes(p))
	}
	if p.QA != nil {
		section(t.criteria(p))
	}
	_, err := io.WriteString(t.w, b.String())
	return err
}

func (t *textWriter) finish() error { return nil }

func heading(number int, id any) string {
	if id == nil {
		return fmt.Sprintf("Call %d", number)
	}
	return fmt.Sprintf("Call %d, id %s", number, strings.Map(visible, fmt.Sprint(id)))
}

// marked is the text with its entities in brackets.
func (t *textWriter) marked(text string, entities []fusion.Entity) string {
	var b strings.Builder
	runes := []rune(text)
	at := 0
	for _, e := range entities {
		b.WriteString(printable(string(runes[at:e.Start])))
		colour := fmt.Sprintf("\x1b[%dm", t.colours[e.Label])
		b.WriteString(t.paint(colour, "["+printable(e.Text)+" ") + t.paint(bold+colour, e.Label) + t.paint(colour, "]"))
		at = e.End
	}
	b.WriteString(printable(string(runes[at:])))
	return b.String()
}

// classes are lines such as "Main category  GBV  0.93".
func (t *textWriter) classes(p fusion.Prediction) string {
	var b strings.Builder
	names, values := 0, 0
	for _, class := range p.Classification {
		names = max(names, utf8.RuneCountInString(class.Name))
		values = max(values, utf8.RuneCountInString(meaning(class)))
	}
	for _, class := range p.Classification {
		p := p.Scores.Classification.Get(class.Name).Get(class.Value)
		fmt.Fprintf(&b, "%-*s  %s  %s\n", names, title(class.Name), t.paint(bold, fmt.Sprintf("%-*s", values, meaning(class))), t.paint(faint, fmt.Sprintf("%.2f", p)))
	}
	return b.String()
}

// urgency is what the priorities mean.
var urgency = map[string]string{"1": "critical", "2": "urgent", "3": "routine"}

func meaning(class fusion.Field[string]) string {
	if word := urgency[class.Value]; class.Name == "priority" && word != "" {
		return class.Value + " (" + word + ")"
	}
	return class.Value
}

// criteria are lines such as "Opening  ✓ Use of call opening phrase  0.97".
func (t *textWriter) criteria(p fusion.Prediction) string {
	var b strings.Builder
	i := slices.IndexFunc(t.tasks, func(task tasks.Task) bool { return task.Kind == tasks.MultiLabel })
	heads := t.tasks[i].Heads
	names, labels := 0, 0
	for _, head := range heads {
		names = max(names, utf8.RuneCountInString(head.Field))
		for _, label := range head.Labels {
			labels = max(labels, utf8.RuneCountInString(label))
		}
	}
	for _, head := range heads {
		name := title(head.Field)
		for i, met := range p.QA.Get(head.Field) {
			mark := t.paint(red, "✗")
			if met == 1 {
				mark = t.paint(green, "✓")
			}
			p := p.Scores.QA.Get(head.Field)[i]
			fmt.Fprintf(&b, "%-*s  %s %-*s  %s\n", names, name, mark, labels, head.Labels[i], t.paint(faint, fmt.Sprintf("%.2f", p)))
			name = ""
		}
	}
	return b.String()
}

func (t *textWriter) paint(code, text string) string {
	if !t.colour {
		return text
	}
	return code + text + normal
}

// title is a field's name for reading: "Main category".
func title(field string) string {
	field = strings.ReplaceAll(field, "_", " ")
	return strings.ToUpper(field[:1]) + field[1:]
}

// printable drops the control characters by which a text could play with the
// terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return visible(r)
	}, text)
}

// visible is r, or -1 for a control character.
func visible(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}
