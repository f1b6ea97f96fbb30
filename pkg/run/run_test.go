package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/configs"
	"github.com/trident-nlp/trident/internal/ranks"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// small is a run that takes a second, in a folder of its own.
func small(t *testing.T) config.Config {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("MLFLOW_TRACKING_URI", "")
	c, err := config.Parse(configs.Quickstart, []string{
		"backbone.size={dim: 16, layers: 1, heads: 2, hidden_dim: 32}", "data.generate={ner: 20, cases: 40, qa: 20, short: true, seed: 1}",
		"tokenizer.vocab_size=600", "training.num_epochs=1", "training.threads=1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// panicking is an observer with a bug.
type panicking struct{ trainer.BaseObserver }

func (panicking) StepEnd(trainer.StepEnd) { panic("a bug") }

func TestPanicMarksTheRunFailed(t *testing.T) {
	r, err := Open(t.Context(), small(t), Options{Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	r.trainer.Observe(panicking{})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		defer r.Close()
		_ = r.Fit(t.Context())
	}()
	files, err := filepath.Glob("mlruns/*/????????????????????????????????/meta.yaml")
	if err != nil || len(files) != 1 {
		t.Fatalf("MLflow runs %v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if failed := regexp.MustCompile(`(?m)^status: 4$`); err != nil || !failed.Match(text) {
		t.Errorf("the run isn't marked as failed: %s, %v", text, err)
	}
	if _, err := os.Stat("models/quickstart.run/lock"); err == nil {
		t.Error("the folder is still locked")
	}
}

// A run trains once; its folder is free when it is closed, also untrained.
func TestOpenFitClose(t *testing.T) {
	c := small(t)
	var out strings.Builder
	r, err := Open(t.Context(), c, Options{Device: "cpu", Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), c, Options{Device: "cpu"}); err == nil || !strings.Contains(err.Error(), "another training is using it") {
		t.Errorf("a second run on the folder: error %v", err)
	}
	r.Close()
	r.Close()
	if err := r.Fit(t.Context()); err == nil {
		t.Error("a closed run trains")
	}
	if r, err = Open(t.Context(), c, Options{Device: "cpu", Out: &out}); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Fit(t.Context()); err == nil {
		t.Error("a run trains twice")
	}
	if n := strings.Count(out.String(), "Made demo data"); n != 1 {
		t.Errorf("demo data was made %d times", n)
	}
	if _, err := os.Stat("models/quickstart/model.safetensors"); err != nil {
		t.Error(err)
	}
}

// The configuration's words for what adds up gradients are those of the ranks.
func TestBackends(t *testing.T) {
	is := [...]string{config.BackendAuto, config.BackendGloo, config.BackendNCCL}
	if want := [...]string{ranks.BackendAuto, ranks.BackendGloo, ranks.BackendNCCL}; is != want {
		t.Errorf("%q, want %q", is, want)
	}
}

// A program that fills in a configuration by hand may forget Validate.
func TestConfigurationIsValidated(t *testing.T) {
	c := small(t)
	c.Output.ModelDir, c.Training.Precision = "", "fp23"
	r, err := Open(t.Context(), c, Options{Device: "cpu"})
	if err == nil {
		r.Close()
	}
	for what, err := range map[string]error{"Open": err, "DryRun": DryRun(t.Context(), c, Options{}), "CheckData": CheckData(t.Context(), c, Options{})} {
		if err == nil || !strings.Contains(err.Error(), "output.model_dir") || !strings.Contains(err.Error(), "fp23") {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

// stopAt is done as soon as what is written to it contains text.
type stopAt struct {
	context.Context
	text string
	err  error
	done chan struct{}
}

func (s *stopAt) Write(p []byte) (int, error) {
	if strings.Contains(string(p), s.text) && s.Err() == nil {
		close(s.done)
	}
	return len(p), nil
}

func (s *stopAt) Done() <-chan struct{} { return s.done }

func (s *stopAt) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// A program can tell a run that it stopped itself from one that failed.
func TestFitIsStopped(t *testing.T) {
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		t.Run(cause.Error(), func(t *testing.T) {
			c := small(t)
			c.Training.NumEpochs, c.MLflow.Enabled, c.MLflow.TrackingURI = 2, true, "mlruns"
			ctx := &stopAt{context.Background(), "Epoch 2", cause, make(chan struct{})}
			r, err := Open(ctx, c, Options{Device: "cpu", Out: ctx})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			err = r.Fit(ctx)
			if stopped, ok := errors.AsType[*Stopped](err); !ok || !errors.Is(err, cause) || !strings.Contains(stopped.Error(), "--resume") {
				t.Errorf("error %v (%T), want one of %v that says how to continue", err, err, cause)
			}
			metas, err := filepath.Glob("mlruns/*/*/meta.yaml")
			if err != nil || len(metas) != 1 {
				t.Fatalf("runs %v, error %v", metas, err)
			}
			if meta, err := os.ReadFile(metas[0]); err != nil || !strings.Contains(string(meta), "status: 5") { // KILLED
				t.Errorf("error %v, run %s", err, meta)
			}
		})
	}
}
