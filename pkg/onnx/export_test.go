package onnx

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/datasets"
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

// What belonged to an earlier graph alone is removed; what is no graph's is left.
func TestExportOverAnother(t *testing.T) {
	model, dir := tinymodel.Dir(t, 1), filepath.Join(t.TempDir(), "out")
	whole := tinymodel.Dir(t, 1)
	tinymodel.Windows(t, whole, datasets.Windows{Length: 8, Overlap: 2})
	for _, output := range []string{dir, filepath.Join(dir, GraphFile)} {
		w, err := Export(t.Context(), whole, output, Options{})
		if err != nil || len(w.Files) != 2 || filepath.Base(w.Files[1]) != HeadsFile || !slices.Contains(w.Outputs, HiddenOutput) {
			t.Fatalf("%v, %v", w, err)
		}
		for _, name := range []string{"model.onnx_data", "mine.onnx_data"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Export(t.Context(), model, output, Options{}); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]bool{GraphFile: true, "model.onnx_data": false, HeadsFile: false, "mine.onnx_data": true} {
			if exists(filepath.Join(dir, name)) != want {
				t.Errorf("%s: %s is there: %v", output, name, !want)
			}
		}
	}
}

func TestExportRefused(t *testing.T) {
	model := tinymodel.Dir(t, 1)
	out := filepath.Join(t.TempDir(), "model.onnx")
	other, described, again := tinymodel.Dir(t, 2), t.TempDir(), t.TempDir()
	pipe, pipeFolder := filepath.Join(described, "pipe.onnx"), filepath.Join(described, "pipe")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o666), syscall.Mkfifo(pipeFolder, 0o666)); err != nil {
		t.Fatal(err)
	}
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
		"a pipe":          {model, pipe, Options{}, "must be a file"},
		"no folder":       {model, pipeFolder, Options{}, "is no folder"},
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
