package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/bench/report"
	"github.com/trident-nlp/trident/internal/plot"
)

// Between these lines of docs/performance.md stands what a run found.
const (
	beginMark = "<!-- bench: begin (bench/run.sh writes what is between the marks) -->"
	endMark   = "<!-- bench: end -->"
)

// writeDocs puts a run into the folder docs: bench/NAME.json and
// images/bench-NAME.png and .svg, where NAME is that of the processor and its
// instruction set, in place of an earlier run's on the same, or if r is a part of the
// benchmark, of its cases; and the tables of all processors in performance.md, the latest
// first.
func writeDocs(docs string, r result, part bool) error {
	page, folder, name := filepath.Join(docs, "performance.md"), filepath.Join(docs, resultsFolder), r.Machine.Name()
	text, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("write docs: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("write docs: %w", err)
	}
	all, err := readResults(folder)
	if err != nil {
		return fmt.Errorf("write docs: %w", err)
	}
	if i := slices.IndexFunc(all, func(old result) bool { return old.Machine.Name() == name }); i < 0 {
		all = append(all, r)
	} else {
		if part {
			r = r.onTopOf(all[i])
		}
		all[i] = r
	}
	slices.SortStableFunc(all, func(a, b result) int { return b.Started.Compare(a.Started) })
	var sections []string
	for _, one := range all {
		sections = append(sections, one.markdown())
	}
	filled, err := between(string(text), beginMark, endMark, strings.Join(sections, "\n"))
	if err != nil {
		return fmt.Errorf("write %s: %w", page, err)
	}
	figure, err := chart(r)
	if err != nil {
		return fmt.Errorf("write docs: %w", err)
	}
	if err := r.write(filepath.Join(folder, name+".json")); err != nil {
		return err
	}
	if _, err := figure.Save(filepath.Join(docs, "images", "bench-"+name)); err != nil {
		return err
	}
	if err := renameio.WriteFile(page, []byte(filled), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", page, err)
	}
	return nil
}

// resultsFolder is where docs have a file for each processor.
const resultsFolder = "bench"

// readResults reads what earlier runs found on all processors.
func readResults(folder string) ([]result, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("look for earlier results: %w", err)
	}
	var all []result
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read an earlier result: %w", err)
		}
		var r result
		if err := json.Unmarshal(data, &r); err != nil {
			return nil, fmt.Errorf("read the earlier result %s (remove it, or restore it from git): %w", path, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// between replaces what stands between two marks, each of which must be there
// once.
func between(text, begin, end, content string) (string, error) {
	if strings.Count(text, begin) != 1 || strings.Count(text, end) != 1 {
		return "", fmt.Errorf("want the marks %q and %q once each", begin, end)
	}
	before, rest, _ := strings.Cut(text, begin)
	_, after, found := strings.Cut(rest, end)
	if !found {
		return "", fmt.Errorf("mark %q stands before %q", end, begin)
	}
	return before + begin + "\n\n" + strings.TrimSpace(content) + "\n\n" + end + after, nil
}

// markdown is the run as docs have it: a section for its processor.
func (r result) markdown() string {
	measured, name := r.measured(), r.Machine.Name()
	parts := []string{
		fmt.Sprintf("### %s: %s\n", r.Machine.CPU, r.Machine.InstructionSet()),
		r.describe(),
		targetTable(r.Targets).Markdown(),
		fmt.Sprintf("![How many times faster than what each target names](images/bench-%s.png)\n", name),
		fmt.Sprintf("Each round's figures are in [%s/%s.json](%s/%s.json).\n", resultsFolder, name, resultsFolder, name),
	}
	for _, table := range r.tables(measured) {
		parts = append(parts, table.Markdown())
	}
	return strings.Join(parts, "\n")
}

// tables are those of what was measured, without empty ones.
func (r result) tables(measured []measurement) []report.Table {
	all := []report.Table{
		measurementTable(measured), callTable(measured), peakTable(measured), memoryTable(measured), agreementTable(r.Agreements),
	}
	return slices.DeleteFunc(all, func(t report.Table) bool { return len(t.Rows) == 0 })
}

// describe says where and how the run was made.
func (r result) describe() string {
	var versions []string
	for _, name := range []string{"go", "libtorch", "torch", "transformers", "tokenizers", "onnxruntime", "openvino", "nncf", "ctranslate2"} {
		for _, of := range r.Versions {
			if of[name] != "" {
				versions = append(versions, name+" "+strings.TrimPrefix(of[name], "go"))
				break
			}
		}
	}
	return fmt.Sprintf("%s (%s), %d threads of %d cores, %.0f GB; load %.1f before the run and %.1f after it; %s rounds; %s; %s.\n",
		r.Machine.CPU, r.Machine.InstructionSet(), r.Threads, r.Machine.Cores, r.Machine.MemoryGB, r.Machine.LoadBefore, r.Machine.LoadAfter,
		r.rounds(), r.Started.UTC().Format("2006-01-02"), strings.Join(versions, ", "))
}

// chart draws the speedups that targets ask for.
func chart(r result) (*plot.Figure, error) {
	var labels []string
	var values []float64
	for _, o := range r.Targets {
		if o.Speedup == nil {
			continue
		}
		labels = append(labels, fmt.Sprintf("%s, against %s (goal %s)", o.What, o.Against, number(o.AtLeast)))
		values = append(values, math.Round(100*o.Speedup.Ratio)/100)
	}
	return plot.Bars("How much faster Trident is", "times faster (ratio of medians)", labels, values, nil)
}
