package backbone_test

import (
	"path/filepath"
	"testing"

	"github.com/trident-nlp/trident/pkg/backbone"
)

// Keys are read as DistilBertConfig of transformers 5.23 reads them: by other models'
// names too, which go before its own, and by their case.
func TestReadConfigAsTransformers(t *testing.T) {
	base := backbone.DistilBERTCased()
	type sizes struct{ dim, layers, heads int64 }
	for text, want := range map[string]sizes{
		`"num_attention_heads": 8`:                                                {base.Dim, base.Layers, 8},
		`"n_heads": 12, "num_attention_heads": 8`:                                 {base.Dim, base.Layers, 8},
		`"num_attention_heads": 8, "n_heads": 12`:                                 {base.Dim, base.Layers, 8},
		`"hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 2`:     {48, 2, 4},
		`"dim": 768, "hidden_size": 48, "n_heads": 4, "n_layers": 3`:              {48, 3, 4},
		`"n_heads": 4, "N_HEADS": 2, "Num_Attention_Heads": 2, "Dropout": "some"`: {base.Dim, base.Layers, 4},
		`"n_heads": 2, "n_heads": 4`:                                              {base.Dim, base.Layers, 4},
		`"task_specific_params": {"x": [NaN, -Infinity]}, "y": Infinity`:          {base.Dim, base.Layers, base.Heads},
	} {
		path := filepath.Join(t.TempDir(), "config.json")
		write(t, path, []byte(`{"model_type": "distilbert", `+text+`}`))
		c, err := backbone.ReadConfig(path)
		if got := (sizes{c.Dim, c.Layers, c.Heads}); err != nil || got != want {
			t.Errorf("%s: dim, layers and heads %v, %v; want %v", text, got, err, want)
		}
		if named, err := backbone.NamedWeights(filepath.Dir(path)); named != "" || err != nil {
			t.Errorf("%s: weights %q, %v", text, named, err)
		}
	}
	for text, want := range map[string]string{
		`"dropout": NaN`:                   "dropout",
		`"num_attention_heads": null`:      "num_attention_heads is null",
		`"n_heads": null`:                  "n_heads is null",
		`"num_attention_heads": "8"`:       "num_attention_heads",
		`"num_hidden_layers": 2.5`:         "num_hidden_layers",
		`"hidden_size": 50, "n_heads": 12`: "dim 50 isn't a multiple of n_heads 12",
		`"Model_Type": "bert", "dim": NaN`: "dim",
	} {
		path := filepath.Join(t.TempDir(), "config.json")
		write(t, path, []byte(`{"model_type": "distilbert", `+text+`}`))
		_, err := backbone.ReadConfig(path)
		expectError(t, text, err, "config.json", want)
	}
}
