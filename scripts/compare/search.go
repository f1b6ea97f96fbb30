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

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// factors of the recipe's learning rate that a search tries.
func factors() []float64 { return []float64{0.5, 1, 2} }

// found is a finished search for a learning rate.
type found struct {
	Settings []string  `json:"settings"` // for any seed
	Seed     uint64    `json:"seed"`
	Tries    []attempt `json:"tries"`
	Rate     float64   `json:"rate"`
	Cost     cost      `json:"cost"` // of all tries
}

// attempt is a training with one learning rate. Score is the mean of the tasks' selection
// metrics on the validation calls, at its best epoch; 0 if its losses became infinite or NaN.
type attempt struct {
	Rate  float64 `json:"rate"`
	Score float64 `json:"score"`
}

// search returns the model's learning rate: the one of the highest validation score, the
// lowest of several. It is found once, with the first seed, and kept beside the results.
func (c *compare) search(ctx context.Context, m model, seed uint64) (found, error) {
	path := filepath.Join(c.Out, "searches", m.name+".json")
	f, err := readFound(path)
	if err == nil && !slices.Equal(f.Settings, m.anySeed) && seed != c.Seeds[0] {
		if err = m.first(); err == nil {
			f, err = readFound(path)
		}
	}
	if err != nil || slices.Equal(f.Settings, m.anySeed) {
		return f, err
	}
	if f, err = c.searchAnew(ctx, m); err != nil {
		return f, err
	}
	f.Settings = m.anySeed
	data, err := json.MarshalIndent(f, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = renameio.WriteFile(path, append(data, '\n'), 0o644)
	}
	if err != nil {
		return f, fmt.Errorf("write which learning rate was chosen: %w", err)
	}
	return f, nil
}

// readFound reads a finished search; none if there is no file.
func readFound(path string) (f found, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err != nil {
		return f, fmt.Errorf("read which learning rate was chosen: %w; delete %s to search again", err, path)
	}
	return f, nil
}

// searchAnew tries the rates with the first seed, whose teachers are those of m.
func (c *compare) searchAnew(ctx context.Context, m model) (found, error) {
	f := found{Seed: c.Seeds[0]}
	base, _, err := config.Load(m.file, over(m.file, m.settings))
	if err != nil {
		return f, err
	}
	for _, factor := range factors() {
		try := attempt{Rate: factor * base.Training.LearningRate}
		tried, err := train(ctx, c.job(m, f.Seed, try.Rate))
		switch {
		case err == nil:
			try.Score = tried.Score
		case !errors.Is(err, trainer.ErrNotFinite):
			return f, err
		}
		f.Tries, f.Cost = append(f.Tries, try), f.Cost.plus(tried.Cost)
	}
	best := f.Tries[0]
	for _, try := range f.Tries {
		if try.Score > best.Score {
			best = try
		}
	}
	if best.Score == 0 {
		return f, fmt.Errorf("search a learning rate for %s: no training gave a validation score above 0, or all had infinite losses; their logs are beside the models", m.name)
	}
	f.Rate = best.Rate
	return f, nil
}
