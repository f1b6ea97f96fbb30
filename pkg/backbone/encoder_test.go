package backbone_test

import (
	"path/filepath"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// The golden files are made by scripts/golden/model.py and bert.py.
const testdata = "testdata"

// Limits of the absolute deviation from transformers' hidden states, which are
// of size 1.
const (
	meanLimit = 1e-6
	maxLimit  = 1e-5
)

// load makes the encoder that a directory of testdata describes.
func load(t *testing.T, dir string) (*backbone.Encoder, torchx.Params) {
	t.Helper()
	return loadWith(t, dir, func(*backbone.Config) {})
}

// loadWith is load with a changed configuration.
func loadWith(t *testing.T, dir string, change func(*backbone.Config)) (*backbone.Encoder, torchx.Params) {
	t.Helper()
	config, err := backbone.ReadConfig(filepath.Join(testdata, dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	change(&config)
	p := torchx.NewParams(gotch.CPU, true)
	t.Cleanup(p.Drop)
	e, err := backbone.New(p.Sub("backbone"), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := backbone.LoadPretrained(filepath.Join(testdata, dir), "backbone.", p); err != nil {
		t.Fatal(err)
	}
	return e, p
}

// pack leaves the padding of a batch [texts, seq] away.
func pack(ids []int64, mask []bool, shape []int64) backbone.Tokens {
	var t backbone.Tokens
	for row := range shape[0] {
		var length int64
		for i := row * shape[1]; i < (row+1)*shape[1]; i++ {
			if mask == nil || mask[i] {
				t.IDs = append(t.IDs, ids[i])
				length++
			}
		}
		t.Lengths = append(t.Lengths, length)
	}
	return t
}

// hidden runs the encoder in inference. mask nil means none.
func hidden(t *testing.T, e *backbone.Encoder, ids []int64, mask []bool, shape ...int64) []float32 {
	t.Helper()
	s := torchx.Inference(gotch.CPU)
	tokens := pack(ids, mask, shape)
	out := s.ReadFloat32(s.Unpack(e.Forward(s, tokens), tokens.Lengths, shape[1]))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestHiddenStatesEqualTransformers(t *testing.T) {
	for dir, golden := range map[string]string{
		"plain":    "hidden.safetensors",
		"prefixed": "hidden.safetensors",
		"old":      "hidden.safetensors",
		"fp16":     "fp16/hidden.safetensors",
		"bf16":     "bf16/hidden.safetensors",

		"bert":          "bert/hidden.safetensors",
		"bert-prefixed": "bert/hidden.safetensors",
		"bert-old":      "bert/hidden.safetensors",
		"bert-fp16":     "bert-fp16/hidden.safetensors",
		"bert-relu":     "bert-relu/hidden.safetensors",
		"bert-gelu_new": "bert-gelu_new/hidden.safetensors",
		"bert-width26":  "bert-width26/hidden.safetensors",
		"bert-width32":  "bert-width32/hidden.safetensors",
	} {
		t.Run(dir, func(t *testing.T) {
			e, _ := load(t, dir)
			want := goldentest.Open(t, filepath.Join(testdata, golden))
			for _, name := range []string{"1", "2", "17", "64", "batch", "padded", "full"} {
				ids, mask := want.Int64s(name+"/ids"), want.Bools(name+"/mask")
				got := hidden(t, e, ids, mask, want.Shape(name+"/ids")...)
				states := want.Float32s(name + "/hidden")
				d := goldentest.Compare(unpadded(got, mask), unpadded(states, mask))
				t.Logf("%s: mean %.1e, max %.1e", name, d.Mean, d.Max)
				if d.Mean > meanLimit || d.Max > maxLimit {
					t.Errorf("%s: hidden states differ by %.1e in the mean and %.1e at most", name, d.Mean, d.Max)
				}
			}
		})
	}
}

// unpadded leaves out the states of padding, which no head looks at.
func unpadded(states []float32, mask []bool) []float32 {
	dim := len(states) / len(mask)
	var out []float32
	for i, ok := range mask {
		if ok {
			out = append(out, states[i*dim:(i+1)*dim]...)
		}
	}
	return out
}

func TestPaddingChangesNothing(t *testing.T) {
	e, _ := load(t, "plain")
	golden := goldentest.Open(t, filepath.Join(testdata, "hidden.safetensors"))
	ids, mask := golden.Int64s("padded/ids"), golden.Bools("padded/mask")
	shape := golden.Shape("padded/ids")
	together := hidden(t, e, ids, mask, shape...)
	width, dim := int(shape[1]), int(e.Config.Dim)
	for row := range int(shape[0]) {
		start, n := row*width, 0
		for n < width && mask[start+n] {
			n++
		}
		alone := hidden(t, e, ids[start:start+n], nil, 1, int64(n))
		if d := goldentest.Compare(together[start*dim:(start+n)*dim], alone); d.Max > maxLimit {
			t.Errorf("text %d of %d tokens: states in a batch of width %d differ by %.1e from those alone", row, n, width, d.Max)
		}
	}
}

func TestForwardErrors(t *testing.T) {
	e, _ := load(t, "plain")
	for name, tc := range map[string]struct {
		tokens backbone.Tokens
		want   string
	}{
		"too long":   {backbone.Tokens{IDs: make([]int64, 65), Lengths: []int64{65}}, "65 tokens, but the encoder reads 64 at most"},
		"too few":    {backbone.Tokens{IDs: make([]int64, 3), Lengths: []int64{2}}, "add of [3, 16], [2, 16]"},
		"foreign id": {backbone.Tokens{IDs: []int64{60}, Lengths: []int64{1}}, "embedding of [1], [60, 16]: index out of range in self"},
	} {
		s := torchx.Inference(gotch.CPU)
		out := e.Forward(s, tc.tokens)
		expectError(t, name, s.Close(), tc.want)
		if out != nil {
			t.Errorf("%s: a result beside the error", name)
		}
	}
}

func TestNewIsHuggingFacesInitialisation(t *testing.T) {
	if err := torchx.Seed(7); err != nil {
		t.Fatal(err)
	}
	p := torchx.NewParams(gotch.CPU, true)
	defer p.Drop()
	c := backbone.Config{VocabSize: 500, MaxPositions: 64, Dim: 48, Layers: 1, Heads: 4, HiddenDim: 96, Activation: "gelu", InitRange: 0.02, PadID: 3}
	if _, err := backbone.New(p, c); err != nil {
		t.Fatal(err)
	}
	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	for _, param := range p.All() {
		values := s.ReadFloat32(param.Tensor)
		mean, std := moments(values)
		wantMean, wantStd := 0.0, 0.0
		switch size := len(values); {
		case size > 100: // a matrix
			wantStd = c.InitRange
		case filepath.Ext(param.Name) == ".weight":
			wantMean = 1
		}
		if mean < wantMean-0.002 || mean > wantMean+0.002 || std < 0.95*wantStd || std > 1.05*wantStd+1e-6 {
			t.Errorf("%s: mean %.4f, standard deviation %.4f, want %g and %g", param.Name, mean, std, wantMean, wantStd)
		}
	}
	words, _ := p.Get("embeddings.word_embeddings.weight")
	for i, v := range s.ReadFloat32(words)[3*48 : 4*48] {
		if v != 0 {
			t.Fatalf("padding's vector is %v at %d, want 0", v, i)
		}
	}
}
