package run

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// lastMonth trains a model, and returns the configuration that continues it and the scores
// of the model.
func lastMonth(t *testing.T) (next config.Config, scores []trainer.Scores) {
	t.Helper()
	c := small(t)
	c.Training.NumEpochs, c.Training.LearningRate, c.Data.TestSize = 2, 1e-2, 0.3
	r, err := Open(t.Context(), c, Options{Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	best, _ := r.trainer.History().BestEvaluation()
	next = c
	next.Backbone.Init, next.Backbone.ModelName, next.Backbone.Heads = config.InitPretrained, c.Output.ModelDir, config.HeadsKeep
	return next, best.Val
}

// addCategory gives some of the cases a sub-category that none had.
func addCategory(t *testing.T, c config.Config, name string) {
	t.Helper()
	var records []map[string]any
	if err := json.Unmarshal([]byte(filetest.Read(t, c.Data.ClassificationPath)), &records); err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if i%5 == 0 {
			records[i]["category"] = name
		}
	}
	data, err := json.Marshal(records)
	if err == nil {
		err = os.WriteFile(c.Data.ClassificationPath, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A model that continues another one begins with its scores.
func TestWarmStartBeginsWhereTheModelWas(t *testing.T) {
	c, want := lastMonth(t)
	for _, heads := range []string{config.HeadsKeep, config.HeadsNew} {
		c.Backbone.Heads, c.Output.ModelDir = heads, "models/"+heads
		r, err := Open(t.Context(), c, Options{Device: "cpu"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.trainer.Evaluate(t.Context(), r.data.val())
		if err != nil || len(got) != 3 || len(want) != 3 {
			t.Fatal(got, err)
		}
		for i := range want {
			if same := got[i].Value == want[i].Value && got[i].Loss == want[i].Loss; same != (heads == config.HeadsKeep) {
				t.Errorf("heads: %s: %s begins with score %v, loss %v; the model had %v, %v", heads, got[i].Task, got[i].Value, got[i].Loss, want[i].Value, want[i].Loss)
			}
		}
		r.Close()
	}
}

// Next month's cases have a new sub-category. The run continues in the folder of last month's
// model, which is moved aside with the first checkpoint, and is stopped after that and resumed.
func TestWarmStartWithANewLabel(t *testing.T) {
	c, want := lastMonth(t)
	addCategory(t, c, "School Lockout")
	c.Training.NumEpochs = 3
	fit := func(c config.Config, stopAt int, o Options) (string, error) {
		var out strings.Builder
		o.Device, o.Out = "cpu", &out
		r, err := Open(t.Context(), c, o)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if !o.Resume {
			got, err := r.trainer.Evaluate(t.Context(), r.data.val())
			if err != nil || got[0].Value != want[0].Value || got[2].Loss != want[2].Loss {
				t.Errorf("begins with %+v, %v; the model had %+v", got, err, want)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r.trainer.Observe(stopping{at: stopAt, stop: cancel})
		err = r.Fit(ctx)
		return out.String(), err
	}
	whole := c
	whole.Output.ModelDir = "models/whole"
	said, err := fit(whole, -1, Options{})
	if err != nil {
		t.Fatal(err)
	}
	const line = "; new: School Lockout"
	for _, part := range []string{"Heads continued from models/quickstart:\n  ner: 10 of 10 labels kept\n  cls/main: ", line, "  qa/closing: 1 of 1 labels kept"} {
		if !strings.Contains(said, part) {
			t.Errorf("%q is missing in\n%s", part, said)
		}
	}

	if said, err = fit(c, 12, Options{}); err == nil || !strings.Contains(err.Error(), "go on from there with --resume") {
		t.Fatal(err)
	}
	if !strings.Contains(said, "The earlier model is now models/quickstart.previous") {
		t.Fatalf("no checkpoint before the stop:\n%s", said)
	}
	if said, err = fit(c, -1, Options{Resume: true}); err != nil || strings.Contains(said, "Heads continued") {
		t.Errorf("resumed: %v\n%s", err, said)
	}
	for _, dir := range []string{"models/whole", "models/quickstart"} {
		card := filetest.Read(t, filepath.Join(dir, "README.md"))
		if !strings.Contains(card, "Its heads continue those of that model:\n\n- ner: 10 of 10 labels kept\n") || !strings.Contains(card, line) {
			t.Errorf("%s: the card doesn't say what the heads have from the earlier model:\n%s", dir, card)
		}
	}
	first, second := filetest.Read(t, "models/whole/model.safetensors"), filetest.Read(t, "models/quickstart/model.safetensors")
	if first != second {
		t.Error("the resumed run's weights aren't those of the one that was never stopped")
	}
}

// stopping ends a run after a step.
type stopping struct {
	trainer.BaseObserver
	at   int
	stop func()
}

func (s stopping) StepEnd(e trainer.StepEnd) {
	if e.Step == s.at {
		s.stop()
	}
}

func TestHeadsThatCantBeKept(t *testing.T) {
	c, _ := lastMonth(t)
	c.Output.ModelDir = "models/next"
	for _, step := range []struct {
		name   string
		change func() error
		want   string
	}{
		{"no labels", func() error { return os.Rename("models/quickstart/label_maps.json", "labels") }, "backbone.heads: keep: load model"},
		{"another task", func() error {
			c.Task, c.Data.QAPath, c.Data.ClassificationPath = config.TaskNER, "", ""
			c.Training.LossWeights, c.Training.ClassWeights = config.LossWeights{}, nil
			return os.Rename("labels", "models/quickstart/label_maps.json")
		}, "no head of models/quickstart can be kept (ner: new: one of the two has a linear layer"},
	} {
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		r, err := Open(t.Context(), c, Options{Device: "cpu"})
		if err == nil {
			r.Close()
		}
		if err == nil || !strings.Contains(err.Error(), step.want) {
			t.Errorf("%s: error %v, want %q", step.name, err, step.want)
		}
	}
}

// More layers than the encoder has can't be frozen, nor yes and no be smoothed.
func TestKnobsThatTheModelRefuses(t *testing.T) {
	c, _ := lastMonth(t)
	c.Output.ModelDir = "models/next"
	for want, change := range map[string]func(*config.Config){
		"backbone.freeze_layers is 2, but the encoder has only 1 layer": func(c *config.Config) { c.Backbone.FreezeLayers = 2 },
		"training.label_smoothing_factor is 0.1, but all heads are yes/no ones (qa)": func(c *config.Config) {
			c.Training.LabelSmoothing, c.Tasks = 0.1, []config.Task{{Use: "qa"}}
		},
	} {
		c := c
		c.Training.LossWeights = config.LossWeights{}
		c.Training.ClassWeights = nil
		change(&c)
		if err := DryRun(t.Context(), c, Options{Device: "cpu"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	var out strings.Builder
	c.Backbone.FreezeEmbeddings, c.Backbone.FreezeLayers = true, 1
	if err := DryRun(t.Context(), c, Options{Device: "cpu", Out: &out}); err != nil || !strings.Contains(out.String(), "\nFrozen parameters: ") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
