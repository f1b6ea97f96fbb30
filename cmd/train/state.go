package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// errChanged is returned, wrapped, for a run that can't go on because its
// configuration or data isn't what it began with.
var errChanged = errors.New("not the run that was stopped")

// runDir holds what a stopped run needs to go on.
func runDir(c config.Config) string { return filepath.Clean(c.Output.ModelDir) + ".run" }

// outboxDir holds what the tracking server hasn't taken yet. It outlives the
// run's state.
func outboxDir(c config.Config) string { return filepath.Clean(c.Output.ModelDir) + ".outbox" }

func newState(c config.Config, d *data, digests []string) (trainer.State, error) {
	text, err := fingerprint(c, d, digests)
	if err != nil {
		return trainer.State{}, fmt.Errorf("describe the run: %w", err)
	}
	return trainer.State{Fingerprint: text}, nil
}

func removeState(c config.Config) error {
	if err := os.RemoveAll(runDir(c)); err != nil {
		return fmt.Errorf("remove the finished run's state: %w", err)
	}
	return nil
}

// fingerprint spells out what must stay the same when a run is resumed: a line
// for each setting that shapes training, and for each data file's contents.
func fingerprint(c config.Config, d *data, digests []string) (string, error) {
	c.Output, c.MLflow, c.Training.Threads = config.Output{}, config.MLflow{}, 0
	settings, err := c.Marshal()
	if err != nil {
		return "", err
	}
	lines := []string{string(settings)}
	for i, set := range d.sets {
		lines = append(lines, fmt.Sprintf("%s: contents %s, %d records", set.Path, digests[i], set.Filters[0].Before))
	}
	return strings.Join(lines, "\n"), nil
}

// readState reads the stopped run's state, unless it belongs to another
// configuration or other data than want.
func readState(c config.Config, want trainer.State) (trainer.State, error) {
	state, err := trainer.ReadState(runDir(c))
	if err != nil {
		return state, err
	}
	if was, is, differ := firstDifference(state.Fingerprint, want.Fingerprint); differ {
		return state, fmt.Errorf("resume %s: %w: it had %q, now it is %q; put that back, or start anew without --resume", runDir(c), errChanged, was, is)
	}
	return state, nil
}

// firstDifference finds the first line in which two texts differ.
func firstDifference(was, is string) (a, b string, differ bool) {
	if was == is {
		return "", "", false
	}
	old, now := strings.Split(was, "\n"), strings.Split(is, "\n")
	for i := range max(len(old), len(now)) {
		a, b = "", ""
		if i < len(old) {
			a = strings.TrimSpace(old[i])
		}
		if i < len(now) {
			b = strings.TrimSpace(now[i])
		}
		if a != b {
			break
		}
	}
	return a, b, true
}
