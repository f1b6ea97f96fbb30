package main

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares got with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -update rewrites it); got:\n%s", path, got)
	}
}

// testTasks are the test model's.
var testTasks = tinymodel.BuiltIn

// testLimit is how many tokens the test's model reads.
const testLimit = 32

// modelDir saves a tiny model with large weights, the same every time.
func modelDir(t *testing.T, list []tasks.Task) string {
	t.Helper()
	return modelDirOf(t, fusion.EncoderName, list)
}

// modelDirOf is modelDir with another name of the encoder's parameters.
func modelDirOf(t *testing.T, encoder string, list []tasks.Task) string {
	t.Helper()
	vocab := strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] Hello my name is Mwa ##kam ##ba from Ki ##su ##mu son he was beaten . , ?")
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tinymodel.Save(t, tok, rand.New(rand.NewPCG(3, 3)), 0.5, fusion.Architecture{Tasks: list, EncoderName: encoder, Config: backbone.Config{
		VocabSize: int64(len(vocab)), MaxPositions: testLimit, Dim: 16, Layers: 1, Heads: 2, HiddenDim: 16,
		Activation: "gelu", InitRange: 0.02, ModelType: "distilbert",
	}})
}

// result is what a run of the command left.
type result struct {
	code     int
	out, err string
}

// infer runs the command on a standard input.
func infer(stdin string, args ...string) result {
	var out, errors bytes.Buffer
	code := cli.Main("infer", help, &flags{}, args, cli.Streams{In: strings.NewReader(stdin), Out: &out, Err: &errors})
	return result{code, out.String(), errors.String()}
}

// fake predicts that each text's first four characters are a name, and notes
// how many texts it was given at once.
type fake struct {
	list  []tasks.Task
	sizes []int
	err   error
}

func (f *fake) Tasks() []tasks.Task { return f.list }
func (f *fake) MaxLength() int      { return 512 }

func (f *fake) Predict(_ context.Context, texts []datasets.Transcript, o fusion.PredictOptions) ([]fusion.Prediction, error) {
	f.sizes = append(f.sizes, len(texts))
	var list []fusion.Prediction
	for _, text := range texts {
		first := string([]rune(string(text))[:4])
		list = append(list, fusion.Prediction{NER: []fusion.Token{{Text: first, Label: "NAME", Start: 0, End: 4}}})
	}
	o.Progress(len(texts), len(texts))
	return list, f.err
}
