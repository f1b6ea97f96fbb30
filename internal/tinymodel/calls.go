package tinymodel

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// CallsFile writes n synthetic calls of different lengths to a JSON Lines file.
func CallsFile(t testing.TB, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"id\":%d,\"text\":\"Hello%s\"}\n", i, strings.Repeat(" my son was beaten in Kisumu", i%5))
	}
	path := filepath.Join(t.TempDir(), "calls.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
