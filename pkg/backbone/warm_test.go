package backbone_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// A training starts from the encoder of a model that was trained before: the prototype's
// of three tasks and of one, and Hugging Face's token classifiers.
func TestEncodersOfTrainedModels(t *testing.T) {
	const models = "../fusion/testdata"
	for folder, want := range map[string]struct{ file, prefix string }{
		"prototype":                        {"model.pt", "backbone."},
		"folders/prototype-ner":            {"model.safetensors", "distilbert."},
		"folders/prototype-classification": {"model.safetensors", "distilbert."},
		"folders/prototype-qa":             {"pytorch_model.bin", "bert."},
		"folders/safetensors":              {"model.safetensors", "distilbert."},
		"folders/bert-as-published":        {"pytorch_model.bin", "bert."},
	} {
		dir := filepath.Join(models, folder)
		config, err := backbone.ReadDir(dir)
		if err != nil {
			t.Errorf("%s: %v", folder, err)
			continue
		}
		p := torchx.NewParams(gotch.CPU, true)
		t.Cleanup(p.Drop)
		if _, err := backbone.New(p, config); err != nil {
			t.Fatal(err)
		}
		if err := backbone.LoadPretrained(dir, "", p); err != nil {
			t.Errorf("%s: %v", folder, err)
			continue
		}
		file, err := weights.Open(filepath.Join(dir, want.file))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		const words = "embeddings.word_embeddings.weight"
		tensor, err := file.Tensor(want.prefix + words)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := p.Get(words)
		if data, err := torchx.Bytes(got); err != nil || !bytes.Equal(data, tensor.Data) {
			t.Errorf("%s: the words' vectors aren't those of %s (%v)", folder, want.file, err)
		}
	}
}

// The prototype's models of three tasks have no config.json.
func TestReadDirOfWeightsAlone(t *testing.T) {
	tensors := map[string]weights.Tensor{}
	add := func(name string, shape ...int64) {
		size := int64(4)
		for _, n := range shape {
			size *= n
		}
		tensors[name] = weights.Tensor{DType: weights.F32, Shape: shape, Data: make([]byte, size)}
	}
	add("backbone.embeddings.word_embeddings.weight", 7, 768)
	add("backbone.embeddings.position_embeddings.weight", 16, 768)
	add("backbone.transformer.layer.0.ffn.lin1.weight", 5, 768)
	add("backbone.transformer.layer.1.ffn.lin1.weight", 5, 768)
	add("qa_heads.opening.weight", 1, 768)
	dir := t.TempDir()
	writeWeights(t, dir, tensors)
	want := backbone.DistilBERTCased()
	want.VocabSize, want.MaxPositions, want.HiddenDim, want.Layers = 7, 16, 5, 2
	if got, err := backbone.ReadDir(dir); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	add("backbone.embeddings.word_embeddings.weight", 7, 16)
	writeWeights(t, dir, tensors)
	_, err := backbone.ReadDir(dir)
	expectError(t, "narrow", err, dir, "there is no config.json", "how many attention heads")

	bert := tensorsOf(t, "bert")
	writeWeights(t, dir, bert)
	_, err = backbone.ReadDir(dir)
	expectError(t, "BERT", err, dir, "there is no config.json, which a BERT needs")
	_, err = backbone.ReadDir(t.TempDir())
	expectError(t, "empty", err, "config.json", "no such file")
}

// A model whose files are being replaced one by one is read where it is whole.
func TestFindWhileFilesAreReplaced(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, ".trident", "new")
	if err := os.MkdirAll(whole, 0o777); err != nil {
		t.Fatal(err)
	}
	if got, err := backbone.Find(t.Context(), dir, "main", nil); err != nil || got != whole {
		t.Errorf("%q, %v; want %q", got, err, whole)
	}
}
