package tinymodel

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// Windows makes the model in dir one that learnt to read long calls in windows.
func Windows(t testing.TB, dir string, w datasets.Windows) {
	t.Helper()
	path := filepath.Join(dir, fusion.ConfigFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	trident, ok := config["trident"].(map[string]any)
	if !ok {
		t.Fatalf("%s: the model isn't Trident's", path)
	}
	trident["windows"] = w
	if data, err = json.Marshal(config); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}
