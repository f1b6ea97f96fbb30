package filetest

import (
	"os"
	"path/filepath"
	"testing"
)

// Python returns the interpreter that scripts/pyenv.sh made, or TRIDENT_PYTHON. Without
// one the test fails.
func Python(t testing.TB) string {
	t.Helper()
	path := os.Getenv("TRIDENT_PYTHON")
	if path == "" {
		path = filepath.Join("..", "..", ".venv", "bin", "python") // packages are two folders deep
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("no Python at %s: run scripts/pyenv.sh, or set TRIDENT_PYTHON", path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
