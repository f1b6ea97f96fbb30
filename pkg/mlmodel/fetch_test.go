package mlmodel

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/fusion"
)

func TestWanted(t *testing.T) {
	for name, test := range map[string]struct{ files, want []string }{
		"twice": {[]string{"MLmodel", "model.pt", "model.safetensors", "onnx/model.onnx", "code/x.py"}, []string{"MLmodel", "model.safetensors", "code/x.py"}},
		"once":  {[]string{"model.pt", "config.json"}, []string{"model.pt", "config.json"}},
	} {
		if got := wanted(test.files); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// TestCheck: a fetched model must have the hash that was logged.
func TestCheck(t *testing.T) {
	dir := tinymodel.Dir(t, 1)
	if err := check(dir); err != nil {
		t.Errorf("without a description: %v", err)
	}
	hash, err := fusion.HashDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	describe := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, MLmodelFile), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	describe("metadata:\n  model_hash: " + hash + "\nrun_id: 0a\nmodel_id: m-1\n")
	if err := check(dir); err != nil {
		t.Error(err)
	}
	if got, run, err := Origin(dir); got != hash || run != "0a" || err != nil {
		t.Errorf("origin %s, %s, %v", got, run, err)
	}
	describe("metadata: null\n")
	if err := check(dir); err != nil {
		t.Errorf("another program's description: %v", err)
	}
	describe("metadata:\n  model_hash: " + strings.Repeat("0", len(hash)) + "\n")
	if err := check(dir); !errors.Is(err, ErrChanged) {
		t.Errorf("a changed model: %v", err)
	}
	describe("\t")
	if err := check(dir); err == nil {
		t.Error("a damaged description")
	}
}

// TestDir: a folder is itself.
func TestDir(t *testing.T) {
	if dir, err := Dir(t.Context(), "models/quickstart", "", nil); dir != "models/quickstart" || err != nil {
		t.Errorf("%s, %v", dir, err)
	}
}
