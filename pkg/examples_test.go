package pkg_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The example programs are built and run as described in docs/library.md: in a module
// outside the clone, with its own workspace.
func TestExamplesOutsideTheClone(t *testing.T) {
	clone, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	command := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, out)
		}
		return string(out)
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(clone, "examples"))); err != nil {
		t.Fatal(err)
	}
	command("go", "mod", "edit", "-replace=github.com/trident-nlp/trident="+clone)
	command("go", "work", "init", ".", clone)
	command("bash", "-c", `grep ^replace "$0"/go.work >>go.work`, clone)

	command("go", "vet", "./...")
	if out := command("go", "run", "./train"); !strings.Contains(out, "Epoch 3/3") {
		t.Errorf("train printed %q", out)
	}
	out := command("go", "run", "./predict")
	for _, head := range []string{"main_category: ", "sub_category: ", "intervention: ", "priority: "} {
		if !strings.Contains(out, head) {
			t.Errorf("predict printed %q, without %q", out, head)
		}
	}
}
