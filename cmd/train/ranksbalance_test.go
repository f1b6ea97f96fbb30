package main

import (
	"path/filepath"
	"testing"

	"github.com/trident-nlp/trident/internal/goldentest"
)

// Two processes measure the norms of the gradients that one measures, in steps of all
// tasks, so they learn what one learns.
func TestRanksWithMixedTasks(t *testing.T) {
	t.Parallel()
	dir := quickDir(t)
	train := func(name string, size int, more ...string) goldentest.File {
		args := wholeRun(size)
		for _, setting := range []string{"training.mix_tasks=true", "training.loss_weights=auto", "output.model_dir=models/" + name} {
			args = append(args, "--set", setting)
		}
		p := start(t, dir, append(args, more...)...)
		if code, _ := p.end(); code != 0 || p.stderr.Len() > 0 {
			t.Fatalf("%s: exit code %d, stderr %q", name, code, p.stderr.String())
		}
		return goldentest.Open(t, filepath.Join(dir, "models", name, "model.safetensors"))
	}
	want, got := train("one", 16), train("two", 4, "--nproc", "2", "--set", "training.gradient_accumulation_steps=2")
	for _, param := range want.Names() {
		if d := goldentest.Compare(got.Float32s(param), want.Float32s(param)).Max; !(d <= rankLimit) {
			t.Errorf("%s differs by %.1e", param, d)
		}
	}
}
