package fusion

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/weights"
)

// What is wrong with a folder is said in one line that names the file.
func TestFoldersThatAreRefused(t *testing.T) {
	config := func(key string, value any) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			values := readJSON(t, filepath.Join(dir, ConfigFile))
			values[key] = value
			if value == nil {
				delete(values, key)
			}
			writeJSON(t, filepath.Join(dir, ConfigFile), values)
		}
	}
	file := func(name, text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	without := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) { remove(t, dir, name) }
	}
	for name, test := range map[string]struct {
		folder string
		change func(t *testing.T, dir string)
		wants  []string
	}{
		"labels without names":       {"prototype-ner", without(labelMappingsFile), []string{"config.json calls the labels LABEL_0 to LABEL_3", "label_mappings.json", "id2label"}},
		"no labels":                  {"label2id-texts", func(t *testing.T, dir string) { config("id2label", nil)(t, dir); config("label2id", nil)(t, dir) }, []string{"config.json has no id2label", "label_mappings.json"}},
		"a label for two ids":        {"safetensors", config("id2label", map[string]string{"0": "O", "1": "A", "2": "A", "3": "B"}), []string{"config.json", "two ids share a label"}},
		"an id twice":                {"safetensors", config("id2label", map[string]string{"0": "O", "00": "A"}), []string{"config.json: id2label", `id 0 is both "A" and "O"`}},
		"an id that is a word":       {"safetensors", config("id2label", map[string]string{"O": "0"}), []string{"config.json: id2label", `id "O" is no number`}},
		"a list of labels":           {"safetensors", config("id2label", []string{"O", "A"}), []string{"config.json: id2label"}},
		"a label that is a list":     {"safetensors", config("id2label", map[string]any{"0": []string{"O"}}), []string{"config.json: id2label", "neither a text nor a number"}},
		"too few labels":             {"safetensors", config("id2label", map[string]string{"0": "O", "1": "A"}), []string{"model.safetensors isn't of the model that config.json describes", "classifier.weight", "shape [4 8], want [2 8]"}},
		"another class":              {"safetensors", config("architectures", []string{"DistilBertForSequenceClassification"}), []string{"a DistilBertForSequenceClassification", "only DistilBertForTokenClassification is read"}},
		"weights outside":            {"named-weights", config("transformers_weights", "../mine.safetensors"), []string{"transformers_weights", "no file of this folder"}},
		"named weights missing":      {"named-weights", config("transformers_weights", "yours.safetensors"), []string{"no weights: want yours.safetensors, which config.json names"}},
		"a shard missing":            {"sharded-bin", without("pytorch_model-00002-of-00003.bin"), []string{"pytorch_model.bin.index.json", "shard 2 of 3 is missing"}},
		"mappings that contradict":   {"prototype-ner", file(labelMappingsFile, `{"id_to_label": {"0": "O", "1": "A", "2": "B", "3": "C"}, "label_to_id": {"O": 0, "A": 1, "B": 3, "C": 2}}`), []string{labelMappingsFile, `label 2 is "B" in id_to_label, but "C" in label_to_id`}},
		"mappings of another model":  {"safetensors", file(labelMappingsFile, `{"id_to_label": {"0": "O", "1": "A", "2": "I-NAME", "3": "B-LOCATION"}}`), []string{`label 1 is "B-NAME" in config.json, but "A" in label_mappings.json`}},
		"mappings of too few labels": {"prototype-ner", file(labelMappingsFile, `{"id_to_label": {"0": "O", "1": "A"}}`), []string{"label_mappings.json describe", "shape [4 8], want [2 8]"}},
		"mappings without labels":    {"prototype-ner", file(labelMappingsFile, `{"labels": ["O"]}`), []string{"label_mappings.json names no labels"}},
		"half of the mappings":       {"prototype-ner", file(labelMappingsFile, `{"id_to_`), []string{"label_mappings.json", "copy it again"}},
		"a list of cases missing":    {"prototype-classification", without("labels/sub_categories.json"), []string{"labels are missing", "sub_categories.json", "classes_"}},
		"half a list of cases":       {"prototype-classification", file("labels/priorities.json", `[1, 2`), []string{"labels/priorities.json", "copy it again"}},
		"a list in a list of cases":  {"prototype-classification", file("labels/priorities.json", `[1, [2], 3]`), []string{"labels/priorities.json", "label 1 is neither a text nor a number"}},
		"a case twice":               {"prototype-classification", file("labels/priorities.json", `[1, 2, "2"]`), []string{"labels/priorities.json", "two ids share a label"}},
		"no cases":                   {"prototype-classification", file("labels/priorities.json", `[]`), []string{"labels/priorities.json", "no labels"}},
		"cases with a gap":           {"prototype-classification", file("labels/priorities.json", `{"a": 0, "b": 1, "c": 3}`), []string{"labels/priorities.json", "ids must be 0 to 2"}},
		"one case more":              {"prototype-classification", file("labels/priorities.json", `[1, 2, 3, 4]`), []string{"labels/*.json describe", "classifier_priority", "shape [3 8], want [4 8]"}},
		"an encoder alone":           {"prototype-qa", without(weights.BinFile), []string{"not a model directory: model.safetensors holds an encoder alone"}},
		"a classifier of whole texts": {"bin", func(t *testing.T, dir string) {
			config("architectures", nil)(t, dir)
			reweigh(t, dir, weights.BinFile, func(tensor *weights.Tensor) {
				if tensor.Name == "distilbert.embeddings.LayerNorm.weight" {
					tensor.Name = "pre_classifier.weight"
				}
			})
		}, []string{"not a model directory: pytorch_model.bin holds a classifier of whole texts", LabelMapsFile, "only a DistilBertForTokenClassification"}},
		"a classifier of whole texts, named": {"bin", func(t *testing.T, dir string) {
			config("architectures", []string{"DistilBertForSequenceClassification"})(t, dir)
			reweigh(t, dir, weights.BinFile, func(tensor *weights.Tensor) {
				if tensor.Name == "distilbert.embeddings.LayerNorm.weight" {
					tensor.Name = "pre_classifier.weight"
				}
			})
		}, []string{"not a model directory: config.json says that it holds a DistilBertForSequenceClassification"}},
		"with PEFT's adapter": {"bin", func(t *testing.T, dir string) {
			reweigh(t, dir, weights.BinFile, func(tensor *weights.Tensor) { tensor.Name = "base_model.model." + tensor.Name })
		}, []string{"not a model directory: pytorch_model.bin holds a model with PEFT's adapter", "merge_and_unload"}},
		"PEFT's adapter alone": {"bin", func(t *testing.T, dir string) {
			remove(t, dir, weights.BinFile)
			file("adapter_model.safetensors", "x")(t, dir)
		}, []string{"it holds PEFT's adapter alone", "merge_and_unload"}},
		"a model inside another one": {"bin", func(t *testing.T, dir string) {
			reweigh(t, dir, weights.BinFile, func(tensor *weights.Tensor) { tensor.Name = "model." + tensor.Name })
		}, []string{`all tensors' names in pytorch_model.bin begin with "model."`, "state dict of the model itself"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyDir(t, filepath.Join(folders, test.folder))
			test.change(t, dir)
			_, _, err := Load(dir, gotch.CPU)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q, want one with %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
		})
	}
}
