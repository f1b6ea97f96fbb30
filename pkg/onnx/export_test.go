package onnx

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
)

func TestExport(t *testing.T) {
	model := tinymodel.Dir(t, 1)
	out := t.TempDir()
	hash, err := fusion.HashDir(model)
	if err != nil {
		t.Fatal(err)
	}
	for output, want := range map[string][]string{
		"file/own.onnx": {"own.onnx"},
		"folder":        {"config.json", "label_maps.json", "model.onnx", "tokenizer.json", "tokenizer_config.json", "vocab.txt"},
	} {
		path := filepath.Join(out, output)
		w, err := Export(t.Context(), model, path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(filepath.Dir(w.Files[0]))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: files %q, want %q", output, names, want)
		}
		data, err := os.ReadFile(w.Files[0])
		if err != nil || int64(len(data)) != w.Bytes || !strings.Contains(string(data), hash) {
			t.Errorf("%s has %d bytes, want %d, and the model's hash (%v)", w.Files[0], len(data), w.Bytes, err)
		}
		if w.Outputs[0] != "ner.ner" || len(w.Outputs) != 12 {
			t.Errorf("outputs %q", w.Outputs)
		}
	}
}

func TestExportRefused(t *testing.T) {
	model := tinymodel.Dir(t, 1)
	out := filepath.Join(t.TempDir(), "model.onnx")
	other, described, again := tinymodel.Dir(t, 2), t.TempDir(), t.TempDir()
	for _, file := range []string{filepath.Join(described, "config.json"), filepath.Join(again, "config.json"), filepath.Join(again, GraphFile)} {
		if err := os.WriteFile(file, []byte("{}"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Export(t.Context(), model, again, Options{}); err != nil {
		t.Errorf("an earlier export isn't replaced: %v", err)
	}
	for name, tc := range map[string]struct {
		model, output string
		options       Options
		want          string
	}{
		"no model":        {t.TempDir(), out, Options{}, "export"},
		"its own folder":  {model, model + "/.", Options{}, "model's own folder"},
		"another model":   {model, other, Options{}, "folder of another model, with model.safetensors"},
		"other files":     {model, described, Options{}, "no earlier export but a config.json"},
		"no path":         {model, "", Options{}, `output is ""`},
		"standard output": {model, "-", Options{}, `output is "-"`},
		"bf16":            {model, out, Options{Precision: nn.BF16}, `precision "bf16"`},
	} {
		if _, err := Export(t.Context(), tc.model, tc.output, tc.options); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("there is a file nevertheless")
	}
}
