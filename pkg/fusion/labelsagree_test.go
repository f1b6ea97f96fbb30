package fusion

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
)

// Files of labels beside label_maps.json must say what it says.
func TestLabelFilesThatContradict(t *testing.T) {
	_, tok := mustLoad(t, prototype)
	for name, test := range map[string]struct {
		layout, file string
		text         string            // of file
		id2label     map[string]string // of config.json, where file is ""
		wants        []string          // none: the folder is read
	}{
		"ids swapped by save_pretrained": {"ner", "", "", map[string]string{"1": "VICTIM", "2": "NAME"}, []string{`label 1 is "NAME" in label_maps.json, but "VICTIM" in config.json`, "copy the whole folder again", "change them in both"}},
		"new labels by save_pretrained":  {"ner", "", "", map[string]string{"1": "B-NAME"}, []string{"label_maps.json", "config.json"}},
		"more labels":                    {"ner", "", "", map[string]string{"99": "NEW"}, []string{`label 99 is "" in label_maps.json, but "NEW" in config.json`}},
		"the prototype's of another":     {"ner", labelMappingsFile, `{"id_to_label": {"0": "O", "1": "AGE"}}`, nil, []string{`label 1 is "NAME" in label_maps.json, but "AGE" in label_mappings.json`}},
		"half of the prototype's":        {"ner", labelMappingsFile, `{"id_to_label": `, nil, []string{labelMappingsFile, "copy it again"}},
		"cases in another order":         {"classification", "labels/priorities.json", `["L1", "L0", "L2"]`, nil, []string{"label_maps.json", `in labels/priorities.json`}},
		"cases beside the weights":       {"classification", "sub_categories.json", `["L1", "L0", "L2"]`, nil, nil}, // labels/ goes first
	} {
		t.Run(name, func(t *testing.T) {
			layout := singleLayouts()[test.layout]
			dir := filepath.Join(t.TempDir(), "model")
			save(t, dir, singleModel(t, layout.encoder, layout.task), tok)
			if test.file != "" {
				if err := os.WriteFile(filepath.Join(dir, test.file), []byte(test.text), 0o666); err != nil {
					t.Fatal(err)
				}
			} else {
				path := filepath.Join(dir, ConfigFile)
				config := readJSON(t, path)
				for id, label := range test.id2label {
					config["id2label"].(map[string]any)[id] = label
				}
				writeJSON(t, path, config)
			}
			m, _, err := Load(dir, gotch.CPU)
			if len(test.wants) == 0 && err == nil {
				m.Drop()
				return
			}
			for _, want := range test.wants {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want one with %q", err, want)
				}
			}
		})
	}
}

// Labels get other names by editing all files that have them, without the file of weights
// that knows them; names that nobody gave contradict nothing.
func TestRenamedLabels(t *testing.T) {
	_, tok := mustLoad(t, prototype)
	layout := singleLayouts()["ner"]
	dir := filepath.Join(t.TempDir(), "model")
	save(t, dir, singleModel(t, layout.encoder, layout.task), tok)
	remove(t, dir, SafetensorsFile)
	rename := func(name string) {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(data), `"NAME"`, `"CALLER"`)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	rename(LabelMapsFile)
	if _, _, err := Load(dir, gotch.CPU); err == nil || !strings.Contains(err.Error(), `label 1 is "CALLER" in label_maps.json, but "NAME" in config.json`) {
		t.Errorf("one file: error %v", err)
	}
	path := filepath.Join(dir, ConfigFile)
	config := readJSON(t, path)
	unnamedConfig := maps.Clone(config)
	ids := map[string]string{}
	for id := range config["id2label"].(map[string]any) {
		ids[id] = "LABEL_" + id
	}
	unnamedConfig["id2label"] = ids
	writeJSON(t, path, unnamedConfig)
	if _, _, err := Load(dir, gotch.CPU); err == nil || !strings.Contains(err.Error(), `"NAME" in label_mappings.json`) {
		t.Errorf("label_mappings.json is old: error %v", err)
	}
	rename(labelMappingsFile)
	for _, c := range []map[string]any{unnamedConfig, config} {
		writeJSON(t, path, c)
		rename(ConfigFile)
		m, _ := mustLoad(t, dir)
		if got := m.Tasks[0].Heads[0].Labels[1]; got != "CALLER" {
			t.Errorf("label %s", got)
		}
	}
}
