package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/internal/plot"
)

// Between these lines of docs/performance.md stands what a run found.
const (
	beginMark = "<!-- bench: begin (bench/run.sh writes what is between the marks) -->"
	endMark   = "<!-- bench: end -->"
)

// writeDocs puts a run into the folder docs: bench.json, images/bench.png and
// .svg, and the tables of performance.md.
func writeDocs(docs string, r result, measured []measurement) error {
	page := filepath.Join(docs, "performance.md")
	text, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("write docs: %w", err)
	}
	filled, err := between(string(text), beginMark, endMark, r.markdown(measured))
	if err != nil {
		return fmt.Errorf("write %s: %w", page, err)
	}
	figure, err := chart(r)
	if err != nil {
		return fmt.Errorf("write docs: %w", err)
	}
	if err := r.write(filepath.Join(docs, "bench.json")); err != nil {
		return err
	}
	if _, err := figure.Save(filepath.Join(docs, "images", "bench")); err != nil {
		return err
	}
	if err := renameio.WriteFile(page, []byte(filled), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", page, err)
	}
	return nil
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

// markdown is the run as docs have it.
func (r result) markdown(measured []measurement) string {
	parts := []string{
		r.describe(),
		targetTable(r.Targets).Markdown(),
		"![How many times faster than what each target names](images/bench.png)\n",
		measurementTable(measured).Markdown(),
		memoryTable(measured).Markdown(),
	}
	if len(r.Agreements) > 0 {
		parts = append(parts, agreementTable(r.Agreements).Markdown())
	}
	return strings.Join(parts, "\n")
}

// describe says where and how the run was made.
func (r result) describe() string {
	var versions []string
	for _, name := range []string{"go", "libtorch", "torch", "transformers", "tokenizers", "onnxruntime"} {
		for _, of := range r.Versions {
			if of[name] != "" {
				versions = append(versions, name+" "+strings.TrimPrefix(of[name], "go"))
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d threads of %d cores, %.0f GB; load %.1f before the run and %.1f after it; %d rounds; %s; %s.\n",
		r.Machine.CPU, r.Threads, r.Machine.Cores, r.Machine.MemoryGB, r.Machine.LoadBefore, r.Machine.LoadAfter,
		r.Rounds, r.Started.UTC().Format("2006-01-02"), strings.Join(versions, ", "))
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
