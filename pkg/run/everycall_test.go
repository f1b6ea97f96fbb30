package run

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/configs"
	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// everyCall is a small run, in a folder of its own, in which annealed teachers also teach
// the calls without labels. The teacher of ner is two models.
func everyCall(t *testing.T, set ...string) config.Config {
	t.Helper()
	small(t) // changes to that folder
	c, err := config.Parse(configs.Quickstart, append([]string{
		"task=distill", "backbone.size={dim: 16, layers: 1, heads: 2, hidden_dim: 32}", "data.generate={ner: 30, cases: 60, qa: 30, short: true, seed: 1}",
		"tokenizer={vocab_size: 600, max_length: 256}", "training.num_epochs=2", "training.threads=1", "training.batch_size=8", "training.early_stopping_patience=0",
		"data.test_size=0.2", "mlflow.enabled=false", "training.loss_weights=null",
		"distill={train_teachers: true, every_call: true, soft_weight: 0.5, unlabelled_path: calls, cache_dir: cache, teachers: {" +
			"ner: {model: [ner, ner2], annealing: linear}, cls: {model: cls}}}",
	}, set...))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("calls", 0o777); err != nil {
		t.Fatal(err)
	}
	var calls strings.Builder
	for i := range 20 {
		fmt.Fprintf(&calls, "Hello, my name is Amina and I am %d years old, I call because of my uncle.\n", 8+i)
	}
	if err := os.WriteFile("calls/january.txt", []byte(calls.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return c
}

// Each call is taught for all tasks with a teacher whose labels it lacks, but for the
// texts that such a task holds out.
func TestEveryCallIsTaught(t *testing.T) {
	c := everyCall(t)
	first, err := Open(t.Context(), c, Options{Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := first.data.find("ner")
	held := string(s.records.Texts[s.split.Val[0].Record-1])
	first.Close()
	spaced := strings.ReplaceAll(held, " ", " \u00a0") // the same call, in other white space
	if err := os.WriteFile("calls/february.txt", []byte(spaced+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	var out, warnings strings.Builder
	r, err := Open(t.Context(), c, Options{Device: "cpu", Out: &out, Err: &warnings})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}

	for task, want := range map[string][]string{"ner": {"cls"}, "cls": {"ner"}, "qa": {"ner", "cls"}} {
		s, _ := r.data.find(task)
		if got := tasks.Names(s.train.Taught); !slices.Equal(got, want) || len(s.val.Taught) > 0 {
			t.Errorf("calls of %s are taught %v, want %v; those held out %v", task, got, want, tasks.Names(s.val.Taught))
		}
		for _, ex := range s.train.Examples {
			if err := ex.CheckTaught(s.train.Taught); err != nil || len(ex.Taught) != len(want) {
				t.Fatalf("%s: %d tasks are taught, error %v", task, len(ex.Taught), err)
			}
		}
	}
	u := r.data.unlabelled
	if len(u.texts) != 21 || len(u.train.Examples) != 21 || !slices.Equal(tasks.Names(u.train.Taught), []string{"ner", "cls"}) {
		t.Fatalf("%d unlabelled calls, %d examples, taught %v", len(u.texts), len(u.train.Examples), u.train.Taught)
	}
	for i, ex := range u.train.Examples {
		ofNER := ex.Taught[0]
		if skipped := ofNER == nil; skipped != (u.texts[i].Normalised() == datasets.Transcript(held).Normalised()) || ex.Taught[1] == nil {
			t.Errorf("call %d: left out by ner: %v; targets of cls %v", i+1, skipped, ex.Taught[1])
		}
		if ofNER != nil && len(ofNER[0].Rows) < 15 {
			t.Errorf("call %d has targets for %d words", i+1, len(ofNER[0].Rows))
		}
	}

	d := r.settings.Distill["ner"]
	if d.Alpha != 1 || d.Temperature != 1 || d.AnnealingRatio != 0.8 || d.SoftWeight != 0.5 || r.settings.Distill["cls"].AnnealingRatio != 0 {
		t.Errorf("settings %+v", r.settings.Distill)
	}
	evaluations := r.History().All
	parts := map[string]bool{}
	for _, part := range evaluations[0].Train.Parts {
		parts[part.Name] = part.Value > 0
	}
	for _, want := range []string{"taught_ner", "taught_cls", "soft_ner", "hard_cls", "alpha_ner"} {
		if !parts[want] {
			t.Errorf("no %s among %v", want, parts)
		}
	}
	if parts["taught_qa"] || len(evaluations[0].Val) != 3 {
		t.Errorf("parts %v, scores %v", parts, evaluations[0].Val)
	}
	all, err := r.fingerprint()
	if err != nil || !strings.HasSuffix(all[filePrefix+datasets.Unlabelled], ", 21 calls") || strings.Count(all[teacherPrefix+"ner"], ", ") != 1 {
		t.Errorf("fingerprint %v, error %v", all, err)
	}
	taughtByCLS := len(u.train.Examples)
	for _, other := range []string{"ner", "qa"} {
		s, _ := r.data.find(other)
		taughtByCLS += len(s.train.Examples)
	}
	for _, want := range []string{
		"Model 2 of 4: teacher of ner, 2 of 2, ner2", "Model 4 of 4: student", "unlabelled: 21 train",
		"the mean of 2 models, ner, ner2: speaks of", "its weight falls from 1 to 0 in 80% of the steps", fmt.Sprintf("Teacher of cls: also teaches %d calls without labels of the task", taughtByCLS),
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q isn't in\n%s", want, out.String())
		}
	}
	a, b := goldentest.Open(t, "ner/model.safetensors"), goldentest.Open(t, "ner2/model.safetensors")
	if slices.Equal(a.Float32s("ner_classifier.weight"), b.Float32s("ner_classifier.weight")) {
		t.Error("both models of the teacher have the same seed")
	}

	// The other commands say so too.
	for name, command := range map[string]func() error{
		"dry run":    func() error { return DryRun(t.Context(), c, Options{Device: "cpu", Out: &out}) },
		"check data": func() error { return CheckData(t.Context(), c, Options{Device: "cpu", Out: &out}) },
	} {
		out.Reset()
		if err := command(); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"Teacher of ner; its weight falls", "Every call is taught", "unlabelled", "2 of 4   teacher of ner, 2 of 2   ner2"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %q isn't in\n%s", name, want, out.String())
			}
		}
	}
}

// A stopped run goes on as if it hadn't been stopped; with other unlabelled calls it
// doesn't.
func TestEveryCallIsResumed(t *testing.T) {
	for _, mixed := range []string{"training.mix_tasks=false", "training.mix_tasks=true"} {
		t.Run(mixed, func(t *testing.T) {
			c := everyCall(t, mixed, "training.loss_weights=log_classes")
			fit := func(dir string, resume bool, out io.Writer, ctx *stopAt) (*trainer.History, error) {
				t.Helper()
				own := c
				own.Output.ModelDir = dir
				r, err := Open(t.Context(), own, Options{Device: "cpu", Out: out, Resume: resume})
				if err != nil {
					return nil, err
				}
				defer r.Close()
				if ctx != nil {
					err = r.Fit(ctx)
				} else {
					err = r.Fit(t.Context())
				}
				return r.History(), err
			}
			want, err := fit("whole", false, io.Discard, nil)
			if err != nil {
				t.Fatal(err)
			}
			ctx := &stopAt{t.Context(), "Epoch 2", context.Canceled, make(chan struct{})}
			if _, err := fit("parts", false, ctx, ctx); err == nil {
				t.Fatal("the run wasn't stopped")
			}
			if err := os.WriteFile("calls/march.txt", []byte("Hello, is this the helpline?\n"), 0o666); err != nil {
				t.Fatal(err)
			}
			if _, err := fit("parts", true, io.Discard, nil); err == nil || !strings.Contains(err.Error(), "the file of unlabelled was") {
				t.Errorf("with other unlabelled calls: error %v", err)
			}
			if err := os.Remove("calls/march.txt"); err != nil {
				t.Fatal(err)
			}
			got, err := fit("parts", true, io.Discard, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.All[1].Train.Loss != want.All[1].Train.Loss || got.All[1].Average != want.All[1].Average {
				t.Errorf("resumed %+v, uninterrupted %+v", got.All[1].Train, want.All[1].Train)
			}
			a, b := goldentest.Open(t, "whole/model.safetensors"), goldentest.Open(t, "parts/model.safetensors")
			for _, name := range a.Names() {
				if d := goldentest.Compare(a.Float32s(name), b.Float32s(name)).Max; !(d <= 1e-6) {
					t.Errorf("%s differs by %.1e", name, d)
				}
			}
		})
	}
}

func TestUnlabelledCallsAreRead(t *testing.T) {
	c := everyCall(t)
	r := &Run{config: c, options: Options{Device: "cpu"}.complete()}
	if err := r.prepare(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	tok := r.data.tokenizer
	// A file that is named twice is read once.
	twice := c
	twice.Distill.UnlabelledPath = config.Paths{"calls", "calls"}
	var warned strings.Builder
	if u, err := readUnlabelled(t.Context(), twice, tok, false, &warned); err != nil || u.digest != r.data.unlabelled.digest || !strings.Contains(warned.String(), "distill.unlabelled_path names calls/") || !strings.Contains(warned.String(), "it is read once") {
		t.Errorf("error %v, warning %q", err, warned.String())
	}
	c.Tokenizer.MaxLength, c.Tokenizer.Long = 16, config.LongTruncate // the call below has fewer tokens, the others more
	if err := os.WriteFile("calls/february.jsonl", []byte("{\"text\": \"Hello.\"}\n{\"text\": 7}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := readUnlabelled(t.Context(), c, tok, false, io.Discard); err == nil || !strings.Contains(err.Error(), "distill.unlabelled_path") || !strings.Contains(err.Error(), "february.jsonl") ||
		!strings.Contains(err.Error(), "--skip-bad-records") {
		t.Errorf("a bad call: error %v", err)
	}
	for truncate, want := range map[bool]string{true: "21 train; 20 too long, truncated; 1 left out, which can't be read", false: "1 train; 20 too long, left out; 1 left out, which can't be read"} {
		c.Tokenizer.Truncation = truncate
		u, err := readUnlabelled(t.Context(), c, tok, true, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if got := u.describe(truncate); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		for _, ex := range u.train.Examples {
			if len(ex.IDs) > 16 {
				t.Errorf("an example of %d tokens", len(ex.IDs))
			}
		}
	}
	windows := c
	windows.Tokenizer.Long, windows.Tokenizer.MaxTokens, windows.Tokenizer.Truncation = config.LongWindows, 18, true
	u, err := readUnlabelled(t.Context(), windows, tok, true, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := u.describe(true), "21 train; 20 of them in windows; 20 too long, truncated; 1 left out, which can't be read"; got != want || len(u.train.Examples[20].IDs) != 18 {
		t.Errorf("%q, want %q; %d tokens", got, want, len(u.train.Examples[20].IDs))
	}
	c.Distill.UnlabelledPath = config.Paths{"nowhere"}
	if _, err := readUnlabelled(t.Context(), c, tok, true, io.Discard); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("no calls: error %v", err)
	}
}
