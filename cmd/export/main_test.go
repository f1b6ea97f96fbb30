package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/datasets"
)

func TestExport(t *testing.T) {
	model, output := tinymodel.Dir(t, 1), filepath.Join(t.TempDir(), "small.onnx")
	var out, log bytes.Buffer
	if code := run([]string{"--model", model, "--output", output, "--precision", "int8"}, cli.Streams{Out: &out, Err: &log}); code != 0 {
		t.Fatalf("exit code %d: %s", code, log.String())
	}
	for _, want := range []string{output, "MB, int8", "input_ids, attention_mask", "ner.ner, cls.main"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "windows") {
		t.Errorf("windows in %s", out.String())
	}
	tinymodel.Windows(t, model, datasets.Windows{Length: 8, Overlap: 2})
	if code := run([]string{"--model", model, "--output", output}, cli.Streams{Out: &out, Err: &log}); code != 0 || !strings.Contains(out.String(), "in windows of 8 tokens, and the graph reads one window; small_heads.onnx answers") {
		t.Errorf("exit code %d: %s, %s", code, out.String(), log.String())
	}
	if code := run([]string{"--model", model, "--output", model}, cli.Streams{Out: &out, Err: &log}); code != cli.Failure || !strings.Contains(log.String(), "own folder") {
		t.Errorf("exit code %d: %s", code, log.String())
	}
}
