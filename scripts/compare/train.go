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
)

// trained is what is beside a finished model's folder, as DIR.json.
type trained struct {
	Settings []string `json:"settings"`
	Cost     cost     `json:"cost"`
}

// job is a model to train.
type job struct {
	file, dir string   // configuration, and model folder
	settings  []string // over the configuration's
	from      []string // settings of the stages that it starts from
	threads   int
}

// train trains a model and returns what that took, unless it has been trained before with the
// same settings. The log goes to dir.log.
func train(ctx context.Context, j job) (cost, error) {
	dir, settings := j.dir, slices.Concat(j.from, j.settings)
	var before trained
	data, err := os.ReadFile(dir + ".json")
	if err == nil {
		err = json.Unmarshal(data, &before)
	}
	switch {
	case err == nil && slices.Equal(before.Settings, settings):
		return before.Cost, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return cost{}, fmt.Errorf("read what training %s took: %w; delete %s.json to train it again", dir, err, dir)
	}
	took, err := fit(ctx, j)
	if err != nil {
		return cost{}, fmt.Errorf("train %s (its log is %s.log): %w", dir, dir, err)
	}
	data, err = json.MarshalIndent(trained{settings, took}, "", "  ")
	if err == nil {
		err = renameio.WriteFile(dir+".json", append(data, '\n'), 0o644)
	}
	if err != nil {
		return cost{}, fmt.Errorf("write what training %s took: %w", dir, err)
	}
	return took, nil
}

func fit(ctx context.Context, j job) (took cost, err error) {
	dir, set := j.dir, append(slices.Clone(j.settings), "training.threads="+strconv.Itoa(j.threads), "output.model_dir="+j.dir, "mlflow.enabled=false")
	c, _, err := config.Load(j.file, set)
	if err != nil {
		return cost{}, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return cost{}, err
	}
	log, err := os.Create(dir + ".log")
	if err != nil {
		return cost{}, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()

	before, started := loadAverage(), time.Now()
	used, err := usage.CPUTime()
	if err != nil {
		return cost{}, err
	}
	r, err := run.Open(ctx, c, run.Options{Out: log, Err: log, Device: "cpu", File: j.file, Set: set})
	if err != nil {
		return cost{}, err
	}
	defer r.Close()
	if err := r.Fit(ctx); err != nil {
		return cost{}, err
	}
	now, err := usage.CPUTime()
	return cost{time.Since(started).Minutes(), (now - used).Minutes(), j.threads, slices.Concat(before, loadAverage())}, err
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
