package fusion

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// FuzzThresholds: what is read is the same when written and read again; what
// isn't is refused without a word of it.
func FuzzThresholds(f *testing.F) {
	for _, s := range []string{
		`{"qa": {"opening": 0.43, "hold": 1e999}}`, `{"qa": {"opening": 0.43}, "qa": {"hold": 0.1}}`, `{"qa": null}`, `null`, `[]`, "", `{"qa": {"opening": "kXqZv"}}`, `kXqZv`, `{} kXqZv`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := parseThresholds(data)
		if err != nil {
			if text := err.Error(); strings.Contains(text, "kXqZv") || strings.Contains(text, "\n") {
				t.Errorf("error %q", text)
			}
			return
		}
		if err := read.Check([]tasks.Task{tasks.QA()}); err == nil {
			for _, p := range read[tasks.QAName] {
				if !(p > 0 && p < 1) {
					t.Errorf("%v passes for a probability", p)
				}
			}
		}
		written, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseThresholds(written); err != nil || !reflect.DeepEqual(again, read) {
			t.Errorf("again: %v, %v; want %v", again, err, read)
		}
	})
}

// FuzzArchitecture: whatever lies beside a model's weights is understood or
// refused, and what is understood can be written.
func FuzzArchitecture(f *testing.F) {
	f.Add([]byte(`{"model_type": "distilbert", "activation": "gelu"}`), []byte(`{"ner": {"label_to_id": {"O": 0, "NAME": 1}}}`))
	f.Add([]byte(`{"architectures": ["DistilBertForTokenClassification"], "model_type": "distilbert", "id2label": {"0": "O", "1": "NAME"}}`), []byte(nil))
	f.Add([]byte(`{"model_type": "distilbert", "trident": {"encoder": "backbone", "tasks": [{"name": "mood", "kind": "multiclass", "heads": [{"name": "caller"}]}]}}`), []byte(`{"mood": {"heads": {"caller": {"id_to_label": {"0": "calm"}}}}}`))
	f.Add([]byte(`{"trident": {"tasks": []}}`), []byte(`{}`))
	f.Add([]byte(`{"architectures": ["BertForTokenClassification"], "model_type": "bert", "id2label": {"0": "O", "1": "NAME"}}`), []byte(nil))
	f.Add([]byte(`{"model_type": "distilbert", "dim": -1, "n_heads": 0}`), []byte(`null`))
	f.Add([]byte(`{"model_type": "distilbert", "trident": {"tasks": [{"name": "ner", "kind": "token", "heads": [{"name": "ner"}]}, {"name": "qa"}, {"name": "cls", "kind": "x"}]}}`), []byte(`{"ner": {"id_to_label": {"0": "O"}}, "qa": {}, "cls": {"heads": {}}}`))
	dir := f.TempDir()
	var b bytes.Buffer
	if err := weights.WriteSafetensors(&b, []weights.Tensor{{Name: "classifier.weight", DType: weights.F32, Shape: []int64{1}, Data: make([]byte, 4)}}, nil); err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, SafetensorsFile)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, config, labels []byte) {
		dir := t.TempDir()
		files := map[string][]byte{ConfigFile: config, LabelMapsFile: labels}
		if len(labels) == 0 {
			delete(files, LabelMapsFile)
		}
		for name, data := range files {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		file, err := weights.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		a, _, err := readArchitecture(dir, file)
		if err != nil {
			return
		}
		if err := a.Config.Validate(); err != nil || len(a.Tasks) == 0 {
			t.Errorf("accepted %d tasks, %v", len(a.Tasks), err)
		}
		if _, err := a.LabelMaps(); err != nil {
			t.Error(err)
		}
		if _, err := a.configJSON(); err != nil {
			t.Error(err)
		}
	})
}

// FuzzLabelFiles: labels that are read from a list or a map have ids from 0, each once, and
// are the same when they are written and read again.
func FuzzLabelFiles(f *testing.F) {
	for _, s := range []string{
		`["a", "b"]`, `[1, 2, 3]`, `[true, null]`, `{"a": 0, "b": 1}`, `{"0": "a", "1": "b"}`, `{"a": "1", "b": 0}`, `{"a": 1}`,
		`{"00": "a"}`, `{"a": 9999999999999999999}`, `[[]]`, `null`, `[`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		labels, err := parseLabels(data)
		if err != nil {
			return
		}
		if len(labels) == 0 {
			t.Error("no labels, and no error")
		}
		written, err := json.Marshal(labels)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseLabels(written)
		if err != nil || !reflect.DeepEqual(again, labels) {
			t.Errorf("again: %q, %v; want %q", again, err, labels)
		}
	})
}
