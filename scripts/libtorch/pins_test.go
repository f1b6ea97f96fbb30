package libtorch

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Whatever pip fetches for us has a version and a hash.
func TestEverythingIsPinned(t *testing.T) {
	pinned := regexp.MustCompile(`^[A-Za-z0-9._-]+==[A-Za-z0-9._+-]+( --hash=sha256:[0-9a-f]{64})+$`)
	for _, path := range []string{
		"cpu.txt", "cuda.txt", "../requirements.txt", "../requirements-build.txt", "../golden/requirements.txt",
		"../../bench/requirements.txt", "../../bench/requirements-serve.txt", "../../deploy/check/requirements.txt",
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := regexp.MustCompile(` *\\\n *`).ReplaceAllString(string(data), " ")
		packages := 0
		for line := range strings.Lines(lines) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			packages++
			if !pinned.MatchString(line) {
				t.Errorf("%s: %.80s is not pinned", path, line)
			}
		}
		if packages == 0 {
			t.Errorf("%s names no package", path)
		}
	}
}
