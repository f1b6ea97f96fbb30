package tracking

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// sourceCommit returns the git commit of the running program, or "" if it isn't known.
// go build records it. A program of go run has none: it is then that of the working
// directory, if that is in the program's own repository.
var sourceCommit = sync.OnceValue(func() string {
	build, known := debug.ReadBuildInfo()
	if !known {
		return ""
	}
	for _, setting := range build.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return commitOf(build.Main.Path)
})

// commitOf returns the commit of the working directory's repository, if its root is the
// module.
func commitOf(module string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel", "HEAD").Output()
	root, commit, found := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil || !found {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	first, _, _ := strings.Cut(string(text), "\n")
	if err != nil || first != "module "+module {
		return ""
	}
	return commit
}
