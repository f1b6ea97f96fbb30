package run

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"

	"github.com/trident-nlp/trident/internal/heldout"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// heldOutLists lists each set's validation and test records with their labels as CSV
// (held_out_cls.csv), so that others can evaluate the model on the same records.
// Transcripts are only included if texts is set.
func heldOutLists(sources []source, texts bool) (fusion.Files, error) {
	files := fusion.Files{}
	for _, s := range sources {
		table := [][]string{{heldout.RecordColumn, heldout.ShareColumn}}
		for _, task := range s.set.Tasks {
			table[0] = append(table[0], labelColumns(task)...)
		}
		if texts {
			table[0] = append(table[0], "text")
		}
		for _, share := range []struct {
			name     string
			examples []datasets.Example
		}{{heldout.Validation, s.split.Val}, {heldout.Test, s.split.Test}} {
			for _, ex := range share.examples {
				row := []string{strconv.Itoa(ex.Record), share.name}
				for t, task := range s.set.Tasks {
					row = append(row, labelCells(task, ex.Labels[t])...)
				}
				if texts {
					row = append(row, string(s.records.Texts[ex.Record-1]))
				}
				table = append(table, row)
			}
		}
		var b bytes.Buffer
		if err := csv.NewWriter(&b).WriteAll(table); err != nil {
			return nil, fmt.Errorf("list the held-out records of %s: %w", s.set.Path, err)
		}
		files[heldout.Name(s.train.Name())] = b.Bytes()
	}
	return files, nil
}

func labelColumns(task tasks.Task) []string {
	var columns []string
	for _, head := range task.Heads {
		if task.PerToken() {
			columns = append(columns, task.Name+" labelled words")
		} else {
			columns = append(columns, task.Kind.Layout().Columns(head)...)
		}
	}
	return columns
}

func labelCells(task tasks.Task, label datasets.Label) []string {
	var cells []string
	for h, head := range task.Heads {
		switch task.Kind {
		case tasks.Token:
			entities := 0
			for _, class := range label.Classes {
				if class > 0 {
					entities++
				}
			}
			cells = append(cells, strconv.Itoa(entities))
		case tasks.MultiClass:
			cell := ""
			if class := label.Classes[h]; class >= 0 {
				cell = head.Labels[class]
			}
			cells = append(cells, cell)
		case tasks.MultiLabel:
			for _, flag := range label.Flags[h] {
				cell := ""
				if flag != tasks.IgnoreClass {
					cell = strconv.FormatFloat(float64(flag), 'g', -1, 32)
				}
				cells = append(cells, cell)
			}
		}
	}
	return cells
}
