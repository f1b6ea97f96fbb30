package backbone_test

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// Keys are read as BertConfig of transformers 5.23 reads them, and what would be computed
// otherwise is refused by its name.
func TestReadBERTConfig(t *testing.T) {
	read := func(text string) (backbone.Config, error) {
		path := filepath.Join(t.TempDir(), "config.json")
		write(t, path, []byte(`{"model_type": "bert", `+text+`}`))
		return backbone.ReadConfig(path)
	}
	if got, err := read(`"use_cache": true`); err != nil || got != backbone.BERTUncased() {
		t.Errorf("defaults: %+v, %v; want %+v", got, err, backbone.BERTUncased())
	}
	got, err := read(`"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536,
		"hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.3, "hidden_act": "gelu_new", "initializer_range": 0.01,
		"layer_norm_eps": 1e-7, "type_vocab_size": 1, "pad_token_id": 5, "vocab_size": 119547, "max_position_embeddings": 128,
		"position_embedding_type": "absolute", "dim": 9, "n_layers": 9, "activation": "swish"`)
	want := backbone.Config{
		ModelType: backbone.BERT, VocabSize: 119547, MaxPositions: 128, TypeVocabSize: 1, Dim: 384, Layers: 6, Heads: 12, HiddenDim: 1536,
		Dropout: 0.2, AttentionDropout: 0.3, Activation: "gelu_new", InitRange: 0.01, LayerNormEps: 1e-7, PadID: 5,
	}
	if err != nil || got != want {
		t.Errorf("all keys: %+v, %v; want %+v", got, err, want)
	}
	path := filepath.Join(t.TempDir(), "config.json")
	write(t, path, []byte(`{"hidden_size": 312, "num_hidden_layers": 4, "num_attention_heads": 12, "intermediate_size": 1200, "type_vocab_size": 2}`))
	if got, err := backbone.ReadConfig(path); err != nil || got.ModelType != backbone.BERT || got.Dim != 312 || got.Layers != 4 {
		t.Errorf("an old checkpoint, without model_type: %+v, %v", got, err)
	}
	write(t, path, []byte(`{"hidden_size": 312, "num_hidden_layers": 4, "num_attention_heads": 12, "intermediate_size": 1200}`))
	_, err = backbone.ReadConfig(path)
	expectError(t, "nothing says that it is BERT", err, "config.json", `set model_type to "bert"`)
	for text, want := range map[string]string{
		`"layer_norm_eps": "1e-12"`:                       "layer_norm_eps is a string; want a number",
		`"position_embedding_type": "relative_key_query"`: `position_embedding_type is "relative_key_query"; only absolute is supported`,
		`"hidden_act": "swish"`:                           `hidden_act "swish"; only gelu, gelu_new, relu are supported`,
		`"is_decoder": true`:                              "is_decoder is true",
		`"add_cross_attention": true`:                     "add_cross_attention is true",
		`"layer_norm_eps": 0`:                             "layer_norm_eps is 0",
		`"layer_norm_eps": -1e-12`:                        "layer_norm_eps is -1e-12",
		`"layer_norm_eps": 1`:                             "layer_norm_eps is 1",
		`"type_vocab_size": 0`:                            "type_vocab_size is 0",
		`"type_vocab_size": null`:                         "type_vocab_size is null",
		`"hidden_size": null`:                             "hidden_size is null",
		`"num_hidden_layers": 2.5`:                        "num_hidden_layers is 2.5; want a whole number",
		`"num_hidden_layers": 0`:                          "num_hidden_layers is 0",
		`"hidden_size": 384, "num_attention_heads": 10`:   "hidden_size 384 isn't a multiple of num_attention_heads 10",
		`"intermediate_size": -1`:                         "intermediate_size is -1",
		`"hidden_dropout_prob": 1`:                        "hidden_dropout_prob 1",
		`"pad_token_id": 30522`:                           "pad_token_id 30522 is outside the vocabulary of 30522",
	} {
		_, err := read(text)
		expectError(t, text, err, "config.json", want)
	}
}

// bert returns testdata/bert's weights by name.
func bert(t *testing.T) map[string]weights.Tensor {
	t.Helper()
	return tensorsOf(t, "bert")
}

// What published BERTs have beside the encoder is passed over; anything else is refused.
func TestLoadPretrainedBERT(t *testing.T) {
	encoder, _ := load(t, "bert")
	want := hidden(t, encoder, []int64{2, 5, 7}, nil, 1, 3)
	one := weights.Tensor{DType: weights.F32, Shape: []int64{3}, Data: make([]byte, 12)}
	loaded := func(change func(map[string]weights.Tensor)) ([]float32, error) {
		dir, tensors := t.TempDir(), bert(t)
		change(tensors)
		writeWeights(t, dir, tensors)
		p := torchx.NewParams(gotch.CPU, true)
		t.Cleanup(p.Drop)
		e, err := backbone.New(p.Sub("bert"), encoder.Config)
		if err != nil {
			t.Fatal(err)
		}
		if err := backbone.LoadPretrained(dir, "bert.", p); err != nil {
			return nil, err
		}
		return hidden(t, e, []int64{2, 5, 7}, nil, 1, 3), nil
	}
	prefix := func(with string, heads ...string) func(map[string]weights.Tensor) {
		return func(tensors map[string]weights.Tensor) {
			if with != "" {
				for name, tensor := range bert(t) {
					delete(tensors, name)
					tensors[with+name] = tensor
				}
			}
			for _, name := range heads {
				tensors[name] = one
			}
		}
	}
	for name, change := range map[string]func(map[string]weights.Tensor){
		"sentence-transformers":  prefix("", "embeddings.position_ids"),
		"without the pooler":     func(tensors map[string]weights.Tensor) { delete(tensors, "pooler.dense.weight") },
		"pretraining":            prefix("bert.", "cls.predictions.bias", "cls.predictions.transform.dense.weight", "cls.seq_relationship.weight"),
		"pretraining, no prefix": prefix("", "cls.predictions.bias", "cls.seq_relationship.weight"),
		"classifier":             prefix("bert.", "classifier.weight", "classifier.bias"),
		"question answering":     prefix("bert.", "qa_outputs.weight"),
		"ours":                   prefix("bert.", "ner_classifier.weight", "cls_attention.attention.weight"),
		"another's, of PyTorch":  prefix("module.model.", "head.weight"),
	} {
		if got, err := loaded(change); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: hidden states %v, %v; want %v", name, got, err, want)
		}
	}
	for name, tc := range map[string]struct {
		change func(map[string]weights.Tensor)
		want   string
	}{
		"no token types": {
			func(tensors map[string]weights.Tensor) { delete(tensors, "embeddings.token_type_embeddings.weight") },
			"1 tensor is missing: embeddings.token_type_embeddings.weight",
		},
		"more layers":      {prefix("", "encoder.layer.2.output.dense.bias"), "1 tensor is not BERT's: encoder.layer.2.output.dense.bias"},
		"DistilBERT's":     {prefix("", "transformer.layer.0.ffn.lin1.bias"), "is not BERT's: transformer.layer.0.ffn.lin1.bias"},
		"relative lengths": {prefix("", "encoder.layer.0.attention.self.distance_embedding.weight"), "is not BERT's: encoder.layer.0.attention.self.distance_embedding.weight"},
		"another number of types": {
			func(tensors map[string]weights.Tensor) {
				tensors["embeddings.token_type_embeddings.weight"] = weights.Tensor{DType: weights.F32, Shape: []int64{2, 16}, Data: make([]byte, 128)}
			},
			"shape [2 16], want [3 16]",
		},
	} {
		_, err := loaded(tc.change)
		expectError(t, name, err, tc.want)
	}
}

// The gradients of all parameters are PyTorch's; of the token types but the first's row,
// which every token has, has one.
func TestBERTGradientsEqualPyTorch(t *testing.T) {
	e, p := load(t, "bert")
	golden := goldentest.Open(t, filepath.Join(testdata, "bert", "gradients.safetensors"))
	tokens := pack(golden.Int64s("ids"), golden.Bools("mask"), golden.Shape("ids"))
	s := torchx.Training(gotch.CPU)
	defer s.Close()
	x := e.Forward(s, tokens)
	n := len(tokens.IDs) * int(e.Config.Dim)
	weights := make([]float32, n)
	for i := range weights {
		weights[i] = float32(-1 + 2*float64(i)/float64(n-1))
	}
	s.Backward(s.Mean(s.Mul(s.Mul(x, x), s.Float32s(weights, int64(len(tokens.IDs)), e.Config.Dim))))
	compared := 0
	for _, param := range p.All() {
		g, err := param.Tensor.Grad(false)
		if err != nil {
			t.Fatal(err)
		}
		got, want := s.ReadFloat32(g), golden.Float32s("grad/"+strings.TrimPrefix(param.Name, "backbone."))
		g.MustDrop()
		largest := goldentest.MaxAbs(want)
		if d := goldentest.Compare(got, want); d.Max > 1e-5*max(largest, 1e-2) {
			t.Errorf("%s: gradients differ by %.1e, the largest is %.1e", param.Name, d.Max, largest)
		}
		compared++
	}
	if compared != len(golden.Names())-2 || s.Err() != nil {
		t.Errorf("%d gradients compared of %d; %v", compared, len(golden.Names())-2, s.Err())
	}
}

// BERT alone drops out of what attention gives, before its norm.
func TestBERTDropsOutOfAttention(t *testing.T) {
	for model, random := range map[string]bool{"plain": false, "bert": true} {
		e, p := loadWith(t, model, func(c *backbone.Config) { c.Dropout = 0.5 })
		for _, param := range p.All() { // the other places have no effect
			if regexp.MustCompile(`embeddings\.LayerNorm|ffn\.lin2|layer\.\d\.output\.dense`).MatchString(param.Name) {
				zero(t, param)
			}
		}
		states := func(seed uint64) []float32 {
			if err := torchx.Seed(seed); err != nil {
				t.Fatal(err)
			}
			s := torchx.Training(gotch.CPU)
			out := s.ReadFloat32(e.Forward(s, backbone.Tokens{IDs: []int64{5, 6, 7}, Lengths: []int64{3}}))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return out
		}
		if got := !slices.Equal(states(1), states(2)); got != random {
			t.Errorf("%s: another seed gives other states: %v, want %v", model, got, random)
		}
	}
}

// minilm is where scripts/fetch_minilm.sh lays sentence-transformers/all-MiniLM-L6-v2.
func minilm(t *testing.T) string {
	t.Helper()
	dir := cmp.Or(os.Getenv("TRIDENT_MINILM"), filepath.Join("..", "..", ".minilm"))
	if _, err := os.Stat(filepath.Join(dir, "model.safetensors")); err != nil {
		t.Fatalf("no model at %s: run scripts/fetch_minilm.sh, or set TRIDENT_MINILM", dir)
	}
	return dir
}

// A real model, as it is published.
func TestMiniLMEqualsTransformers(t *testing.T) {
	dir := minilm(t)
	config, err := backbone.ReadConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	p := torchx.NewParams(gotch.CPU, false)
	t.Cleanup(p.Drop)
	e, err := backbone.New(p.Sub("bert"), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := backbone.LoadPretrained(dir, "bert.", p); err != nil {
		t.Fatal(err)
	}
	if n := p.Count(); n != 22_565_376 {
		t.Errorf("%d parameters, want 22,565,376", n)
	}
	golden := goldentest.Open(t, filepath.Join(testdata, "minilm.safetensors"))
	for _, name := range []string{"1", "2", "17", "128", "512", "padded"} {
		ids, mask := golden.Int64s(name+"/ids"), golden.Bools(name+"/mask")
		shape, want := golden.Shape(name+"/ids"), golden.Shape(name+"/hidden")
		states := hidden(t, e, ids, mask, shape...)
		var got []float32 // those of the tokens that the file has
		var kept []bool
		step := (shape[1] + want[1] - 1) / want[1]
		for i := range shape[0] * shape[1] {
			if i%shape[1]%step == 0 {
				got, kept = append(got, states[i*want[2]:(i+1)*want[2]]...), append(kept, mask[i])
			}
		}
		d := goldentest.Compare(unpadded(got, kept), unpadded(golden.Float32s(name+"/hidden"), kept))
		t.Logf("%s: mean %.1e, max %.1e", name, d.Mean, d.Max)
		if d.Mean > meanLimit || d.Max > maxLimit {
			t.Errorf("%s: hidden states differ by %.1e in the mean and %.1e at most", name, d.Mean, d.Max)
		}
	}
}
