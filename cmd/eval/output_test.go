package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/evaluate"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// files lists all files of a directory.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			path, err = filepath.Rel(dir, path)
			list = append(list, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// withoutTexts looks for the transcripts in all files of a directory, and in
// what was printed. Labels of demo data may be words of a text, so it looks
// for runs of five words.
func withoutTexts(t *testing.T, texts []datasets.Transcript, dir string, printed ...string) {
	t.Helper()
	all := printed
	for _, file := range files(t, dir) {
		all = append(all, read(t, filepath.Join(dir, file)))
	}
	for _, text := range texts {
		for run := range slices.Chunk(strings.Fields(string(text)), 5) {
			if len(run) < 5 {
				continue
			}
			for _, content := range all {
				if strings.Contains(content, strings.Join(run, " ")) {
					t.Fatal("a transcript's words are in a file or on the screen")
				}
			}
		}
	}
}

func TestOutput(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	if err := os.MkdirAll("out", 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, "out/notes.txt", "kept")
	write(t, "out/metrics.json", "old")
	write(t, "out/report.md", "# Evaluation of `another`\n")
	args := append([]string{"--model", "fusion", "--output", "out"}, allData...)
	got := eval(args...)
	if got.code != 0 || got.err != "Report: out\n" {
		t.Fatalf("%+v", got)
	}
	list := files(t, "out")
	want := []string{"metrics.json", "notes.txt", "predictions_cls.csv", "predictions_ner.csv", "predictions_qa.csv", "report.md", "thresholds.json"}
	var plots []string
	for _, file := range list {
		if strings.HasPrefix(file, "plots/") {
			plots = append(plots, file)
		} else if !slices.Contains(want, file) {
			t.Errorf("unexpected file %s", file)
		}
	}
	if len(list) != len(want)+len(plots) {
		t.Errorf("files %v", list)
	}
	// cls: 4 heads; qa: 6 heads and its bars; ner: one, and its bars. PNG and SVG.
	if n := 2 * (4*3 + 6*3 + 1 + 2 + 1); len(plots) != n {
		t.Errorf("%d plots, want %d", len(plots), n)
	}
	var metrics evaluate.Result
	if err := json.Unmarshal([]byte(read(t, "out/metrics.json")), &metrics); err != nil || len(metrics.Models) != 1 || len(metrics.Models[0].Reports) != 3 {
		t.Errorf("metrics.json: %v", err)
	}
	report := read(t, "out/report.md")
	linksLead(t, "out", report, len(plots))
	headings := regexp.MustCompile(`(?m)^#+ .*$`).FindAllString(report, -1)
	if got := strings.Join(headings[:5], "|"); got != "# Evaluation of `fusion`|## Task ner|### Entities|### Words|## Task cls" {
		t.Errorf("headings %s", got)
	}
	if !regexp.MustCompile(`\n\d+,\d{3} parameters\.\n`).MatchString(report) {
		t.Error("the report doesn't say how many parameters there are")
	}
	withoutTexts(t, w.Texts, "out", got.out, got.err)

	bare := eval(append(args[:2:2], append([]string{"--output", "bare", "--no-plots"}, allData...)...)...)
	if list := files(t, "bare"); bare.code != 0 || len(list) != 6 || strings.Contains(read(t, "bare/report.md"), "![") {
		t.Errorf("--no-plots: files %v", list)
	}
	if read(t, "bare/metrics.json") != read(t, "out/metrics.json") || bare.out != got.out {
		t.Error("two runs of the same differ")
	}
}

// linksLead follows all links of a report; there is one for each plot.
func linksLead(t *testing.T, dir, report string, plots int) {
	t.Helper()
	links := regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(report, -1)
	for _, link := range links {
		if _, err := os.Stat(filepath.Join(dir, link[1])); err != nil {
			t.Errorf("a link leads nowhere: %v", err)
		}
	}
	if len(links) != plots {
		t.Errorf("%d links to %d plots", len(links), plots)
	}
}

func TestPrinted(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	args := []string{"--model", "fusion", "--task", "qa", "--data", qaFile}
	text := eval(args...)
	for _, want := range []string{"fusion: ", " parameters\n", "task   figure", "avg_f1", "qa: all records in " + qaFile} {
		if text.code != 0 || text.err != "" || !strings.Contains(text.out, want) {
			t.Errorf("%q is missing in %+v", want, text)
		}
	}
	markdown := eval(append(args, "--format", "markdown")...)
	if markdown.err != "" || !strings.HasPrefix(markdown.out, "# Evaluation of `fusion`\n\n") || !strings.Contains(markdown.out, "\n## Task qa\n") || strings.Contains(markdown.out, "![") {
		t.Errorf("markdown: %+v", markdown)
	}
	const seeds = "another training seed, scores differ by about ±0.01 F1 (qa), as measured "
	for name, printed := range map[string]string{"text": text.out, "markdown": markdown.out} {
		if strings.Count(printed, "\nThe intervals are over records only: with "+seeds) != 1 {
			t.Errorf("%s doesn't say once how scores vary: %s", name, printed)
		}
	}
	if bare := eval(append(args, "--bootstrap", "0")...); strings.Count(bare.out, "\nWith "+seeds) != 1 {
		t.Errorf("without intervals: %s", bare.out)
	}
	if r := mustEval(t, args...); len(r.Models[0].Reports) != 1 || r.Comparison != nil {
		t.Errorf("json: %+v", r)
	}
}

func TestCompare(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	w.Model("ner.2", 9, 512, tasks.SingleNER(tasks.NERLabels()))
	args := append([]string{"--model", "fusion", "--compare", "ner+cls+qa", "--compare", "ner.2", "--compare", "ner_2", "--timed-calls", "3"}, allData...)
	w.Model("ner_2", 9, 512, tasks.SingleNER(tasks.NERLabels()))
	got := eval(append(args, "--output", "out")...)
	if got.code != 0 {
		t.Fatal(got.err)
	}
	var r evaluate.Result
	if err := json.Unmarshal([]byte(read(t, "out/metrics.json")), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Models) != 4 || len(r.Comparison.Models) != 4 || len(r.Comparison.Columns) != 3 {
		t.Fatalf("%d models, comparison %+v", len(r.Models), r.Comparison)
	}
	parameters := map[string]int64{}
	for _, name := range []string{"ner", "cls", "qa"} {
		parameters[name] = mustEval(t, "--model", name, "--data", map[string]string{"ner": nerFile, "cls": clsFile, "qa": qaFile}[name]).Models[0].Parameters
	}
	if n := parameters["ner"] + parameters["cls"] + parameters["qa"]; r.Models[1].Parameters != n {
		t.Errorf("the group has %d parameters, its models %d", r.Models[1].Parameters, n)
	}
	for i, m := range r.Models {
		row := r.Comparison.Models[i]
		if m.MillisPerCall <= 0 || row.MillisPerCall != m.MillisPerCall || row.Name != m.Model || row.Parameters != m.Parameters {
			t.Errorf("%s: %v ms per call; row %+v", m.Model, m.MillisPerCall, row)
		}
		if third := row.Scores[1]; (third == nil) != (i >= 2) {
			t.Errorf("%s on cls: %+v", m.Model, third)
		}
	}
	alone := mustEval(t, "--model", "qa", "--data", qaFile).Models[0].Reports[0]
	if !reflect.DeepEqual(alone, r.Models[1].Reports[2]) {
		t.Error("qa's report in the group isn't that of qa alone")
	}
	report := read(t, "out/report.md")
	for _, want := range []string{"# Evaluation\n\n| Model | ner: `entity_f1` | cls: `avg_acc` | qa: `avg_f1` | Parameters | ms per call |", "\n## Model `ner+cls+qa`\n", "\n### Task qa\n", "\n#### Head opening\n"} {
		if !strings.Contains(report, want) {
			t.Errorf("%q is missing in the report", want)
		}
	}
	if n := strings.Count(report, "another training seed"); n != 1 || strings.Count(got.out, "another training seed") != 1 {
		t.Errorf("the report says %d times how scores vary", n)
	}
	if strings.Count("\n"+report, "\n# ") != 1 || strings.Contains(report, "Not the same records") {
		t.Error("the report has two titles, or other records")
	}
	plots := 0
	for _, file := range files(t, "out") {
		if strings.Contains(file, "/plots/") {
			plots++
		}
	}
	linksLead(t, "out", report, plots)
	for _, dir := range []string{"fusion", "ner_cls_qa", "ner_2", "ner_2-2"} {
		if _, err := os.Stat(filepath.Join("out", dir, "predictions_ner.csv")); err != nil {
			t.Error(err)
		}
	}
	withoutTexts(t, w.Texts, "out", got.out, got.err)
}

// What a report would take the place of is no earlier report's: refused before a model
// is even opened.
func TestOthersFilesAreNotReplaced(t *testing.T) {
	t.Chdir(t.TempDir())
	for dir, files := range map[string]map[string]string{
		"notes":   {"report.md": "My notes\n"},
		"figures": {"metrics.json": "{}"},
		"plots":   {"plots/losses.png": "mine"},
		"mine":    {"report.md": "# Evaluation of `x`\n", "plots/data.csv": "mine"},
		"models":  {"a/model.safetensors": "a model"},
		"link":    nil,
	} {
		for name, text := range files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, name), text)
		}
		if files == nil {
			if err := os.Symlink("nowhere", dir); err != nil {
				t.Fatal(err)
			}
		}
		got := eval("--model", "a", "--compare", "b", "--data", "cls=cases.json", "--output", dir)
		if got.code != 1 || strings.Count(got.err, "\n") != 1 || !strings.HasPrefix(got.err, "eval: --output "+dir+": ") {
			t.Errorf("%s: %+v", dir, got)
		}
		for name, text := range files {
			if left := read(t, filepath.Join(dir, name)); left != text {
				t.Errorf("%s holds %q", name, left)
			}
		}
	}
}

// A folder that can't be renamed holds the report as another does, the second too.
func TestReportInTheWorkingDirectory(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	args := append([]string{"--model", "fusion", "--output", ".", "--bootstrap", "0"}, allData...)
	before := files(t, "fusion")
	var first []string
	for range 2 {
		if got := eval(args...); got.code != 0 {
			t.Fatalf("%+v", got)
		}
		if first == nil {
			first = files(t, ".")
		}
	}
	if again := files(t, "."); !slices.Equal(again, first) || !slices.Contains(again, "report.md") {
		t.Errorf("files %v, then %v", first, again)
	}
	if after := files(t, "fusion"); !slices.Equal(after, before) {
		t.Errorf("the model's files are %v", after)
	}
}
