package trainer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/torchx"
)

// ErrNoState is returned, wrapped, when there is nothing to resume.
var ErrNoState = errors.New("no saved state")

// State is what a stopped run needs, beside its model and optimiser, to go on
// at the next epoch as if it had never stopped. There is no random state in
// it: each step's generator is seeded anew from the run's seed.
type State struct {
	Fingerprint string   `json:"fingerprint"` // of the configuration and the data; they must not change
	RunID       string   `json:"run_id"`      // the tracker's
	History     *History `json:"history"`
}

const (
	stateFile   = "state.json"
	tensorsFile = "state.safetensors"
)

// SaveState stores the run in dir, whole or not at all, for [Trainer.Resume].
// It sets state.History.
func (t *Trainer) SaveState(dir string, state State) error {
	state.History = t.history
	err := atomicdir.Replace(dir, func(tmp string) error {
		data, err := json.MarshalIndent(state, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(tmp, stateFile), append(data, '\n'), 0o666); err != nil {
			return err
		}
		return checkpoint.Write(filepath.Join(tmp, tensorsFile), t.tensors())
	})
	if err != nil {
		return fmt.Errorf("save the run's state: %w", err)
	}
	return nil
}

// tensors are the parameters and the optimiser's tensors.
func (t *Trainer) tensors() []torchx.Param {
	return slices.Concat(t.Model.Params().All(), t.optimizer.State())
}

// ReadState reads what a run stored in dir, to be checked before
// [Trainer.Resume].
func ReadState(dir string) (State, error) {
	var state State
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return state, fmt.Errorf("%w in %s: start the run without --resume", ErrNoState, dir)
	}
	if err == nil {
		err = json.Unmarshal(data, &state)
	}
	if err == nil && state.History == nil {
		err = errors.New("it has no history")
	}
	if err != nil {
		return state, fmt.Errorf("read the run's state %s: %w", dir, err)
	}
	return state, nil
}

// Resume sets the model, the optimiser and the history to what a run stored in
// dir; [Trainer.Run] then goes on after its last complete epoch.
func (t *Trainer) Resume(dir string, state State) error {
	if err := t.begin(); err != nil {
		return err
	}
	if err := checkpoint.Read(filepath.Join(dir, tensorsFile), t.tensors()); err != nil {
		return fmt.Errorf("resume the run: %w", err)
	}
	t.history = state.History
	for _, e := range t.history.All {
		t.stopping.Observe(e.Epoch, e.Score)
	}
	return nil
}
