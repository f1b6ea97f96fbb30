package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/internal/usage"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/run"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// trained is what is beside a model's folder, as DIR.json.
type trained struct {
	Settings   []string `json:"settings"`
	Cost       cost     `json:"cost"`                 // without what a killed training took since it was begun or continued
	Unfinished bool     `json:"unfinished,omitempty"` // the training was stopped, or is going on

	Score  float64            `json:"score"`            // mean of the tasks' selection metrics on the validation calls, at the best epoch
	Curves map[string][]point `json:"curves,omitempty"` // figures on the validation calls
}

// job is a model to train.
type job struct {
	file, dir string   // configuration, and model folder
	settings  []string // over the configuration's
	from      []string // settings of the stages and teachers that it starts from
	threads   int
}

// train trains a model, unless it is there and has been trained with the same settings. A
// training that was stopped goes on from its last state. The log goes to dir.log. The cost is
// also returned with an error.
func train(ctx context.Context, j job) (trained, error) {
	settings := slices.Concat(j.from, j.settings)
	before, err := readTrained(j.dir)
	if err != nil {
		return trained{}, err
	}
	same := slices.Equal(before.Settings, settings)
	if same && !before.Unfinished {
		_, err := os.Stat(filepath.Join(j.dir, "config.json"))
		if err == nil {
			return before, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return trained{}, fmt.Errorf("look for the trained model %s: %w", j.dir, err)
		}
		same = false // the model was deleted
	}
	now := trained{Settings: settings, Unfinished: true}
	if same {
		now.Cost = before.Cost
	}
	if err := writeTrained(j.dir, now); err != nil {
		return trained{}, err
	}
	history, took, err := fit(ctx, j, same)
	now.Cost = now.Cost.plus(took)
	var stopped *run.Stopped
	switch {
	case errors.As(err, &stopped):
		err = fmt.Errorf("%s: its training goes on with the same command: %w", j.dir, stopped.Unwrap())
	case err != nil:
		err = fmt.Errorf("train %s (its log is %s.log): %w", j.dir, j.dir, err)
	}
	if now.Unfinished = err != nil; !now.Unfinished {
		best, _ := history.BestEvaluation()
		now.Score, now.Curves = best.Average, curves(history)
	}
	return now, errors.Join(err, writeTrained(j.dir, now))
}

func readTrained(dir string) (t trained, err error) {
	data, err := os.ReadFile(dir + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	if err != nil {
		return t, fmt.Errorf("read what training %s took: %w; delete %s.json to train it again", dir, err, dir)
	}
	return t, nil
}

func writeTrained(dir string, t trained) error {
	data, err := json.MarshalIndent(t, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(dir), 0o755)
	}
	if err == nil {
		err = renameio.WriteFile(dir+".json", append(data, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write what training %s took: %w", dir, err)
	}
	return nil
}

// fit trains, from the last state if resume. What it took is also returned with an error.
func fit(ctx context.Context, j job, resume bool) (history *trainer.History, took cost, err error) {
	set := append(over(j.file, j.settings), "training.threads="+strconv.Itoa(j.threads), "output.model_dir="+j.dir, "mlflow.enabled=false")
	c, _, err := config.Load(j.file, set)
	if err != nil {
		return nil, cost{}, err
	}
	flags := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if resume {
		flags = os.O_CREATE | os.O_WRONLY | os.O_APPEND
	}
	log, err := os.OpenFile(j.dir+".log", flags, 0o644)
	if err != nil {
		return nil, cost{}, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()

	before, started := loadAverage(), time.Now()
	used, err := usage.CPUTime()
	if err != nil {
		return nil, cost{}, err
	}
	defer func() {
		now, failed := usage.CPUTime()
		took = cost{time.Since(started).Minutes(), (now - used).Minutes(), j.threads, slices.Concat(before, loadAverage())}
		err = errors.Join(err, failed)
	}()
	r, err := run.Open(ctx, c, run.Options{Out: log, Err: log, Device: "cpu", File: j.file, Set: set, ResumeIfAny: resume})
	if err != nil {
		return nil, cost{}, err
	}
	defer r.Close()
	err = r.Fit(ctx)
	return r.History(), cost{}, err
}

// loadAverage is the machine's of the last minute; nil if it is unknown.
func loadAverage() []float64 {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return nil
	}
	first, _, _ := strings.Cut(string(data), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return nil
	}
	return []float64{load}
}
