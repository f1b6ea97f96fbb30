package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/metrics"
	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestMarkdownAndJSON(t *testing.T) {
	for name, o := range allCases() {
		t.Run(name, func(t *testing.T) {
			r := report(t, o, Options{Resamples: 200, Seed: 42})
			var plots []string
			for _, base := range plotBases(r) {
				plots = append(plots, "plots/"+base+".png", "plots/"+base+".svg")
			}
			var text bytes.Buffer
			if err := r.Markdown(&text, Page{Plots: plots}); err != nil {
				t.Fatal(err)
			}
			filetest.Golden(t, name+".md", text.Bytes())
			data, err := json.MarshalIndent(r, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			filetest.Golden(t, name+".json", append(data, '\n'))
			var back Report
			if err := json.Unmarshal(data, &back); err != nil {
				t.Fatal(err)
			}
			if again, _ := json.MarshalIndent(back, "", " "); !bytes.Equal(again, data) {
				t.Error("a report that was read back isn't the same")
			}
		})
	}
}

func TestMarkdownWithoutPlots(t *testing.T) {
	for name, o := range allCases() {
		var text strings.Builder
		if err := report(t, o, Options{}).Markdown(&text, Page{}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text.String(), "![") || strings.Contains(text.String(), "bootstrap") {
			t.Errorf("%s: plots or intervals that there aren't:\n%s", name, text.String())
		}
	}
}

// A report that is part of a document has headings below the document's.
func TestHeadingLevels(t *testing.T) {
	for level, want := range map[int]string{0: "# Task ner|## Entities|## Words", 1: "# Task ner|## Entities|## Words", 3: "### Task ner|#### Entities|#### Words"} {
		var text strings.Builder
		if err := report(t, tokenCase(), Options{}).Markdown(&text, Page{Level: level}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(text.String()) {
			if strings.HasPrefix(line, "#") {
				got = append(got, strings.TrimSpace(line))
			}
		}
		if strings.Join(got, "|") != want {
			t.Errorf("level %d: headings %q, want %q", level, got, want)
		}
	}
}

// A PNG alone is shown without a link.
func TestImageWithoutSVG(t *testing.T) {
	var text strings.Builder
	if err := report(t, classCase(), Options{}).Markdown(&text, Page{Plots: []string{"p/cases-area-confusion.png"}}); err != nil {
		t.Fatal(err)
	}
	if want := "\n\n![Confusion matrix](p/cases-area-confusion.png)\n\n"; strings.Count(text.String(), "![") != 1 || !strings.Contains(text.String(), want) {
		t.Errorf("want one image %q in:\n%s", want, text.String())
	}
}

func TestLongTablesAreFolded(t *testing.T) {
	o := Outputs{
		Task:    tasks.Task{Name: "cases", Kind: tasks.MultiClass, Heads: []tasks.Head{{Name: "sub"}}},
		Records: recordNumbers(77 * 3),
		Heads:   make([]HeadOutputs, 1),
	}
	for class := range 77 {
		o.Task.Heads[0].Labels = append(o.Task.Heads[0].Labels, fmt.Sprintf("label %d", class))
	}
	for i := range o.Records {
		o.Heads[0].Truth = append(o.Heads[0].Truth, []int{i * i % 77})
		o.Heads[0].Probabilities = append(o.Heads[0].Probabilities, sure(77, i%77, 0.5))
	}
	var text strings.Builder
	if err := report(t, o, Options{}).Markdown(&text, Page{}); err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]bool{
		"<summary>All 77 labels</summary>\n\n| Label |": true,
		"Most confused:\n":    true,
		"Confusion matrix:\n": false,
	} {
		if strings.Contains(text.String(), what) != want {
			t.Errorf("%q in the report: %v, want %v", what, !want, want)
		}
	}
	if opened, closed := strings.Count(text.String(), "<details>"), strings.Count(text.String(), "</details>"); opened != closed || opened != 2 {
		t.Errorf("%d folds opened, %d closed, want 2", opened, closed)
	}
}

func TestCells(t *testing.T) {
	for text, want := range map[string]string{
		"a|b":           `a\|b`,
		"<b>*x*</b>":    `\<b\>\*x\*\</b\>`,
		"[a](b) `c` \\": "\\[a\\](b) \\`c\\` \\\\",
		"two\nlines":    "two lines",
		"PHONE_NUMBER":  "PHONE_NUMBER",
		"Care & Health": "Care & Health",
	} {
		if got := cell(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 65883779: "65,883,779"} {
		if got := count(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestLabelsAreSortedBySupport(t *testing.T) {
	list := []LabelScore{
		{"never", metrics.Score{}}, {"said", metrics.Score{Predicted: 3}}, {"b", metrics.Score{Support: 2}},
		{"a", metrics.Score{Support: 2}}, {"most", metrics.Score{Support: 9}},
	}
	var got []string
	for _, l := range bySupport(list) {
		got = append(got, l.Label)
	}
	if want := "most a b said never"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
