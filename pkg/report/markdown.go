package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/trident-nlp/trident/pkg/metrics"
)

const (
	longTable  = 20 // longer tables are folded
	wideMatrix = 12 // larger confusion matrices are only plotted
)

//go:embed report.md.tmpl
var reportTemplate string

// Page is the position of a report in a document.
type Page struct {
	Level int      // of its heading: 1 is the document's title; 0 means 1
	Plots []string // paths, relative to the document, of files written by Plots; each is shown beside its figures
}

// Markdown writes the report for people.
func (r Report) Markdown(w io.Writer, page Page) error {
	v := view{Report: r, level: max(page.Level, 1), plots: map[string]string{}, bases: plotBases(r)}
	for _, file := range page.Plots {
		v.plots[path.Base(file)] = file
	}
	var text bytes.Buffer
	t, err := template.New("report").Funcs(formats()).Parse(reportTemplate)
	if err == nil {
		err = t.Execute(&text, v)
	}
	if err == nil {
		_, err = w.Write(tidy(text.Bytes()))
	}
	if err != nil {
		return fmt.Errorf("report on task %s as Markdown: %w", r.Task, err)
	}
	return nil
}

var emptyLines = regexp.MustCompile(`\n{3,}`)

// tidy leaves one empty line between blocks, so that the template can be laid out for
// readability.
func tidy(text []byte) []byte {
	return append(emptyLines.ReplaceAll(bytes.TrimSpace(text), []byte("\n\n")), '\n')
}

// view is the template's data: the report, and methods to format it.
type view struct {
	Report
	level int               // of the heading
	plots map[string]string // path by file name
	bases map[plotKey]string
}

// Title returns the marker of a heading that many levels below the report's heading.
func (v view) Title(below int) string { return strings.Repeat("#", min(v.level+below, 6)) }

// Image shows a plot of a head, or of the task if head is -1, if it exists: a PNG linked
// to its SVG.
func (v view) Image(head int, kind, alt string) string {
	base := v.bases[plotKey{head, kind}]
	png, found := v.plots[base+".png"]
	if !found || base == "" {
		return ""
	}
	image := fmt.Sprintf("![%s](%s)", cell(alt), png)
	if svg, found := v.plots[base+".svg"]; found {
		image = fmt.Sprintf("[%s](%s)", image, svg)
	}
	return image
}

// Words reports whether the heads label words.
func (v view) Words() bool { return v.Kind.Layout().PerToken }

// Meaning is a short description of a headline figure.
func (v view) Meaning(name string) string {
	if text, found := meanings()[name]; found {
		return text
	}
	if head, found := strings.CutPrefix(name, "acc_"); found {
		return "accuracy of " + head
	}
	if head, found := strings.CutPrefix(name, "macro_f1_"); found {
		return "F1, mean over the classes of " + head
	}
	name = strings.TrimPrefix(name, "f1_")
	if slices.ContainsFunc(v.Heads, func(h Head) bool { return h.Name == name && len(h.Flags.Outputs) == 1 }) {
		return "accuracy of " + name + ", which has one output"
	}
	return "F1 of yes, all outputs of " + name + " together"
}

// meanings are the descriptions of figures that aren't of one head.
func meanings() map[string]string {
	return map[string]string{
		"entity_f1":         "entities with the right words and label",
		"entity_precision":  "share of the found entities that are right",
		"entity_recall":     "share of the true entities that were found",
		"token_accuracy":    "share of words with the right label",
		"token_macro_f1":    "F1 of words, mean over the labels",
		"token_weighted_f1": "F1 of words, mean over the labels, each as often as it is there",
		"avg_acc":           "mean of the heads' accuracies",
		"contradictions":    "share of answers whose labels don't go together",
		"avg_f1":            "mean of the heads' figures",
		"criteria_f1":       "F1 of yes, mean over the outputs",
	}
}

// formats are the template's functions.
func formats() template.FuncMap {
	return template.FuncMap{
		"num":          num,
		"count":        count,
		"cell":         cell,
		"interval":     interval,
		"hasIntervals": hasIntervals,
		"bySupport":    bySupport,
		"filled":       filled,
		"long":         func(rows int) bool { return rows > longTable },
		"wide":         func(labels int) bool { return labels > wideMatrix },
	}
}

func num(x float64) string { return strconv.FormatFloat(x, 'f', 3, 64) }

// count separates thousands.
func count(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// cell formats text as a single line of a table cell.
func cell(text string) string {
	return strings.NewReplacer(
		`\`, `\\`, "`", "\\`", `*`, `\*`, `[`, `\[`, `]`, `\]`, `|`, `\|`, `<`, `\<`, `>`, `\>`,
		"\r", " ", "\n", " ",
	).Replace(text)
}

func interval(i *metrics.Interval) string {
	if i == nil {
		return "–"
	}
	return num(i.Low) + " – " + num(i.High)
}

func hasIntervals(figures []Figure) bool {
	return slices.ContainsFunc(figures, func(f Figure) bool { return f.Interval != nil })
}

// bySupport sorts labels by their frequency in the truth, then by name; labels that
// occur neither there nor in the predictions come last.
func bySupport(list []LabelScore) []LabelScore {
	return slices.SortedStableFunc(slices.Values(list), func(a, b LabelScore) int {
		if a.Support != b.Support {
			return b.Support - a.Support
		}
		if a.Predicted != b.Predicted {
			return b.Predicted - a.Predicted
		}
		return strings.Compare(a.Label, b.Label)
	})
}

// filled returns the bins that aren't empty.
func filled(bins []metrics.Bin) []metrics.Bin {
	return slices.DeleteFunc(slices.Clone(bins), func(b metrics.Bin) bool { return b.Count == 0 })
}
