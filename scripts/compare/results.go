package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/trident-nlp/trident/pkg/metrics"
)

// result is a finished run, one line of results.jsonl. It holds no texts.
type result struct {
	Recipe   string   `json:"recipe"`
	Encoder  string   `json:"encoder,omitempty"` // of recipes that use one
	Settings []string `json:"settings"`          // of stages, teachers and models
	Search   bool     `json:"search,omitempty"`  // learning rates were searched
	Data     string   `json:"data"`              // the sets' name
	Seed     uint64   `json:"seed"`
	Fold     int      `json:"fold,omitempty"` // from 1; 0: there are separate test calls

	Figures    map[string]figureValue `json:"figures"` // by task and name: "ner entity_f1"
	Parameters int64                  `json:"parameters"`
	CallMillis float64                `json:"cpu_ms_per_call"`          // processor time of one thread
	Training   cost                   `json:"training"`                 // of the recipe's models
	Teachers   cost                   `json:"teachers"`                 // of the models that taught them
	Pretrain   cost                   `json:"pretraining"`              // of all stages; once for all seeds
	Searching  cost                   `json:"searching"`                // of all rates tried, the chosen ones included; once for all seeds
	Rates      map[string]float64     `json:"learning_rates,omitempty"` // with Search, by part
	Curves     map[string][]point     `json:"curves"`                   // figures on the validation calls, by the keys of Figures
	Outputs    string                 `json:"outputs"`                  // file in the folder outputs
	Finished   time.Time              `json:"finished"`
}

// figureValue is a figure on the test calls, with its interval over them.
type figureValue struct {
	Value    float64           `json:"value"`
	Interval *metrics.Interval `json:"interval,omitempty"`
}

// cost is what a training took. Other load on the machine stretches Minutes, but hardly
// CPUMinutes.
type cost struct {
	Minutes    float64   `json:"minutes"`
	CPUMinutes float64   `json:"cpu_minutes"` // of all threads together
	Threads    int       `json:"threads,omitempty"`
	Load       []float64 `json:"load,omitempty"` // the machine's load average when it began and ended
}

func (c cost) plus(other cost) cost {
	return cost{c.Minutes + other.Minutes, c.CPUMinutes + other.CPUMinutes, max(c.Threads, other.Threads), slices.Concat(c.Load, other.Load)}
}

// same reports whether two results are of the same run, also if they weren't trained at
// the same time. A recipe whose settings have changed is another one.
func (r result) same(other result) bool {
	return r.Recipe == other.Recipe && r.Encoder == other.Encoder && slices.Equal(r.Settings, other.Settings) && r.Search == other.Search &&
		r.Data == other.Data && r.Seed == other.Seed && r.Fold == other.Fold
}

// id identifies a run: runs that aren't the same have other ones.
func (r result) id() string {
	text := fmt.Sprintf("%q %q %q %v %q %d %d", r.Recipe, r.Encoder, r.Settings, r.Search, r.Data, r.Seed, r.Fold)
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%s-%d-%x", r.Recipe, r.Seed, sum[:6])
}

// readResults reads the finished runs; none if there is no file. A last line without an end is
// left out: its writer was killed.
func readResults(path string) ([]result, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the finished runs: %w", err)
	}
	var list []result
	lines := bufio.NewReader(bytes.NewReader(data))
	for number := 1; ; number++ {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		var r result
		if err := json.Unmarshal([]byte(strings.TrimSpace(line)), &r); err != nil {
			return nil, fmt.Errorf("read the finished runs: %s, line %d: %w; delete that line to have its run trained again", path, number, err)
		}
		list = append(list, r)
	}
}

// appendResult adds a finished run, after removing a last line without an end.
func appendResult(path string, r result) error {
	line, err := json.Marshal(r)
	if err == nil {
		err = appendLine(path, append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("add a finished run: %w", err)
	}
	return nil
}

func appendLine(path string, line []byte) (err error) {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	whole := int64(bytes.LastIndexByte(old, '\n') + 1)
	if err := file.Truncate(whole); err != nil {
		return err
	}
	if _, err := file.WriteAt(line, whole); err != nil {
		return err
	}
	return file.Sync()
}
