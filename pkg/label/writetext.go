package label

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/triage"
)

// textWriter writes for people: the call with its entities marked, then the classes,
// then the quality criteria by name, then custom tasks, each under its name.
type textWriter struct {
	w      io.Writer
	colour bool
	only   bool
	apart  bool // what is written between two calls is left to the caller
	marks  bool // show the call with the entities of ner
	ner    tasks.Task
	tasks  []tasks.Task // the others, custom ones last
}

const (
	bold   = "\x1b[1m"
	faint  = "\x1b[2m"
	green  = "\x1b[32m"
	red    = "\x1b[31m"
	normal = "\x1b[0m"
)

// palette holds the terminal colours of entities, used in turn.
var palette = []int{33, 36, 31, 35, 32, 34, 91, 93, 96}

func newTextWriter(w io.Writer, s style, list []tasks.Task) *textWriter {
	t := &textWriter{w: w, colour: s.colour, only: s.only}
	var own []tasks.Task
	for _, task := range list {
		switch {
		case isOwn(task):
			own = append(own, task)
		case task.Kind == tasks.Token:
			t.marks, t.ner = true, task
		default:
			t.tasks = append(t.tasks, task)
		}
	}
	t.tasks = append(t.tasks, own...)
	return t
}

func (t *textWriter) write(number int, r record, p fusion.Prediction) error {
	var b strings.Builder
	if !t.only {
		if number > 1 && !t.apart {
			b.WriteString("\n")
		}
		b.WriteString(t.paint(bold, heading(number, r.id)) + "\n")
	}
	gap := ""
	section := func(lines string) {
		b.WriteString(gap + lines)
		gap = "\n"
	}
	if t.marks {
		section(t.marked(string(r.text), answerOf(t.ner, p).Entities) + "\n")
	}
	if p.Truncated {
		section(t.paint(faint, "(The end of this call is too long for the model and wasn't read.)") + "\n")
	}
	for _, w := range p.Warnings {
		section(t.paint(faint, warning(w)) + "\n")
	}
	for _, s := range p.Suspected {
		section(t.paint(bold, suspicion(s)) + "\n")
	}
	if p.Review != nil {
		section(t.reasons(p.Review))
	}
	for _, task := range t.tasks {
		section(t.section(task, answerOf(task, p)))
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

// section is one task's answer: lines, and for a custom task its name above.
func (t *textWriter) section(task tasks.Task, a answer) string {
	var lines string
	switch task.Kind {
	case tasks.Token:
		lines = t.found(task, a.Entities)
	case tasks.MultiClass:
		lines = t.classes(task, a)
	case tasks.MultiLabel:
		lines = t.checks(task, a)
	}
	if !isOwn(task) {
		return lines
	}
	lines = "  " + strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", "\n  ") + "\n"
	return t.paint(bold, title(task.Name)) + "\n" + lines
}

// marked returns the text with its entities in brackets.
func (t *textWriter) marked(text string, entities []fusion.Entity) string {
	var b strings.Builder
	runes := []rune(text)
	at := 0
	for _, e := range entities {
		b.WriteString(printable(string(runes[at:e.Start])))
		colour := colourOf(t.ner, e.Label)
		b.WriteString(t.paint(colour, "["+printable(e.Text)+" ") + t.paint(bold+colour, oneLine(e.Label)) + t.paint(colour, " "+score(e)+"]"))
		at = e.End
	}
	b.WriteString(printable(string(runes[at:])))
	return b.String()
}

func colourOf(task tasks.Task, label string) string {
	labels := task.Heads[0].Labels
	i := max(0, slices.Index(tasks.SchemeOf(labels).Names(labels), label))
	return fmt.Sprintf("\x1b[%dm", palette[i%len(palette)])
}

// found returns lines such as "PLACE  the market", in the text's order.
func (t *textWriter) found(task tasks.Task, entities []fusion.Entity) string {
	if len(entities) == 0 {
		return t.paint(faint, "(none)") + "\n"
	}
	var b strings.Builder
	labels := 0
	for _, e := range entities {
		labels = max(labels, width(e.Label))
	}
	for _, e := range entities {
		fmt.Fprintf(&b, "%s  %s  %s\n", t.paint(colourOf(task, e.Label), pad(e.Label, labels)), oneLine(e.Text), t.paint(faint, score(e)))
	}
	return b.String()
}

// score is the mean probability of an entity's words, and the least if that is lower: "0.80,
// least 0.61".
func score(e fusion.Entity) string {
	mean, least := fmt.Sprintf("%.2f", e.Score), fmt.Sprintf("%.2f", e.Least)
	if mean == least {
		return mean
	}
	return mean + ", least " + least
}

// classes returns lines such as "Main category  GBV  0.93".
func (t *textWriter) classes(task tasks.Task, a answer) string {
	var b strings.Builder
	names, values := 0, 0
	for _, class := range a.Classes {
		names = max(names, width(class.Name))
		values = max(values, width(meaning(task, class)))
	}
	for _, class := range a.Classes {
		p := a.scores.Get(class.Name).Get(class.Value)
		fmt.Fprintf(&b, "%s  %s  %s\n", pad(title(class.Name), names), t.paint(bold, pad(meaning(task, class), values)), t.paint(faint, fmt.Sprintf("%.2f", p)))
	}
	return b.String()
}

func meaning(task tasks.Task, class fusion.Field[string]) string {
	if word := triage.Meaning(class.Value); word != class.Value && class.Name == "priority" && word != "" && !isOwn(task) {
		return class.Value + " (" + word + ")"
	}
	return class.Value
}

// checks returns lines such as "Opening  ✓ Use of call opening phrase  0.97".
func (t *textWriter) checks(task tasks.Task, a answer) string {
	var b strings.Builder
	names, labels := 0, 0
	for _, head := range task.Heads {
		names = max(names, width(head.Field))
		for _, label := range head.Labels {
			labels = max(labels, width(label))
		}
	}
	for _, head := range task.Heads {
		name := title(head.Field)
		for _, flag := range a.Flags.Get(head.Field) {
			mark := t.paint(red, "✗")
			if flag.Value == 1 {
				mark = t.paint(green, "✓")
			}
			p := a.scores.Get(head.Field).Get(flag.Name)
			fmt.Fprintf(&b, "%s  %s %s  %s\n", pad(name, names), mark, pad(flag.Name, labels), t.paint(faint, fmt.Sprintf("%.2f", p)))
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

// title returns a field's name for display: "Main category".
func title(field string) string {
	if field == "" {
		return ""
	}
	field = strings.ReplaceAll(field, "_", " ")
	return strings.ToUpper(field[:1]) + field[1:]
}

// printable removes control characters, with which a text could manipulate the
// terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return visible(r)
	}, text)
}

// oneLine returns text as a single line without control characters.
func oneLine(text string) string {
	return strings.Join(strings.Fields(printable(text)), " ")
}

// pad pads single-line text with spaces to n characters, as counted by width.
func pad(text string, n int) string { return fmt.Sprintf("%-*s", n, oneLine(text)) }

func width(text string) int { return utf8.RuneCountInString(oneLine(text)) }

// visible returns r, or -1 for a control character.
func visible(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}
