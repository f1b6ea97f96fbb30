package fusion

import (
	"cmp"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// bertEncoder is the folder of a small BERT that transformers wrote (scripts/golden/bert.py).
const bertEncoder = "../backbone/testdata/bert"

// bertModel is a model of these tasks over bertEncoder.
func bertModel(t *testing.T, list ...tasks.Task) *Model {
	t.Helper()
	config, err := backbone.ReadConfig(filepath.Join(bertEncoder, ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := torchx.Seed(2); err != nil {
		t.Fatal(err)
	}
	m, err := New(Architecture{Config: config, Tasks: list}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Drop)
	if err := backbone.LoadPretrained(bertEncoder, m.EncoderName+".", m.Params()); err != nil {
		t.Fatal(err)
	}
	return m
}

// A model over BERT is saved as one, and is the same when it is loaded. Its folders are
// read in Python by scripts/golden/bert.py verify.
func TestBERTSaved(t *testing.T) {
	labels := tasks.CaseLabels{Main: []string{"a", "b"}, Sub: []string{"c", "d"}, Intervention: []string{"e"}, Priority: []string{"1", "2"}}
	for name, tc := range map[string]struct {
		list  []tasks.Task
		class string
	}{
		"several": {[]tasks.Task{tasks.NER(tasks.NERLabels()), tasks.CLS(labels), tasks.QA()}, "AttentionFusionModel"},
		"ner":     {[]tasks.Task{tasks.SingleNER([]string{"O", "NAME", "AGE"})}, "BertForTokenClassification"},
		"cls":     {[]tasks.Task{tasks.SingleCLS(labels)}, "AttentionFusionModel"},
		"qa":      {[]tasks.Task{tasks.SingleQA()}, "AttentionFusionModel"},
	} {
		t.Run(name, func(t *testing.T) {
			m := bertModel(t, tc.list...)
			dir := filepath.Join(cmp.Or(*saveDir, t.TempDir()), name)
			save(t, dir, m, smallTokenizer(t))
			config := readJSON(t, filepath.Join(dir, ConfigFile))
			if config["model_type"] != "bert" || config["hidden_size"] != 16.0 || config["layer_norm_eps"] != 1e-3 || !reflect.DeepEqual(config["architectures"], []any{tc.class}) {
				t.Errorf("config.json says %v", config)
			}
			if class := readJSON(t, filepath.Join(dir, tokenize.ConfigFile))["tokenizer_class"]; class != "BertTokenizer" {
				t.Errorf("tokenizer_class is %v", class)
			}
			file, err := weights.Open(filepath.Join(dir, SafetensorsFile))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			for _, want := range []string{"bert.embeddings.token_type_embeddings.weight", "bert.encoder.layer.1.attention.self.query.weight", "bert.encoder.layer.0.output.LayerNorm.bias"} {
				if !slices.Contains(file.Names(), want) {
					t.Errorf("there is no %s in %v", want, file.Names())
				}
			}
			// The prototype's scripts read DistilBERT alone.
			for _, absent := range []string{weights.BinFile, LabelsFolder} {
				if _, err := os.Stat(filepath.Join(dir, absent)); err == nil {
					t.Errorf("there is a %s for the prototype", absent)
				}
			}
			back, _ := mustLoad(t, dir)
			expectSameModel(t, back, m)
		})
	}
}

// smallTokenizer has as many tokens as the small models of scripts/golden.
func smallTokenizer(t *testing.T) *tokenize.Tokenizer {
	t.Helper()
	tok, err := tokenize.Load("testdata/prototype")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// A saved model's encoder is one to train from, as a published one is.
func TestSavedBERTIsAnEncoder(t *testing.T) {
	m := bertModel(t, tasks.QA())
	dir := t.TempDir()
	save(t, dir, m, smallTokenizer(t))
	again := bertModel(t, tasks.SingleNER([]string{"O", "NAME"}))
	for _, p := range again.Params().All() {
		shape, err := p.Tensor.Size()
		if err != nil {
			t.Fatal(err)
		}
		size := 4
		for _, n := range shape {
			size *= int(n)
		}
		if err := torchx.SetBytes(p.Tensor, make([]byte, size), gotch.Float, shape); err != nil {
			t.Fatal(err)
		}
	}
	if err := backbone.LoadPretrained(dir, "bert.", again.Params()); err != nil {
		t.Fatal(err)
	}
	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	tokens := tokensOf(taskBatch(""))
	if got, want := s.ReadFloat32(again.encoder.Forward(s, tokens)), s.ReadFloat32(m.encoder.Forward(s, tokens)); len(got) == 0 || !slices.Equal(got, want) {
		t.Errorf("hidden states %v, %v; want %v", got, s.Err(), want)
	}
}

// What isn't a token classifier is refused, though it has tensors of the same names.
func TestBERTFoldersRefused(t *testing.T) {
	for text, want := range map[string]string{
		`"architectures": ["BertForSequenceClassification"]`:    "config.json says that it holds a BertForSequenceClassification; of Hugging Face's classes only BertForTokenClassification is read",
		`"architectures": null`:                                 `write "architectures": ["BertForTokenClassification"] to it`,
		`"architectures": ["DistilBertForTokenClassification"]`: "says that it holds a DistilBertForTokenClassification",
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(folders, "bert-as-published"))); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, ConfigFile)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		const was = "\"architectures\": [\n  \"BertForTokenClassification\"\n ]"
		if !strings.Contains(string(data), was) {
			t.Fatal("config.json has no architectures")
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(data), was, text, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		_, _, err = Load(dir, gotch.CPU)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Load(dir, gotch.CPU); err == nil || !strings.Contains(err.Error(), "there is no config.json") {
			t.Errorf("without config.json: %v", err)
		}
	}
}

// Old checkpoints don't name their model type.
func TestBERTWithoutModelType(t *testing.T) {
	const name = "bert-as-published"
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(folders, name))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ConfigFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const said = `"model_type": "bert",`
	if !strings.Contains(string(data), said) {
		t.Fatal("config.json has no model_type")
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), said, "", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	m, _ := mustLoad(t, dir)
	expectFolderLogits(t, m, name)
}

// The linear layers of BERT are computed in the reduced precisions too, with each of its
// activations.
func TestBERTPrecisions(t *testing.T) {
	for _, activation := range []string{"gelu", "gelu_new", "relu"} {
		m := bertModel(t, tasks.NER(tasks.NERLabels()))
		config := m.Config
		config.Activation = activation
		other, err := New(Architecture{Config: config, Tasks: m.Tasks}, gotch.CPU)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(other.Drop)
		if err := backbone.LoadPretrained(bertEncoder, "bert.", other.Params()); err != nil {
			t.Fatal(err)
		}
		hidden := func(precision torchx.Precision) []float32 {
			s, err := other.Inference(precision)
			if err != nil {
				t.Fatal(err)
			}
			states, _ := other.Hidden(s, taskBatch(""))
			out := s.ReadFloat32(states)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return out
		}
		want := hidden(torchx.FP32)
		for _, precision := range []torchx.Precision{torchx.BF16, torchx.INT8} {
			// States are of size 1; the weights are large, so that rounding shows.
			d := goldentest.Compare(hidden(precision), want)
			t.Logf("%s, %s: mean %.1e, max %.1e", activation, precision, d.Mean, d.Max)
			if d.Mean == 0 || d.Mean > 0.05 {
				t.Errorf("%s, %s: hidden states differ by %.1e in the mean", activation, precision, d.Mean)
			}
		}
	}
}
