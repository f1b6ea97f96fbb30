package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// A damaged, swapped or foreign model is one line that names the file and what to
// do about it. pkg/fusion has more of them.
func TestDamagedModels(t *testing.T) {
	model := modelDir(t, testTasks())
	ner := modelDir(t, testTasks()[:1])
	cases := testTasks()
	cases[1] = tasks.CLS(tasks.CaseLabels{Main: []string{"One", "Two", "Three"}, Sub: []string{"A"}, Intervention: []string{"B"}, Priority: []string{"1"}})
	others := modelDir(t, cases)
	read := func(dir, name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	half := func(name string) []byte { data := read(model, name); return data[:len(data)/2] }
	bigger := strings.Replace(string(read(model, tokenize.VocabFile)), "Hello", "Hallo\nHello", 1)
	for name, test := range map[string]struct {
		file    string
		content []byte
		want    []string
	}{
		"truncated weights":        {fusion.SafetensorsFile, half(fusion.SafetensorsFile), []string{"cut short", "get it again"}},
		"truncated model.pt":       {fusion.PTFile, half(fusion.PTFile), []string{"cut short", "get it again"}},
		"random bytes":             {fusion.SafetensorsFile, []byte(strings.Repeat("\x93\x01", 999)), []string{"neither safetensors nor a PyTorch file", "get it again"}},
		"swapped weights":          {fusion.SafetensorsFile, read(ner, fusion.SafetensorsFile), []string{"tensors are missing", "copy the whole folder again"}},
		"label maps of others":     {fusion.LabelMapsFile, read(others, fusion.LabelMapsFile), []string{"model.safetensors isn't of the model", "shape [2 16], want [3 16]", "copy the whole folder again"}},
		"half label maps":          {fusion.LabelMapsFile, half(fusion.LabelMapsFile), []string{"copy the whole folder again"}},
		"half a configuration":     {fusion.ConfigFile, half(fusion.ConfigFile), []string{"copy it again"}},
		"half a tokenizer":         {tokenize.TokenizerFile, half(tokenize.TokenizerFile), []string{"copy it again"}},
		"a vocabulary of one more": {tokenize.VocabFile, []byte(bigger), []string{"the vocabulary has 24 entries, the weights only 23", "copy the whole folder again"}},
		"half a vocabulary":        {tokenize.VocabFile, half(tokenize.VocabFile), []string{"the vocabulary", "model.safetensors was trained with", "copy the whole folder again"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(model)); err != nil {
				t.Fatal(err)
			}
			for file, instead := range map[string]string{fusion.SafetensorsFile: fusion.PTFile, tokenize.TokenizerFile: tokenize.VocabFile} {
				if test.file == instead { // what would be read in its place
					if err := os.Remove(filepath.Join(dir, file)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := os.WriteFile(filepath.Join(dir, test.file), test.content, 0o666); err != nil {
				t.Fatal(err)
			}
			got := infer("", "--model", dir, "--text", "Hello")
			if got.code != cli.Failure || got.out != "" || strings.Count(got.err, "\n") != 1 {
				t.Errorf("code %d, output %q, standard error %q; want 1 and one line", got.code, got.out, got.err)
			}
			for _, want := range append(test.want, dir, test.file) {
				if !strings.Contains(got.err, want) {
					t.Errorf("standard error %q doesn't say %q", got.err, want)
				}
			}
		})
	}
}
