package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/config"
)

// A run's folder may be another's.
func TestStatesAreToldByTheirWholeNames(t *testing.T) {
	state := modelNames(config.Default(config.TaskMultitask).Output).State
	for name, want := range map[string]bool{
		"state-000001": true, "state-1000000": true, ".state-000001.tmp-12": true, ".state-000001.old-x": true, lockFile: true, movedFile: true, "losses.png": true, ".scores.png630361256857706133": true, ".losses.svg7": true,
		"state-machine.go": false, "state-1": false, "state-000001.txt": false, ".state-x": false, "notes": false, ".scores.png": false, ".mine.png7": false,
	} {
		if state(name) != want {
			t.Errorf("%s: %t", name, !want)
		}
	}
}

// Whatever is a model's file by its name, metrics can't be written to it.
func TestNoOutputHasAModelFilesName(t *testing.T) {
	c := config.Default(config.TaskMultitask)
	own := modelNames(c.Output).IsModelFile
	for _, name := range append([]string{
		"config.json", "label_maps.json", "label_mappings.json", "README.md", "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
		"added_tokens.json", "held_out_cls.csv", "model.safetensors", "model-1-of-2.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
		"pytorch_model-1-of-2.bin", "pytorch_model.bin.index.json", "model.pt",
	}, figureFiles...) {
		if !own(name) {
			t.Errorf("%s isn't one of a model's files", name)
		}
		c.Output.MetricsFile = name
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "output.metrics_file: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestLabelLists(t *testing.T) {
	path := filepath.Join(t.TempDir(), "priorities.json")
	for text, want := range map[string]bool{
		`["a", "b"]`: true, `[1, 2]`: true, `{"a": 0}`: true, `{"0": "a"}`: true, `{}`: true, `{"a": {"b": 1}}`: false, `{"a": null}`: false, `"a"`: false, `7`: false, `not JSON`: false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := checkLabelList(path); (err == nil) != want {
			t.Errorf("%s: error %v", text, err)
		}
	}
}
