package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// overBERT are settings of a short run that starts from a small BERT in the folder dir,
// which it makes; its tokenizer is that of the model in modelDir.
func overBERT(t *testing.T, dir, modelDir string, more ...string) []string {
	t.Helper()
	tok, err := tokenize.Load(modelDir)
	if err != nil {
		t.Fatal(err)
	}
	if err := torchx.Seed(3); err != nil {
		t.Fatal(err)
	}
	config := backbone.BERTUncased()
	config.VocabSize, config.Dim, config.Layers, config.Heads, config.HiddenDim = int64(tok.VocabSize()), 52, 1, 2, 64
	m, err := fusion.New(fusion.Architecture{Config: config, Tasks: []tasks.Task{tasks.QA()}}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	maps, err := m.LabelMaps()
	if err != nil {
		t.Fatal(err)
	}
	if err := fusion.Save(filepath.Join(dir, "pretrained"), m, tok, fusion.Files{fusion.LabelMapsFile: maps}); err != nil {
		t.Fatal(err)
	}
	return with(append([]string{"backbone.init=pretrained", "backbone.model_name=pretrained", "backbone.dropout=0.1", "mlflow.enabled=false"}, more...)...)
}

// A run over BERT makes a model of BERT's; continues where it was stopped, to the bit; and
// is the same in two processes.
func TestTrainOverBERT(t *testing.T) {
	dir := quickDir(t)
	t.Chdir(dir)
	mustRun(t, into("first")...)
	args := overBERT(t, dir, "first", "output.model_dir=whole", "training.num_epochs=4", "training.early_stopping_patience=0")
	mustContain(t, mustRun(t, args...), "Epoch 4/4", "Use it:")
	m, _, err := fusion.Load("whole", gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	m.Drop()
	if m.Config.ModelType != backbone.BERT || m.EncoderName != "bert" || m.Config.Dropout != 0.1 {
		t.Errorf("it is a %+v of encoder %s", m.Config, m.EncoderName)
	}
	card, err := os.ReadFile("whole/README.md")
	if err != nil {
		t.Fatal(err)
	}
	mustContain(t, string(card), "over one BERT encoder")

	args = overBERT(t, dir, "first", "output.model_dir=stopped", "training.num_epochs=4", "training.early_stopping_patience=0")
	p := start(t, ".", args...)
	p.waitFor("[Checkpoint saved]")
	p.signal(syscall.SIGTERM)
	if code, _ := p.end(); code != 143 {
		t.Fatalf("exit code %d, stderr %q", code, p.stderr.String())
	}
	if err := errors.Join(os.Rename("pretrained", "aside"), os.CopyFS("pretrained", os.DirFS("first"))); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := command(append(args, "--resume")...); code != 1 || !strings.Contains(stderr, `the encoder's model type was "bert", is "distilbert"`) {
		t.Errorf("over a DistilBERT: exit code %d, stderr %q", code, stderr)
	}
	if err := errors.Join(os.RemoveAll("pretrained"), os.Rename("aside", "pretrained")); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("pretrained/config.json")
	if err != nil {
		t.Fatal(err)
	}
	relu := strings.Replace(string(config), `"gelu"`, `"relu"`, 1)
	if err := os.WriteFile("pretrained/config.json", []byte(relu), 0o666); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := command(append(args, "--resume")...); code != 1 || !strings.Contains(stderr, `the encoder's configuration was "2 heads, gelu,`) {
		t.Errorf("with another activation: exit code %d, stderr %q", code, stderr)
	}
	if err := os.WriteFile("pretrained/config.json", config, 0o666); err != nil {
		t.Fatal(err)
	}
	mustContain(t, mustRun(t, append(args, "--resume")...), "Epoch 4/4")
	if !sameFile(t, "whole/model.safetensors", "stopped/model.safetensors") {
		t.Error("the resumed run's weights differ from those of the one that wasn't stopped")
	}

	want := overBERT(t, dir, "first", "output.model_dir=alone", "backbone.dropout=0", "training.batch_size=8")
	mustRun(t, want...)
	ranks := overBERT(t, dir, "first", "output.model_dir=ranks", "backbone.dropout=0", "training.batch_size=4")
	if code, _ := start(t, ".", append(ranks, "--nproc", "2")...).end(); code != 0 {
		t.Fatalf("two processes end with code %d", code)
	}
	alone, both := goldentest.Open(t, "alone/model.safetensors"), goldentest.Open(t, "ranks/model.safetensors")
	for _, name := range alone.Names() {
		if d := goldentest.Compare(both.Float32s(name), alone.Float32s(name)).Max; !(d <= rankLimit) {
			t.Errorf("%s differs by %.1e in two processes", name, d)
		}
	}
}

// A DistilBERT learns from a BERT, its hidden states too where they are as wide, and the
// other way round.
func TestDistilBetweenModelTypes(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	mustRun(t, into("small")...)
	bert := overBERT(t, dir, "small", "output.model_dir=large")
	mustRun(t, bert...)
	wide := "backbone.size={dim: 52, layers: 1, heads: 2, hidden_dim: 32}"
	for name, args := range map[string][]string{
		"DistilBERT from BERT": into("student", wide, "distill.teachers={ner: {model: ./large, hidden_weight: 1}, cls: {model: ./large}}"),
		"BERT from DistilBERT": append(bert, "--set", "output.model_dir=other", "--set", "distill.teachers={qa: {model: ./small}}"),
	} {
		stdout := mustRun(t, append(args, "--set", "task=distill", "--set", "distill.cache_dir=cache")...)
		if strings.Count(stdout, "Teacher of ") == 0 || !strings.Contains(stdout, "speaks of 100.0% of the labels") {
			t.Errorf("%s: no teacher in\n%s", name, stdout)
		}
	}
	for dir, want := range map[string]string{"student": backbone.DistilBERT, "other": backbone.BERT} {
		m, _, err := fusion.Load(dir, gotch.CPU)
		if err != nil {
			t.Error(err)
			continue
		}
		if m.Config.ModelType != want {
			t.Errorf("%s is a %s", dir, m.Config.ModelType)
		}
		m.Drop()
	}
}
