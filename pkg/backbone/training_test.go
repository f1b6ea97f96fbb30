package backbone_test

import (
	"slices"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// Dropout has three places. Each case makes the others without effect: zeros
// stay zeros.
func TestDropoutPlaces(t *testing.T) {
	zeroEmbeddings := []string{"backbone.embeddings.LayerNorm.weight", "backbone.embeddings.LayerNorm.bias"}
	var zeroFeedForward []string
	for _, layer := range []string{"0", "1"} {
		name := "backbone.transformer.layer." + layer + ".ffn.lin2."
		zeroFeedForward = append(zeroFeedForward, name+"weight", name+"bias")
	}
	for name, tc := range map[string]struct {
		dropout, attention float64
		zero               []string
		random             bool
	}{
		"attention":           {0, 0.5, nil, true},
		"embeddings":          {0.5, 0, zeroFeedForward, true},
		"feed-forward":        {0.5, 0, zeroEmbeddings, true},
		"both without effect": {0.5, 0, slices.Concat(zeroEmbeddings, zeroFeedForward), false},
		"switched off":        {0, 0, nil, false},
	} {
		e, p := loadWith(t, "plain", func(c *backbone.Config) { c.Dropout, c.AttentionDropout = tc.dropout, tc.attention })
		for _, param := range tc.zero {
			tensor, _ := p.Get(param)
			zero(t, torchx.Param{Name: param, Tensor: tensor})
		}
		states := func(open func(gotch.Device) *torchx.Scope, seed uint64) []float32 {
			if err := torchx.Seed(seed); err != nil {
				t.Fatal(err)
			}
			s := open(gotch.CPU)
			out := s.ReadFloat32(e.Forward(s, backbone.Tokens{IDs: []int64{5, 6, 7, 8, 9, 10}, Lengths: []int64{3, 3}}))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return out
		}
		first := states(torchx.Training, 1)
		if !slices.Equal(first, states(torchx.Training, 1)) {
			t.Errorf("%s: the same seed gives other states", name)
		}
		if random := !slices.Equal(first, states(torchx.Training, 2)); random != tc.random {
			t.Errorf("%s: another seed gives other states: %v, want %v", name, random, tc.random)
		}
		if !slices.Equal(states(torchx.Inference, 1), states(torchx.Inference, 2)) {
			t.Errorf("%s: dropout in inference", name)
		}
	}
}

func zero(t *testing.T, p torchx.Param) {
	t.Helper()
	shape := p.Tensor.MustSize()
	if err := torchx.SetBytes(p.Tensor, make([]byte, 4*ts.ElementCount(shape)), gotch.Float, shape); err != nil {
		t.Fatal(err)
	}
}

// Padding's own vector is no parameter to learn, even where no mask hides it.
func TestPaddingVectorHasNoGradient(t *testing.T) {
	e, p := load(t, "plain")
	s := torchx.Training(gotch.CPU)
	defer s.Close()
	x := e.Forward(s, backbone.Tokens{IDs: []int64{0, 5, 0}, Lengths: []int64{3}})
	s.Backward(s.Sum(s.Flatten(s.Mul(x, s.Scale(x, 0.5)), 0), 0))
	words, _ := p.Get("backbone.embeddings.word_embeddings.weight")
	g, err := words.Grad(false)
	if err != nil {
		t.Fatal(err)
	}
	defer g.MustDrop()
	nonzero := func(v float32) bool { return v != 0 }
	values, dim := s.ReadFloat32(g), int(e.Config.Dim)
	if slices.ContainsFunc(values[:dim], nonzero) {
		t.Error("padding's vector has a gradient")
	}
	if !slices.ContainsFunc(values[5*dim:6*dim], nonzero) {
		t.Error("the word's vector has none")
	}
}
