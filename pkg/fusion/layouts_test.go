package fusion

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// linears are the parameters of layers of these names.
func linears(names ...string) []string {
	var list []string
	for _, name := range names {
		list = append(list, name+".weight", name+".bias")
	}
	return list
}

// singleLayouts are the prototype's single-task models, with their heads'
// parameters.
func singleLayouts() map[string]struct {
	encoder string
	task    tasks.Task
	heads   []string
} {
	labels := tasks.CaseLabels{Main: namesOf(2), Sub: namesOf(3), Intervention: namesOf(2), Priority: namesOf(3)}
	return map[string]struct {
		encoder string
		task    tasks.Task
		heads   []string
	}{
		"ner":            {"distilbert", tasks.SingleNER(tasks.NERLabels()), linears("classifier")},
		"classification": {"distilbert", tasks.SingleCLS(labels), linears("pre_classifier", "classifier_main", "classifier_sub", "classifier_interv", "classifier_priority")},
		"qa":             {"bert", tasks.SingleQA(), linears("heads.opening", "heads.listening", "heads.proactiveness", "heads.resolution", "heads.hold", "heads.closing")},
	}
}

// singleModel makes a small model of one task, always the same.
func singleModel(t *testing.T, encoder string, list ...tasks.Task) *Model {
	t.Helper()
	if err := torchx.Seed(2); err != nil {
		t.Fatal(err)
	}
	m, err := New(Architecture{Config: smallConfig(), EncoderName: encoder, Tasks: list}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Drop)
	return m
}

func readJSON(t *testing.T, path string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(data, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

func writeJSON(t *testing.T, path string, values map[string]any) {
	t.Helper()
	data, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// expectSameModel compares descriptions and what the models say.
func expectSameModel(t *testing.T, got, want *Model) {
	t.Helper()
	if !reflect.DeepEqual(got.Architecture, want.Architecture) {
		t.Errorf("architecture %+v, want %+v", got.Architecture, want.Architecture)
	}
	s := torchx.Inference(gotch.CPU)
	b := taskBatch("")
	for _, task := range want.Tasks {
		logits := forward(s, want, task.Name, b)
		for h, x := range forward(s, got, task.Name, b) {
			if first, second := s.ReadFloat32(logits[h]), s.ReadFloat32(x); len(first) == 0 || !slices.Equal(first, second) {
				t.Errorf("task %s, head %d says something else", task.Name, h)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// The Python prototype's single-task trainers describe nothing: the tensors'
// names tell what they made.
func TestPrototypesSingleTaskDirectories(t *testing.T) {
	_, tok := mustLoad(t, prototype)
	for name, layout := range singleLayouts() {
		dir := filepath.Join(t.TempDir(), name)
		want := singleModel(t, layout.encoder, layout.task)
		if err := Save(dir, want, tok, nil); err != nil {
			t.Fatal(err)
		}
		config := readJSON(t, filepath.Join(dir, ConfigFile))
		delete(config, "trident")
		config["architectures"] = []string{"DistilBertModel"}
		writeJSON(t, filepath.Join(dir, ConfigFile), config)
		got, _ := mustLoad(t, dir)
		expectSameModel(t, got, want)
	}
}

func TestSingleTaskLayouts(t *testing.T) {
	_, tok := mustLoad(t, prototype)
	var encoder []string // names behind the prefix
	for _, p := range smallModel(t).Params().All() {
		if rest, found := strings.CutPrefix(p.Name, "backbone."); found {
			encoder = append(encoder, rest)
		}
	}
	for name, layout := range singleLayouts() {
		t.Run(name, func(t *testing.T) {
			m := singleModel(t, layout.encoder, layout.task)
			dir := filepath.Join(t.TempDir(), "model")
			save(t, dir, m, tok)

			want := slices.Clone(layout.heads)
			for _, rest := range encoder {
				want = append(want, layout.encoder+"."+rest)
			}
			file, err := weights.Open(filepath.Join(dir, SafetensorsFile))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if got := slices.Sorted(slices.Values(file.Names())); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
				t.Errorf("tensors %v, want %v", got, want)
			}
			config := readJSON(t, filepath.Join(dir, ConfigFile))
			if name == "ner" {
				expectTokenClassifier(t, config)
			} else if config["id2label"] != nil || reflect.DeepEqual(config["architectures"], []any{"DistilBertForTokenClassification"}) {
				t.Errorf("config.json has %v for %v", config["id2label"], config["architectures"])
			}
			back, _ := mustLoad(t, dir)
			expectSameModel(t, back, m)
		})
	}
}

func expectTokenClassifier(t *testing.T, config map[string]any) {
	t.Helper()
	if !reflect.DeepEqual(config["architectures"], []any{"DistilBertForTokenClassification"}) || config["model_type"] != "distilbert" {
		t.Errorf("architectures %v, model type %v", config["architectures"], config["model_type"])
	}
	labelOf, idOf := map[string]any{}, map[string]any{}
	for i, label := range tasks.NERLabels() {
		labelOf[string(rune('0'+i))], idOf[label] = label, float64(i)
	}
	if !maps.Equal(config["id2label"].(map[string]any), labelOf) || !maps.Equal(config["label2id"].(map[string]any), idOf) {
		t.Errorf("id2label %v, label2id %v", config["id2label"], config["label2id"])
	}
}

// What Hugging Face's Trainer saves has neither label maps nor our part of the
// configuration.
func TestHuggingFaceTokenClassifier(t *testing.T) {
	_, tok := mustLoad(t, prototype)
	m := singleModel(t, "distilbert", tasks.SingleNER([]string{"O", "NAME", "AGE"}))
	dir := filepath.Join(t.TempDir(), "model")
	save(t, dir, m, tok)
	remove(t, dir, LabelMapsFile)
	remove(t, dir, PTFile)
	remove(t, dir, labelMappingsFile)
	path := filepath.Join(dir, ConfigFile)
	config := readJSON(t, path)
	delete(config, "trident")
	config["transformers_version"] = "4.57.1"
	writeJSON(t, path, config)
	back, tok := mustLoad(t, dir)
	expectSameModel(t, back, m)
	predictions := mustPredict(t, NewPredictor(back, tok), []datasets.Transcript{"a b"}, PredictOptions{})
	if predictions[0].NER == nil || predictions[0].Classification != nil || predictions[0].QA != nil || predictions[0].Tasks != nil {
		t.Errorf("predicted %+v, want NER alone", predictions[0])
	}

	for name, test := range map[string]struct {
		key   string
		value any
		want  string
	}{
		"default names": {"id2label", map[string]string{"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}, "calls the labels LABEL_0 to LABEL_2"},
		"a gap":         {"id2label", map[string]string{"0": "O", "2": "NAME"}, `id "2"`},
		"too few":       {"id2label", map[string]string{"0": "O", "1": "NAME"}, "tensor classifier.weight"},
		"another class": {"architectures", []string{"DistilBertForSequenceClassification"}, "not a model directory"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := maps.Clone(config)
			changed[test.key] = test.value
			broken := copyDir(t, dir)
			writeJSON(t, filepath.Join(broken, ConfigFile), changed)
			if _, _, err := Load(broken, gotch.CPU); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// Only a plain classifier over an encoder of that name is one of Hugging Face's.
func TestNoTokenClassifier(t *testing.T) {
	ner := tasks.SingleNER([]string{"O", "A"})
	transformed := ner
	transformed.Transform = "transform.0"
	if !(Architecture{EncoderName: "distilbert", Tasks: []tasks.Task{ner}}).IsTokenClassifier() {
		t.Error("SingleNER over distilbert isn't a token classifier")
	}
	for name, a := range map[string]Architecture{
		"other encoder": {EncoderName: "bert", Tasks: []tasks.Task{ner}},
		"other names":   {EncoderName: "distilbert", Tasks: []tasks.Task{tasks.NER([]string{"O", "A"})}},
		"transform":     {EncoderName: "distilbert", Tasks: []tasks.Task{transformed}},
		"two tasks":     {EncoderName: "distilbert", Tasks: []tasks.Task{ner, tasks.SingleQA()}},
		"other kind":    {EncoderName: "distilbert", Tasks: []tasks.Task{tasks.SingleQA()}},
	} {
		if a.IsTokenClassifier() {
			t.Errorf("%s: is a token classifier", name)
		}
	}
}

// ownTasks are one of each kind, with each way to be put together.
func ownTasks(t *testing.T) []tasks.Task {
	t.Helper()
	var list []tasks.Task
	for _, own := range []tasks.Custom{
		{Name: "places", Kind: tasks.Token, Transform: true, Labels: []string{"TOWN", "ROAD"}},
		{Name: "mood", Kind: tasks.MultiClass, Pooling: tasks.CLSPooling, PreClassifier: true, Text: "narrative", Heads: []tasks.Head{
			{Name: "caller", Labels: []string{"sad & tired", "calm"}}, {Name: "agent", Source: "staff.mood", Labels: []string{"x", "y", "z"}},
		}},
		{Name: "topics", Kind: tasks.MultiLabel, Heads: []tasks.Head{{Name: "about", Labels: []string{"school", "home"}}}},
	} {
		task, err := own.Task()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, task)
	}
	return list
}

func TestOwnTasksSavedAndLoaded(t *testing.T) {
	_, tok := mustLoad(t, prototype)
	m := singleModel(t, "", append(ownTasks(t), tasks.QA())...)
	dir := filepath.Join(t.TempDir(), "model")
	save(t, dir, m, tok)
	for _, name := range slices.Concat(linears("places_transform.0", "places_classifier", "mood_pre", "mood_heads.caller", "mood_heads.agent", "topics_heads.about"),
		[]string{"topics_attention.attention.weight", "qa_heads.hold.weight", "backbone.embeddings.word_embeddings.weight"}) {
		if _, found := m.Params().Get(name); !found {
			t.Errorf("no parameter %s", name)
		}
	}
	back, _ := mustLoad(t, dir)
	expectSameModel(t, back, m)
}
