package fusion_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/fusion"
)

func TestFreeze(t *testing.T) {
	a := fusion.Architecture{Tasks: tinymodel.BuiltIn(), Config: backbone.Config{
		VocabSize: 30, MaxPositions: 16, Dim: 32, Layers: 2, Heads: 2, HiddenDim: 64, Activation: "gelu", InitRange: 0.02, ModelType: "distilbert",
	}}
	all, err := fusion.CountParameters(a)
	if err != nil {
		t.Fatal(err)
	}
	const embeddings, layer = 30*32 + 16*32 + 2*32, 4*(32*32+32) + 2*2*32 + 2*32*64 + 64 + 32
	for _, test := range []struct {
		frozen fusion.Frozen
		want   int64
	}{
		{fusion.Frozen{}, 0},
		{fusion.Frozen{Embeddings: true}, embeddings},
		{fusion.Frozen{Layers: 1}, layer},
		{fusion.Frozen{Embeddings: true, Layers: 2}, embeddings + 2*layer},
	} {
		n, err := fusion.CountTrainable(a, test.frozen)
		if err != nil || all-n != test.want {
			t.Errorf("%+v: %d of %d learn, %v; want %d frozen", test.frozen, n, all, err, test.want)
		}
	}
	c, err := backbone.ReadConfig("../backbone/testdata/bert/config.json")
	if err != nil {
		t.Fatal(err)
	}
	bert, err := fusion.New(fusion.Architecture{Tasks: tinymodel.BuiltIn(), Config: c}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer bert.Drop()
	if err := bert.Freeze(fusion.Frozen{Embeddings: true, Layers: c.Layers - 1}); err != nil {
		t.Fatal(err)
	}
	top := fmt.Sprintf("%s.encoder.layer.%d.", bert.EncoderName, c.Layers-1)
	for _, p := range bert.Params().Trainable() {
		if strings.HasPrefix(p.Name, bert.EncoderName+".") && !strings.HasPrefix(p.Name, top) {
			t.Errorf("BERT's %s isn't frozen", p.Name)
		}
	}
	if layer, layers := bert.Layer(top + "output.LayerNorm.weight"); layer != layers || layers != int(c.Layers) || layers < 2 {
		t.Errorf("BERT's last layer is %d of %d", layer, layers)
	}
	m, err := fusion.New(a, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	for _, layers := range []int64{-1, 3} {
		if err := m.Freeze(fusion.Frozen{Layers: layers}); err == nil || !strings.Contains(err.Error(), "the encoder has 2") {
			t.Errorf("%d layers: error %v", layers, err)
		}
	}
}
