package backbone

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// FuzzConfig: a configuration that is read is one that a model can have, and
// the same when it is written and read again.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{
		`{"model_type": "distilbert", "dim": 768, "n_heads": 12, "vocab_size": 30522, "id2label": {"0": "O"}}`,
		`{"model_type": "bert"}`, `{"model_type": "bert", "hidden_size": 52, "num_attention_heads": 2, "layer_norm_eps": 1e-5, "type_vocab_size": 1}`,
		`{"model_type": "bert", "position_embedding_type": "relative_key"}`, `{"model_type": "bert", "layer_norm_eps": -1}`, `{"model_type": "distilbert", "dim": 1e9}`, `{"model_type": "distilbert", "n_heads": 0}`,
		`{"model_type": "distilbert", "dropout": -1}`, `{"model_type": "distilbert", "pad_token_id": 99999999}`, `null`, `[`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "config.json")
		read := func(data []byte) (Config, error) {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			return ReadConfig(path)
		}
		c, err := read(data)
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("accepted, yet %v", err)
		}
		written, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := read(written); err != nil || again != c {
			t.Errorf("again: %+v, %v; want %+v", again, err, c)
		}
	})
}
