package trainer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
)

// ErrNoState is returned, wrapped, if there is no state to resume.
var ErrNoState = errors.New("no saved state")

// ErrDamaged is returned, wrapped, if there are states to resume, but all are damaged.
var ErrDamaged = errors.New("no saved state is whole")

// State is everything a stopped run needs, besides its model and optimizer, to continue
// with the next step as if it had never stopped. It contains no random state: each
// step's generator is seeded from the run's seed.
type State struct {
	Settings map[string]string `json:"settings"`          // settings that affect training, by name; they should not change
	Changed  []string          `json:"changed,omitempty"` // those that changed nevertheless
	Params   map[string]string `json:"params"`            // as shown by a tracker, from the start of the run
	Kept     []string          `json:"kept,omitempty"`    // what the heads took from an earlier model, for the model card
	RunID    string            `json:"run_id"`            // of the tracker
	History  *History          `json:"history"`
	Progress Progress          `json:"progress"`

	dir string // the folder that it was read from
}

// A folder of states contains one folder per state, state-000001 and so on, with these
// files. sumsFile is in the format of `sha256sum -c`.
const (
	statePrefix = "state-"
	stateFile   = "state.json"
	tensorsFile = "state.safetensors"
	sumsFile    = "SHA256SUMS"
)

// lastStates is the number of states that are kept: if the newest is damaged, the
// previous one is used.
const lastStates = 2

// SaveState saves the run in the states folder dir, completely or not at all, for
// [Trainer.Resume], and removes all but the last two states. It sets state.History and
// state.Progress. The state before the first step has no tensors: they equal those of a
// new run.
func (t *Trainer) SaveState(dir string, state State) error {
	err := t.usable()
	if err == nil {
		err = t.storeState(dir, state)
	}
	if err != nil {
		return fmt.Errorf("save the run's state: %w", err)
	}
	return nil
}

func (t *Trainer) storeState(dir string, state State) error {
	before, err := listStates(dir)
	if err != nil {
		return err
	}
	next := 1
	if len(before) > 0 {
		next = numberOf(before[0]) + 1
	}
	target := filepath.Join(dir, fmt.Sprintf("%s%06d", statePrefix, next))
	if err := atomicdir.Clean(target); err != nil {
		return err
	}
	state.History, state.Progress = t.history, t.progress
	n := *t.progress.Interval
	n.Before = n.seconds()
	state.Progress.Interval = &n
	if err := atomicdir.Replace(target, func(tmp string) error { return t.writeState(tmp, state) }); err != nil {
		return err
	}
	for _, old := range before[min(len(before), lastStates-1):] {
		if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
			return err
		}
	}
	return nil
}

func (t *Trainer) writeState(tmp string, state State) error {
	text, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return err
	}
	write := map[string]func(io.Writer) error{
		stateFile: func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err },
	}
	if state.Progress.Step > 0 {
		tensors, err := checkpoint.Tensors(t.tensors())
		if err != nil {
			return err
		}
		if err := checkpoint.Finite(tensors); err != nil {
			return fmt.Errorf("%w: %w", ErrNotFinite, err)
		}
		write[tensorsFile] = func(w io.Writer) error { return weights.WriteSafetensors(w, tensors, nil) }
	}
	var sums strings.Builder
	for _, name := range []string{stateFile, tensorsFile} {
		if write[name] == nil {
			continue
		}
		sum := sha256.New()
		if err := atomicdir.WriteFile(filepath.Join(tmp, name), func(w io.Writer) error { return write[name](io.MultiWriter(w, sum)) }); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sum.Sum(nil), name)
	}
	return os.WriteFile(filepath.Join(tmp, sumsFile), []byte(sums.String()), 0o666)
}

// tensors returns the parameters and the optimizer's tensors.
func (t *Trainer) tensors() []torchx.Param {
	return slices.Concat(t.objective.Params().All(), t.optimizer.State())
}

// listStates returns the names of the states in dir, the newest first.
func listStates(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if numberOf(e.Name()) > 0 {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return numberOf(b) - numberOf(a) })
	return names, nil
}

// numberOf returns the number of a state; 0 if name isn't a state's.
func numberOf(name string) int {
	digits, _ := strings.CutPrefix(name, statePrefix)
	n, err := strconv.Atoi(digits)
	if err != nil || !strings.HasPrefix(name, statePrefix) {
		return 0
	}
	return n
}

// ReadState reads the newest complete state in dir, to be checked before
// [Trainer.Resume]. damaged has the errors of newer ones. The error is an [ErrNoState] if
// there is none, an [ErrDamaged] if none is complete.
func ReadState(dir string) (state State, damaged []error, err error) {
	names, err := listStates(dir)
	if err != nil {
		return state, nil, fmt.Errorf("read the run's state: %w", err)
	}
	for _, name := range names {
		state, err := readState(filepath.Join(dir, name))
		if err == nil {
			return state, damaged, nil
		}
		damaged = append(damaged, fmt.Errorf("the state %s is damaged: %w", filepath.Join(dir, name), err))
	}
	if len(damaged) > 0 {
		err := damaged[0]
		for _, more := range damaged[1:] {
			err = fmt.Errorf("%w; %w", err, more)
		}
		return state, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return state, nil, fmt.Errorf("%w in %s: start the run without --resume", ErrNoState, dir)
}

func readState(dir string) (State, error) {
	state := State{dir: dir}
	if err := checkSums(dir); err != nil {
		return state, err
	}
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err == nil {
		err = json.Unmarshal(data, &state)
	}
	if err == nil && !state.usable() {
		err = fmt.Errorf("%s has no history", stateFile)
	}
	return state, err
}

// usable reports whether a run can continue from the contents of a file.
func (s State) usable() bool {
	p := s.Progress
	return s.History != nil && s.History.Completed >= 0 && p.Interval != nil && p.Step >= 0 && p.PerEpoch > 0
}

// checkSums compares the files with their digests.
func checkSums(dir string) error {
	sums, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(sums)) {
		want, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok || !filepath.IsLocal(name) {
			return fmt.Errorf("%s can't be read", sumsFile)
		}
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		sum := sha256.New()
		_, err = io.Copy(sum, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		if hex.EncodeToString(sum.Sum(nil)) != want {
			return fmt.Errorf("%s isn't what was written", name)
		}
	}
	return nil
}

// Resume restores the model, the optimizer and the history from the state read by
// [ReadState]; [Trainer.Run] then continues with the next step. If the length of an
// epoch has changed, it continues after the last complete epoch.
func (t *Trainer) Resume(state State) error {
	if err := t.usable(); err != nil {
		return fmt.Errorf("resume the run: %w", err)
	}
	if !state.usable() {
		return errors.New("resume the run: the state has no history: take what ReadState returns")
	}
	if state.Progress.Step > 0 {
		if err := checkpoint.Read(filepath.Join(state.dir, tensorsFile), t.tensors()); err != nil {
			return fmt.Errorf("resume the run: %w", err)
		}
	}
	if err := dropNewer(state.dir); err != nil {
		return fmt.Errorf("resume the run: %w", err)
	}
	t.goOn(state.History, state.Progress)
	t.resumed, t.stateSaved, t.savedStep = true, true, state.Progress.Step
	return nil
}

// goOn sets the position of the run to that of another.
func (t *Trainer) goOn(history *History, progress Progress) {
	t.history, t.progress = history, progress
	if t.progress.fit(t.plan.StepsPerEpoch, t.history.Completed) {
		t.progress.Interval = &interval{ByTask: map[string]*taskMeans{}}
	}
	t.progress.Interval.begin(t.train)
	t.stopping = t.newStopping()
	for _, e := range t.history.All {
		t.isBest(&t.stopping, e)
	}
}

// dropNewer removes the damaged states that are newer than the one in dir.
func dropNewer(dir string) error {
	all := filepath.Dir(dir)
	names, err := listStates(all)
	for _, name := range names {
		if err == nil && numberOf(name) > numberOf(filepath.Base(dir)) {
			err = os.RemoveAll(filepath.Join(all, name))
		}
	}
	return err
}
