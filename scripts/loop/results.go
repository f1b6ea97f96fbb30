package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/internal/meanof"
)

// plan is what a trial does.
type plan struct {
	Seed                               uint64
	Calls, Pool, Reviews, Test, Epochs int
}

// result is that of a seed.
type result struct {
	Plan     plan
	Critical int            // cases of the pool that are critical
	Arms     map[string]arm // by name
}

// arm is a model, and the reviews that it learnt from.
type arm struct {
	Steps   int                // updates of the weights
	Scores  map[string]float64 // on the test calls, as eval names them
	Work    work               // of the reviewer
	Minutes float64            // of training, by the clock
}

// work is what the reviews were good for by themselves.
type work struct {
	Wrong    int // labels that they corrected: sub-category, intervention, priority
	Critical int // critical cases among the reviewed
	Found    int // of them, those that the model had not called critical
	Left     int // critical cases that nobody reviewed and the model doesn't call critical
}

func readResult(file string) (r result, err error) {
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return r, fmt.Errorf("read the result of a seed: %w", err)
	}
	return r, nil
}

func writeResult(file string, r result) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = renameio.WriteFile(file, append(data, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the result of a seed: %w", err)
	}
	return nil
}

// row is a figure of the table.
type row struct {
	title, format string
	value         func(a arm) float64
	reviewed      bool // only of arms with reviews
}

func scoreRows() (rows []row) {
	for _, s := range []struct{ title, figure string }{
		{"main category, accuracy", "cls acc_main"}, {"sub-category, accuracy", "cls acc_sub"}, {"intervention, accuracy", "cls acc_intervention"},
		{"priority, accuracy", "cls acc_priority"}, {"mean of the four", "cls avg_acc"}, {"priority, macro-F1", "cls macro_f1_priority"},
		{"entities, F1", "ner entity_f1"}, {"criteria, mean F1", "qa avg_f1"},
	} {
		rows = append(rows, row{title: s.title, format: "%.3f", value: func(a arm) float64 { return a.Scores[s.figure] }})
	}
	return rows
}

func workRows() []row {
	return []row{
		{"labels corrected", "%.1f", func(a arm) float64 { return float64(a.Work.Wrong) }, true},
		{"critical cases reviewed", "%.1f", func(a arm) float64 { return float64(a.Work.Critical) }, true},
		{"critical cases found that the model had missed", "%.1f", func(a arm) float64 { return float64(a.Work.Found) }, true},
		{"critical cases still missed", "%.1f", func(a arm) float64 { return float64(a.Work.Left) }, false},
		{"updates of the weights", "%.0f", func(a arm) float64 { return float64(a.Steps) }, false},
	}
}

func writeTable(b *strings.Builder, all []result, rows []row) {
	b.WriteString("| | before | random order | queue order | random − before | queue − before | queue − random |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		values := func(name string) (list []float64) {
			for _, one := range all {
				list = append(list, r.value(one.Arms[name]))
			}
			return list
		}
		fmt.Fprintf(b, "| %s |", r.title)
		for _, name := range armNames() {
			if name == before && r.reviewed {
				b.WriteString(" – |")
				continue
			}
			fmt.Fprintf(b, " %s |", meanof.Spread(r.format, values(name)))
		}
		for _, pair := range [][2]string{{random, before}, {queue, before}, {queue, random}} {
			if pair[1] == before && r.reviewed {
				b.WriteString(" – |")
				continue
			}
			list, from := values(pair[0]), values(pair[1])
			for i := range list {
				list[i] -= from[i]
			}
			fmt.Fprintf(b, " %s |", strings.ReplaceAll(meanof.Spread("%+"+strings.TrimPrefix(r.format, "%"), list), "± +", "± "))
		}
		b.WriteString("\n")
	}
}
