package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trident-nlp/trident/pkg/trainer"
)

// MLflow's numbers of how a run ended, in its file store.
const (
	failed = 4
	killed = 5
)

// with adds settings to those of the tiny run.
func with(more ...string) []string {
	args := slices.Clone(tiny)
	for _, setting := range more {
		args = append(args, "--set", setting)
	}
	return args
}

// endless are settings of a run that lasts until it is stopped.
var endless = []string{"training.num_epochs=1000000", "training.early_stopping_patience=0"}

// statusOf is how the only MLflow run in dir ended.
func statusOf(t *testing.T, dir string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "mlruns/*/????????????????????????????????/meta.yaml"))
	if err != nil || len(files) != 1 {
		t.Fatalf("MLflow runs %v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^status: (\d)$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no status in %s", text)
	}
	return int(found[1][0] - '0')
}

// stateIn is the newest state that a run in dir has kept.
func stateIn(t *testing.T, dir string) trainer.State {
	t.Helper()
	state, damaged, err := trainer.ReadState(filepath.Join(dir, "models/quickstart.run"))
	if err != nil || len(damaged) > 0 {
		t.Fatal(err, damaged)
	}
	return state
}

func TestSignals(t *testing.T) {
	slow := []string{"backbone.size={dim: 128, layers: 3, heads: 2, hidden_dim: 512}", "data.test_size=0.9"}
	for name, test := range map[string]struct {
		args   []string
		signal syscall.Signal
		stops  func(p trainer.Progress) bool
	}{
		"SIGINT in training":    {with(endless...), syscall.SIGINT, func(p trainer.Progress) bool { return p.Step >= p.PerEpoch }},
		"SIGTERM in training":   {with(endless...), syscall.SIGTERM, func(p trainer.Progress) bool { return p.Step >= p.PerEpoch }},
		"SIGTERM in validation": {with(slow...), syscall.SIGTERM, func(p trainer.Progress) bool { return p.Step == p.PerEpoch && !p.Validated }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := quickDir(t)
			p := start(t, dir, test.args...)
			p.waitFor("train_loss=") // validation comes next
			p.signal(test.signal)
			code, by := p.end()
			if code != 128+int(test.signal) {
				t.Errorf("exit code %d (%v), want %d", code, by, 128+int(test.signal))
			}
			state := stateIn(t, dir)
			if !test.stops(state.Progress) {
				t.Errorf("state kept of %+v", state.Progress)
			}
			if text := p.stderr.String(); strings.Count(text, "\n") != 1 {
				t.Errorf("want one line, got %q", text)
			}
			mustContain(t, p.stderr.String(), "train: stopped by a signal: ", "state after step "+strconv.Itoa(state.Progress.Step)+" is kept in models/quickstart.run", "--resume")
			if status := statusOf(t, dir); status != killed {
				t.Errorf("MLflow has status %d, want %d", status, killed)
			}
		})
	}
}

// A step of this run takes too long to wait for.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	args := with("backbone.size={dim: 512, layers: 12, heads: 8, hidden_dim: 2048}", "tokenizer.max_length=200", "training.batch_size=32")
	var codes []int
	for range 5 {
		p := start(t, quickDir(t), args...)
		p.waitFor("Epoch 1/")
		time.Sleep(200 * time.Millisecond) // the step begins
		p.signal(syscall.SIGTERM)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { // two that come at once are one
			for ctx.Err() == nil {
				time.Sleep(50 * time.Millisecond)
				_ = p.cmd.Process.Signal(syscall.SIGTERM)
			}
		}()
		code, by := p.end()
		cancel()
		if by == syscall.SIGTERM {
			return
		}
		codes = append(codes, code) // the first signal came before the step
	}
	t.Errorf("the second signal is not what ends the process, but %v", codes)
}

func TestNumbersGoBad(t *testing.T) {
	dir := quickDir(t)
	p := start(t, dir, with("training.learning_rate=1e30", "training.save_steps=1", "training.max_bad_steps=3")...)
	if code, by := p.end(); code != 1 {
		t.Errorf("exit code %d (%v), want 1", code, by)
	}
	if text := p.stderr.String(); strings.Count(text, "\n") != 1 {
		t.Errorf("want one line, got %q", text)
	}
	mustContain(t, p.stderr.String(), "epoch 1, step ", " batch of ", "records [", "not a finite number", "in the 2 steps before", "training.learning_rate", "is kept in models/quickstart.run", "--resume")
	mustContain(t, p.stdout.String(), "[Skipped: epoch 1, step ")
	if status := statusOf(t, dir); status != failed {
		t.Errorf("MLflow has status %d, want %d", status, failed)
	}
	stateIn(t, dir)
}
