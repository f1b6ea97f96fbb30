package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/disktest"
)

// trainsInVain trains where saving fails: one line says so, and the model of the run
// before stays whole, in its place or in that of an earlier model.
func trainsInVain(t *testing.T, want string, args ...string) {
	t.Helper()
	before, err := os.ReadFile("models/quickstart/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	code, _, stderr := command(append(slices.Clone(tiny), append(args, "--set", "training.seed=7")...)...)
	if code != 1 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d, stderr %q; want 1 and one line", code, stderr)
	}
	mustContain(t, stderr, want, "models/quickstart")
	whole := 0
	for _, dir := range []string{"models/quickstart", "models/quickstart.previous"} {
		if after, err := os.ReadFile(filepath.Join(dir, "model.safetensors")); err == nil && bytes.Equal(after, before) {
			whole++
		}
	}
	if whole != 1 {
		t.Errorf("the earlier model is there %d times", whole)
	}
	if left, err := filepath.Glob("models/.*tmp-*/*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDiskFullWhileSaving(t *testing.T) { disktest.Alone(t, func() { diskFullWhileSaving(t) }) }

func diskFullWhileSaving(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("MLFLOW_TRACKING_URI", "")
	mustRun(t, tiny...)
	info, err := os.Stat("models/quickstart/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	disktest.WithFileLimit(t, uint64(info.Size())-1, func() { trainsInVain(t, "file too large") })
}

func TestUnwritableModels(t *testing.T) {
	dir := disktest.Folder(t)
	t.Chdir(dir)
	mustRun(t, append(slices.Clone(tiny), "--set", "mlflow.enabled=false")...)
	if err := os.Chmod("models", 0o555); err != nil {
		t.Fatal(err)
	}
	disktest.WithoutRoot(t, func() { trainsInVain(t, "permission denied", "--set", "mlflow.enabled=false") })
	if err := os.Chmod("models", 0o755); err != nil {
		t.Fatal(err)
	}
}
