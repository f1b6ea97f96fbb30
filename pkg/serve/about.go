package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// about is what a model's folder says of it, for people who see its answers.
type about struct {
	Name   string      `json:"name" doc:"Of the model's folder."`
	MadeUp bool        `json:"made_up,omitempty" doc:"It learnt from made-up calls (datagen): a demo, not for real calls."`
	Tasks  []aboutTask `json:"tasks,omitempty" doc:"Of a model that train wrote."`
}

type aboutTask struct {
	Name   string  `json:"name"`
	Figure string  `json:"figure" doc:"Name of the score, such as entity_f1."`
	Score  float64 `json:"score"`
	Test   bool    `json:"test,omitempty" doc:"The score is that of test records, not of the validation records by which the epoch was chosen."`
	Calls  int     `json:"calls,omitempty" doc:"Records that it was trained on."`
}

// metricsName is the default name of the file with a model's scores.
const metricsName = "metrics.json"

// readAbout reads what a model's folder says of it. A folder without train's scores has a
// name alone.
func readAbout(dir string) (*about, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	a := &about{Name: filepath.Base(full)}
	data, err := os.ReadFile(filepath.Join(dir, metricsName))
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the model's scores: %w", err)
	}
	type scores struct {
		Task   string
		Report []struct {
			Name  string
			Value float64
		}
	}
	var metrics struct {
		Best struct{ Val []scores }
		Test []scores
		Data map[string]struct {
			Trained int  `json:"trained"`
			MadeUp  bool `json:"made_up"`
		}
	}
	if json.Unmarshal(data, &metrics) != nil { // not Trident's
		return a, nil
	}
	list := metrics.Test
	if len(list) == 0 {
		list = metrics.Best.Val
	}
	for _, s := range list {
		of := metrics.Data[s.Task]
		a.MadeUp = a.MadeUp || of.MadeUp
		if len(s.Report) > 0 {
			a.Tasks = append(a.Tasks, aboutTask{s.Task, s.Report[0].Name, s.Report[0].Value, len(metrics.Test) > 0, of.Trained})
		}
	}
	return a, nil
}
