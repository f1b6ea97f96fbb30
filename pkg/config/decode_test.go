package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// prototype holds the values of the Python prototype's own file.
const prototype = `
backbone:
  model_name: "distilbert-base-cased"   # cased
  dropout: 0.1

data:
  ner_path:             "../data/ner_synthetic_dataset_v1.jsonl"
  classification_path:  "../data/cases_generated_data_v0005.json"
  qa_path:              "../data/synthetic_qa_metrics_data_v01x.json"
  test_size: 0.1
  random_seed: 42

tokenizer:
  max_length: 512
  padding:    "max_length"
  truncation: true

training:
  num_epochs:               10
  batch_size:               16
  learning_rate:            2.0e-5
  weight_decay:             0.01
  warmup_ratio:             0.1
  max_grad_norm:            1.0
  early_stopping_patience:  3

output:
  model_dir:        "./attention_fusion_model"
  label_maps_file:  "label_maps.json"
  metrics_file:     "metrics.json"

mlflow:
  enabled:          true
  tracking_uri:     "file:./mlruns"
  experiment_name:  "attention_fusion_multitask"
  run_name:         "multitask_train"
`

func TestPrototypesFileLoadsUnchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(prototype), 0o600); err != nil {
		t.Fatal(err)
	}
	got, notes, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Default(TaskMultitask)
	want.Data.NERPath = "../" + want.Data.NERPath
	want.Data.ClassificationPath = "../" + want.Data.ClassificationPath
	want.Data.QAPath = "../" + want.Data.QAPath
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v, the defaults but for the paths", got, want)
	}
	if len(notes) > 0 {
		t.Errorf("notes of a file that needs none: %v", notes)
	}
}

func TestDefaultsAreThePrototypes(t *testing.T) {
	c := Default(TaskMultitask)
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	wantTraining := Training{
		NumEpochs: 10, BatchSize: 16, LearningRate: 2e-5, WeightDecay: 0.01, WarmupRatio: 0.1, MaxGradNorm: 1,
		EarlyStoppingPatience: 3, Precision: "fp32", Seed: 42, SaveMinutes: 10, MaxBadSteps: 5,
		MetricForBestModel: "avg", Sampling: "proportional", SamplingTemperature: 2,
		RankTimeoutMinutes: 10, GradientCompression: "none", RankBackend: "auto",
		AccumulationSteps: 1, LRScheduler: "linear", LayerDecay: 1,
	}
	if !reflect.DeepEqual(c.Training, wantTraining) {
		t.Errorf("training: got %+v, want %+v", c.Training, wantTraining)
	}
	wantMLflow := MLflow{true, "file:./mlruns", "attention_fusion_multitask", "multitask_train", true, "", "champion", "better", false, 0}
	if c.MLflow != wantMLflow {
		t.Errorf("mlflow: got %+v, want %+v", c.MLflow, wantMLflow)
	}
	if c.Data.Generate.Enabled() {
		t.Error("data is generated without being asked for")
	}
}

func TestEveryKeyIsRead(t *testing.T) {
	want := Config{
		Task:     "distill",
		Backbone: Backbone{"m", "v1", 0.2, "pretrained", Size{64, 2, 4, 128}, "keep", true, 3},
		Data:     Data{"n", "c", "q", 0.3, 0.1, "rest", "sub", 7, true, Demo{1, 2, 3, true, false, 4}, nil, "r"},
		Tasks: []Task{
			{Use: "ner", LossWeight: 2},
			{Name: "names", Kind: "token", File: "f", Text: "t", Entities: "e", Labels: []string{"A"}, Transform: true},
			{Name: "mood", Kind: "multiclass", File: "f", Pooling: "cls", PreClassifier: true, Heads: []Head{{"h", "f", []string{"x"}, "main_category", "g"}}},
		},
		Tokenizer: Tokenizer{
			MaxLength: 128, Padding: "longest", Truncation: false, VocabSize: 500, LowerCase: true, Long: "windows", Stride: 9, MaxTokens: 4096, CutAt: "turns",
		},
		Training: Training{
			2, 4, 1e-3, 0.5, 0.2, 5, 2, 50, "loss", 5, 0.1, "bf16", 9, 3, 25, 2.5, 4, "proportional", 4,
			LossWeights{ByTask: map[string]float64{"mood": 3}}, map[string]ClassWeights{"ner": {Balanced: true}, "mood/h": {ByLabel: map[string]float64{"x": 2}}}, 7, "bf16", "gloo",
			4e-3, 0.9, true, 0.05, true, "cosine", 2, 512, true, true,
		},
		Distill: Distill{"cache", map[string]Teacher{"ner": {Paths{"m"}, 0.25, 3, 1, "linear", 0.5}}, nil, true, true, Paths{"calls", "more"}, 0.5},
		Output:  Output{"d", "l", "m", true, true},
		MLflow:  MLflow{true, "u", "e", "r", true, "m", "best", "always", true, 7},
	}
	want.Tokenizer.SpeakerTokens = Speakers{"Counselor:", "[CALLER]"}
	text, err := yaml.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !same(t, got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestMistakesNameTheirLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown section":           {"\ntraning:\n  batch_size: 8\n", `line 2: unknown key traning`},
		"unknown key":               {"training:\n  num_epochs: 1\n  batch: 8\n", `line 3: unknown key training.batch`},
		"unknown deep key":          {"data:\n  generate:\n    calls: 8\n", `line 3: unknown key data.generate.calls`},
		"key in the wrong section":  {"data:\n  batch_size: 8\n", `line 2: unknown key data.batch_size`},
		"key in other case":         {"Training:\n  batch_size: 8\n", `line 1: unknown key Training`},
		"misspelt section":          {"traning:\n  batch_size: 8\n", `line 1: unknown key traning (did you mean training?)`},
		"misspelt key":              {"training:\n  bath_size: 8\n", `line 2: unknown key training.bath_size (did you mean training.batch_size?)`},
		"hyphen for underscore":     {"training:\n  batch-size: 8\n", `line 2: unknown key training.batch-size (did you mean training.batch_size?)`},
		"beginning of a key":        {"training:\n  batch: 8\n", `line 2: unknown key training.batch (did you mean training.batch_size or training.batch_tokens?)`},
		"letters exchanged":         {"data:\n  generate:\n    caess: 8\n", `line 3: unknown key data.generate.caess (did you mean data.generate.cases?)`},
		"another section's key":     {"data:\n  batch_size: 8\n", `line 2: unknown key data.batch_size (did you mean training.batch_size?)`},
		"key without its section":   {"learning_rate: 1\n", `line 1: unknown key learning_rate (did you mean training.learning_rate?)`},
		"misspelt, without section": {"learningrat: 1\n", `line 1: unknown key learningrat (did you mean training.learning_rate?)`},
		"beginning of a word":       {"data:\n  ner: x\n", `line 2: unknown key data.ner (did you mean data.ner_path?)`},
		"a word cut short":          {"tokenizer:\n  max_len: 8\n", `line 2: unknown key tokenizer.max_len (did you mean tokenizer.max_length?)`},
		"a word too few":            {"training:\n  epochs: 8\n", `line 2: unknown key training.epochs (did you mean training.num_epochs?)`},
		"a word too long":           {"output:\n  model_directory: x\n", `line 2: unknown key output.model_directory (did you mean output.model_dir?)`},
		"the last word":             {"mlflow:\n  uri: x\n", `line 2: unknown key mlflow.uri (did you mean mlflow.tracking_uri?)`},
		"one of two":                {"training:\n  early_stopping: 1\n", `line 2: unknown key training.early_stopping (did you mean training.early_stopping_min_delta or training.early_stopping_patience?)`},
		"a task's key":              {"tasks:\n  - nam: x\n", `line 2: unknown key tasks[1].nam (did you mean tasks[1].name?)`},
		"a teacher's key":           {"distill:\n  teachers:\n    ner: {modell: x}\n", `line 3: unknown key distill.teachers.ner.modell (did you mean distill.teachers.ner.model?)`},
		"key in other letters":      {"Training:\n  batch_size: 8\n", `line 1: unknown key Training (did you mean training?)`},
		"nothing like it":           {"a: 1\nflavour: 2\n", `line 1: unknown key a; line 2: unknown key flavour` + "\n"},
		"key that is a list":        {"training:\n  [batch_size]: 8\n", `line 2: unknown key training`},
		"merge key":                 {"<<: {task: multitask}\n", `line 1: unknown key <<`},
		"key twice":                 {"training:\n  batch_size: 8\n  batch_size: 9\n", `line 3: second training.batch_size`},
		"two mistakes":              {"a: 1\nb: 2\n", `line 1: unknown key a; line 2: unknown key b`},
		"text for a number":         {"training:\n  batch_size: many\n", `line 2: training.batch_size: want a whole number, got "many"`},
		"fraction of a count":       {"training:\n  batch_size: 1.5\n", `line 2: training.batch_size: want a whole number, got "1.5"`},
		"list for a number":         {"training:\n  learning_rate: [1]\n", `line 2: training.learning_rate: want a number, got a list`},
		"negative seed":             {"data:\n  random_seed: -1\n", `line 2: data.random_seed: want a whole number from 0 to 4294967295, got "-1"`},
		"seed of 33 bits":           {"data:\n  random_seed: 4294967296\n", `line 2: data.random_seed: want a whole number from 0`},
		"word for a switch":         {"mlflow:\n  enabled: maybe\n", `line 2: mlflow.enabled: want true or false, got "maybe"`},
		"section for a text":        {"data:\n  qa_path: {a: 1}\n", `line 2: data.qa_path: want a text, got a section of keys`},
		"text for a section":        {"training: fast\n", `line 1: training: want a section of keys, got "fast"`},
		"list for the whole":        {"- task\n", `line 1: want a section of keys, got a list`},
		"no value":                  {"data:\n  ner_path: a\n  qa_path:\n", `line 3: data.qa_path: no value`},
		"section within itself":     {"training: &a\n  batch_size: *a\n", `training.batch_size: want a whole number`},
		"two documents":             {"task: multitask\n---\ntask: multitask\n", `more than one YAML document`},
		"no YAML":                   {"training:\n\tbatch_size: 8\n", `line 2`},
		"value that training can't": {"training:\n  batch_size: 0\n", `training.batch_size: want a number above 0, got 0`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(c.text), nil)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error()+"\n", c.want) {
				t.Errorf("error %q doesn't say %q", err, c.want)
			}
		})
	}
}

func TestLeavingOutKeepsDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "training:\n", "data:\n  generate:\n", "~"} {
		c, err := Parse([]byte(text), nil)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if !reflect.DeepEqual(c, Default(TaskMultitask)) {
			t.Errorf("%q: got %+v, want the defaults", text, c)
		}
	}
}

func TestOverrides(t *testing.T) {
	base := []byte("training:\n  batch_size: 2\n  num_epochs: 3\n")
	c, err := Parse(base, []string{
		"training.batch_size=8", "training.learning_rate=1e-3", "mlflow.enabled=false", "mlflow.run_name=2024",
		"data.generate.ner=5", "data.qa_path=", `data.classification_path=""`, "backbone.size={dim: 64, layers: 2}", "backbone.init=random",
		"output.model_dir=a=b", "training.batch_size=9",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Default(TaskMultitask)
	want.Training.BatchSize = 9
	want.Training.NumEpochs = 3
	want.Training.LearningRate = 1e-3
	want.MLflow.Enabled = false
	want.MLflow.RunName = "2024"
	want.Data.Generate.NER = 5
	want.Data.QAPath, want.Data.ClassificationPath = "", ""
	want.Backbone.Size.Dim, want.Backbone.Size.Layers = 64, 2
	want.Backbone.Init = InitRandom
	want.Output.ModelDir = "a=b"
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestBadOverrides(t *testing.T) {
	for override, want := range map[string]string{
		"training.batch_size":        "want section.key=value",
		"=8":                         "want section.key=value",
		"batch_size=8":               "unknown key batch_size (did you mean training.batch_size?)",
		"training.batchsize=8":       "unknown key training.batchsize (did you mean training.batch_size?)",
		"outptu.model_dir=x":         "unknown key outptu (did you mean output?)",
		"training.batch=8":           "unknown key training.batch",
		"training..batch_size=8":     "unknown key training.",
		"training.batch_size.more=8": "training.batch_size: want a whole number, got a section of keys",
		"training.batch_size=x":      `training.batch_size: want a whole number, got "x"`,
		"training.batch_size=2.5":    `training.batch_size: want a whole number, got "2.5"`,
		"training.batch_size=":       `training.batch_size: want a whole number, got ""`,
		"mlflow.run_name=~":          "mlflow.run_name: no value",
		"training=fast":              `training: want a section of keys, got "fast"`,
		"mlflow.run_name=[":          "yaml",
		"training.num_epochs=0":      "training.num_epochs: want a number above 0, got 0",
	} {
		_, err := Parse(nil, []string{override})
		switch {
		case err == nil:
			t.Errorf("%s: no error", override)
		case !strings.Contains(err.Error(), want):
			t.Errorf("%s: error %q doesn't say %q", override, err, want)
		case strings.Contains(err.Error(), "line") && want != "yaml":
			t.Errorf("%s: error %q names a line that no file has", override, err)
		}
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.yaml")
	if _, _, err := Load(missing, nil); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("missing file: got %v, want its path", err)
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("tusk: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load(bad, nil); err == nil || !strings.Contains(err.Error(), bad+": configuration: line 1") {
		t.Errorf("bad file: got %v, want its path and line", err)
	}
}

// What --set has got wrong isn't looked for in the file.
func TestErrorsNameSet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	for name, test := range map[string]struct {
		file string
		sets []string
		want string // PATH is the file's
	}{
		"value":              {"", []string{"training.batch_size=0"}, "--set training.batch_size: want a number above 0, got 0"},
		"type":               {"", []string{"training.batch_size=x"}, `--set training.batch_size=x: training.batch_size: want a whole number, got "x"`},
		"empty":              {"", []string{"output.model_dir="}, `--set output.model_dir: want a directory, got ""`},
		"two":                {"", []string{"training={batch_size: 0, num_epochs: 0}"}, "--set training.batch_size: want a number above 0, got 0; --set training.num_epochs: want a number above 0, got 0"},
		"the file's":         {"training: {batch_size: 0}", []string{"training.num_epochs=2"}, "PATH: configuration: training.batch_size: want a number above 0, got 0"},
		"both":               {"training: {batch_size: 0}", []string{"training.num_epochs=0"}, "PATH: configuration: training.batch_size: want a number above 0, got 0; --set training.num_epochs: want a number above 0, got 0"},
		"corrected by --set": {"training: {batch_size: 0}", []string{"training.batch_size=2"}, ""},
		"another of data":    {"task: multitask\ndata: {ner_path: '', classification_path: '', qa_path: ''}", []string{"data.random_seed=2"}, "PATH: configuration: data: want at least one of ner_path, classification_path and qa_path, got none"},
		"unused":             {"", []string{"training.sampling_temperature=3"}, "--set training.sampling_temperature isn't used with training.sampling: proportional; set training.sampling=temperature"},
	} {
		if err := os.WriteFile(path, []byte(test.file), 0o600); err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, _, err := Load(path, test.sets); err != nil {
			got = strings.ReplaceAll(err.Error(), path, "PATH")
		}
		if got != test.want {
			t.Errorf("%s: error %q\nwant %q", name, got, test.want)
		}
	}
}

// FuzzParse: no file makes Parse panic, and what it accepts is valid and means
// the same when written and read again.
func FuzzParse(f *testing.F) {
	for _, task := range []string{TaskNER, TaskClassification, TaskQA} {
		f.Add([]byte(prototypeFile(f, task)), "training.eval_steps=3")
	}
	for _, text := range []string{
		prototype, "", "task: multitask", "training: {batch_size: 8}", "data: {generate: {ner: 1}}",
		"a: &a [*a]", "&a training: *a", "x: !!binary aGk=", "mlflow: {enabled: yes}", "training:\n  learning_rate: .inf\n",
		"mlflow: {run_name: 2001-01-01}", "mlflow: {run_name: \"\\0\"}",
	} {
		f.Add([]byte(text), "training.batch_size=8")
	}
	f.Fuzz(func(t *testing.T, text []byte, override string) {
		c, err := Parse(text, []string{override})
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Fatalf("accepted, yet %v", err)
		}
		written, err := yaml.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(written, nil)
		if err != nil {
			t.Fatalf("%v in\n%s", err, written)
		}
		if !same(t, again, c) {
			t.Errorf("got  %+v\nwant %+v", again, c)
		}
	})
}

// same reports whether two configurations are written alike.
func same(t *testing.T, a, b Config) bool {
	t.Helper()
	textA, errA := yaml.Marshal(a)
	textB, errB := yaml.Marshal(b)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	return string(textA) == string(textB)
}
