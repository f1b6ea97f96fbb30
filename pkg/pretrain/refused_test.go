package pretrain

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/pkg/fusion"
)

// Whoever takes a masked language model for a model of tasks learns what to do with it.
func TestIsNoModelOfTasks(t *testing.T) {
	forEachType(t, func(t *testing.T, modelType string) {
		dir := filepath.Join(t.TempDir(), "model")
		if err := Save(dir, load(t, filepath.Join("testdata", modelType)), wordsTokenizer(t), nil); err != nil {
			t.Fatal(err)
		}
		m, _, err := fusion.Load(dir, gotch.CPU)
		if err == nil {
			m.Drop()
			t.Fatal("it loads")
		}
		for _, part := range []string{"ForMaskedLM", "train a model from it, by backbone.model_name"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("error %q doesn't say %q", err, part)
			}
		}
	})
}
