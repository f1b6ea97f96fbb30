package main

import (
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/goldentest"
)

// set are settings as arguments.
func set(settings ...string) (args []string) {
	for _, setting := range settings {
		args = append(args, "--set", setting)
	}
	return args
}

// Two processes balance, mix and sample the tasks as one does, so they learn what one
// learns: they measure the norms of the same gradients, clip the same sums, and learn the
// same weights of losses.
func TestRanksBalanceTasks(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"mixed, clipped per task, by norms": {"training.mix_tasks=true", "training.clip_per_task=true", "training.max_grad_norm=0.3", "training.loss_weights=auto"},
		"mixed, checkpointed, uncertain":    {"training.mix_tasks=true", "training.gradient_checkpointing=true", "training.loss_weights=uncertainty"},
		"annealed, by classes":              {"training.mix_tasks=false", "training.max_grad_norm=0", "training.sampling=annealed", "training.loss_weights=log_classes"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := quickDir(t)
			train := func(name string, size int, more ...string) goldentest.File {
				args := append(wholeRun(size), set(append(settings, "output.model_dir=models/"+name)...)...)
				p := start(t, dir, append(args, more...)...)
				if code, _ := p.end(); code != 0 || p.stderr.Len() > 0 {
					t.Fatalf("%s: exit code %d, stderr %q", name, code, p.stderr.String())
				}
				return goldentest.Open(t, filepath.Join(dir, "models", name, "model.safetensors"))
			}
			want, got := train("one", 16), train("two", 4, "--nproc", "2", "--set", "training.gradient_accumulation_steps=2")
			worst := 0.0
			for _, param := range want.Names() {
				d := goldentest.Compare(got.Float32s(param), want.Float32s(param)).Max
				if worst = max(worst, d); !(d <= rankLimit) {
					t.Errorf("%s differs by %.1e", param, d)
				}
			}
			t.Logf("weights differ by up to %.1e", worst)
		})
	}
}

// Two processes that are stopped within an epoch go on with the sampling and the weights of
// losses that they had.
func TestRanksResumeWithinAnEpoch(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"annealed, uncertain":         {"training.mix_tasks=false", "training.sampling=annealed", "training.loss_weights=uncertainty"},
		"mixed, compressed, by norms": {"training.mix_tasks=true", "training.gradient_compression=bf16", "training.loss_weights=auto"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append(wholeRun(4), set(append(settings, "backbone.dropout=0.1", "training.num_epochs=3", "training.early_stopping_patience=0")...)...)
			args = append(args, "--nproc", "2")
			whole, dir := quickDir(t), quickDir(t)
			p := start(t, whole, args...)
			if code, _ := p.end(); code != 0 {
				t.Fatalf("exit code %d, stderr %q", code, p.stderr.String())
			}
			within := 0
			for stop := range 2 {
				again, texts := args, []string{"Epoch 2/3"}
				if stop > 0 {
					again, texts = slices.Concat(args, []string{"--resume"}), []string{"Resuming after step ", "Epoch "}
				}
				p := start(t, dir, again...)
				p.waitForAll(texts...)
				p.signal(syscall.SIGTERM)
				if code, _ := p.end(); code != 143 {
					t.Fatalf("exit code %d, stderr %q", code, p.stderr.String())
				}
				if at := stateIn(t, dir).Progress; at.Step%at.PerEpoch != 0 {
					within++
				}
			}
			if within == 0 {
				t.Error("no stop was within an epoch")
			}
			p = start(t, dir, append(args, "--resume")...)
			if code, _ := p.end(); code != 0 {
				t.Fatalf("exit code %d, stderr %q", code, p.stderr.String())
			}
			sameModels(t, filepath.Join(dir, "models"), filepath.Join(whole, "models"), 1e-6, "quickstart")
			if d := furthest(t, figuresIn(t, dir), figuresIn(t, whole), "metrics.json"); !(d <= 1e-6) {
				t.Errorf("figures differ by %.1e", d)
			}
		})
	}
}

// Two processes learn whole calls as one does, which passes each batch through the model at
// once: what they pass at a time holds a window of a call at least.
func TestRanksReadWholeCalls(t *testing.T) {
	t.Parallel()
	dir := quickDir(t)
	train := func(name string, size int, more ...string) goldentest.File {
		args := append(wholeRun(size), set("tokenizer.long=windows", "tokenizer.max_length=48", "tokenizer.stride=12", "tokenizer.max_tokens=400",
			"training.mix_tasks=true", "output.model_dir=models/"+name)...)
		p := start(t, dir, append(args, more...)...)
		if code, _ := p.end(); code != 0 || p.stderr.Len() > 0 {
			t.Fatalf("%s: exit code %d, stderr %q", name, code, p.stderr.String())
		}
		mustContain(t, p.stdout.String(), "Long calls: windows of 48 tokens that share 12, up to 400 tokens of a call; at most ")
		return goldentest.Open(t, filepath.Join(dir, "models", name, "model.safetensors"))
	}
	want := train("one", 16, set("training.batch_tokens=100000")...)
	for name, got := range map[string]goldentest.File{
		"in passes": train("passes", 16, set("training.batch_tokens=96", "training.gradient_checkpointing=true")...),
		"two":       train("two", 4, append(set("training.batch_tokens=50", "training.gradient_accumulation_steps=2"), "--nproc", "2")...),
	} {
		worst := 0.0
		for _, param := range want.Names() {
			d := goldentest.Compare(got.Float32s(param), want.Float32s(param)).Max
			if worst = max(worst, d); !(d <= rankLimit) {
				t.Errorf("%s: %s differs by %.1e", name, param, d)
			}
		}
		t.Logf("%s: weights differ by up to %.1e", name, worst)
	}
}
