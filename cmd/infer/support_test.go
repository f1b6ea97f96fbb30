package main

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

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
	var out, errs bytes.Buffer
	code := cli.Main("infer", help, &flags{}, args, cli.Streams{In: strings.NewReader(stdin), Out: &out, Err: &errs})
	return result{code, out.String(), errs.String()}
}

type writeFunc func(p []byte) (int, error)

func (f writeFunc) Write(p []byte) (int, error) { return f(p) }
