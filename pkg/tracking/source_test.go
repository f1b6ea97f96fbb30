package tracking

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestCommit: the commit is that of the program's repository, not of any in which it runs.
func TestCommit(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("go.mod", []byte("module example.org/m\n\ngo 1.26\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := commitOf("example.org/m"); got != "" {
		t.Errorf("without a repository: %q", got)
	}
	var head string
	for _, args := range []string{"init -q", "add go.mod", "-c user.name=a -c user.email=a@example.org commit -qm x", "rev-parse HEAD"} {
		out, err := exec.CommandContext(t.Context(), "git", strings.Fields(args)...).Output()
		if err != nil {
			t.Fatalf("git %s: %v", args, err)
		}
		head = strings.TrimSpace(string(out))
	}
	if got := commitOf("example.org/m"); got != head {
		t.Errorf("%q, want %q", got, head)
	}
	if got := commitOf("example.org/other"); got != "" {
		t.Errorf("in another program's repository: %q", got)
	}
}
