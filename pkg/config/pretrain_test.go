package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestPretrain(t *testing.T) {
	c, err := Parse([]byte("task: pretrain\ndata: {pretrain_path: calls}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Pretrain{MaskProbability: 0.15}); c.Pretrain != want || c.Distill.Encoder != nil || !slices.Equal(c.TaskNames(), []string{"mlm"}) {
		t.Errorf("pretrain %+v, encoder %v, tasks %v", c.Pretrain, c.Distill.Encoder, c.TaskNames())
	}
	if !slices.Equal(c.Data.PretrainPath, Paths{"calls"}) || c.Data.NERPath != "" {
		t.Errorf("data %+v", c.Data)
	}
	c, err = Parse([]byte("task: pretrain\ndata:\n  pretrain_path: [a, b/*.txt]\npretrain: {whole_word: true}\ndistill:\n  encoder: {model: m, layers: [0, 2]}\n"),
		[]string{"distill.encoder.alpha_mlm=3", "pretrain.mask_probability=0.2"})
	if err != nil {
		t.Fatal(err)
	}
	want := DistillEncoder{Model: "m", Revision: "main", Layers: []int{0, 2}, ModelType: "distilbert", Temperature: 2, AlphaCE: 5, AlphaMLM: 3, AlphaCos: 1}
	if !reflect.DeepEqual(*c.Distill.Encoder, want) || c.Pretrain != (Pretrain{0.2, true}) || len(c.Data.PretrainPath) != 2 {
		t.Errorf("encoder %+v, pretrain %+v, paths %v", *c.Distill.Encoder, c.Pretrain, c.Data.PretrainPath)
	}
	params, err := c.Params()
	if err != nil || params["distill_encoder_alpha_mlm"] != "3" || params["mask_probability"] != "0.2" || params["pretrain_path"] != "a, b/*.txt" {
		t.Errorf("parameters %v, %v", params, err)
	}
}

func TestEveryKeyOfPretrainIsRead(t *testing.T) {
	want := Default(TaskPretrain)
	want.Data.PretrainPath = Paths{"a", "b"}
	want.Pretrain = Pretrain{0.3, true}
	want.Distill.Encoder = &DistillEncoder{"m", "v", []int{3, 1}, "bert", 3, 1, 4, 6, 7, 8, 2}
	text, err := yaml.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(text, nil)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, got %+v\nwant %+v", err, got, want)
	}
}

func TestPretrainRefuses(t *testing.T) {
	const begin = "task: pretrain\ndata: {pretrain_path: calls"
	for text, want := range map[string]string{
		"task: pretrain\n":                                                                                   "data.pretrain_path: want files, folders or patterns of calls, got none",
		"data: {pretrain_path: calls}\n":                                                                     "data.pretrain_path: want nothing but with task: pretrain",
		"pretrain: {whole_word: true}\n":                                                                     "pretrain: want nothing but with task: pretrain",
		"distill: {encoder: {model: m}}\n":                                                                   "distill.encoder: want nothing but with task: pretrain",
		begin + "}\npretrain: {mask_probability: 1}":                                                         "pretrain.mask_probability: want a number above 0 and below 1, got 1",
		begin + ", validation_size: 0.1}\n":                                                                  "data.validation_size: want 0",
		begin + ", stratify: sub}\n":                                                                         "data.stratify",
		begin + "}\ntasks: [{use: ner}]\n":                                                                   "tasks: want no list beside task: pretrain",
		begin + "}\npretrain: {mask: 1}\n":                                                                   "unknown key pretrain.mask",
		begin + "}\ndistill: {encoder: {}}\n":                                                                "distill.encoder.model: want a directory or a name",
		begin + "}\ndistill: {encoder: {model: m, layer: [1]}}\n":                                            "unknown key distill.encoder.layer (did you mean distill.encoder.layers?)",
		begin + "}\ndistill: {encoder: {model: m, layers: [0, -1]}}\n":                                       "distill.encoder.layers: want layers counted from 0, got -1",
		begin + "}\ndistill: {encoder: {model: m, layers: [0]}}\nbackbone: {init: random}\n":                 "distill.encoder.layers: want none beside a backbone of its own",
		begin + "}\ndistill: {encoder: {model: m, alpha_ce: 0, alpha_mlm: 0, alpha_cos: 0}}\n":               "a weight above 0",
		begin + "}\ndistill: {encoder: {model: m, alpha_values: .nan}}\n":                                    "configuration: distill.encoder.alpha_values: want a finite number, 0 or more, got NaN",
		begin + "}\ndistill: {encoder: {model: m, alpha_cos: .inf}}\n":                                       "configuration: distill.encoder.alpha_cos: want a finite number, 0 or more, got +Inf",
		begin + "}\ndistill: {encoder: {model: m, temperature: .nan}}\n":                                     "configuration: distill.encoder.temperature: want a number from 0.01 to 1000, got NaN",
		begin + "}\npretrain: {mask_probability: .nan}\n":                                                    "configuration: pretrain.mask_probability: want a number above 0 and below 1, got NaN",
		begin + "}\ndistill: {encoder: {model: m, temperature: 0}}\n":                                        "distill.encoder.temperature",
		begin + "}\ndistill: {encoder: {model: m, temperature: 1.0e9}}\n":                                    "distill.encoder.temperature: want a number from 0.01 to 1000, got 1e+09",
		begin + "}\ntraining: {metric_for_best_model: perplexity}\n":                                         "or a figure such as val_mlm/perplexity, got",
		begin + "}\ndistill: {encoder: {model: m, model_type: roberta}}\n":                                   "distill.encoder.model_type: want distilbert or bert",
		begin + "}\ndistill: {teachers: {ner: {model: m}}}\n":                                                "distill.teachers: want teachers with task: distill",
		"task: pretrain\ndata: {pretrain_path: {a: b}}\n":                                                    "data.pretrain_path: want a path, or a list of paths",
		"task: pretrain\ndata: {pretrain_path: 5}\n":                                                         "data.pretrain_path: want a path, or a list of paths",
		"task: pretrain\ndata: {pretrain_path: [\"\"]}\n":                                                    "data.pretrain_path[1]: want a path",
		begin + "}\ntraining: {class_weights: {mlm: balanced}}\n":                                            "training.class_weights: want none with task: pretrain",
		begin + "}\nbackbone: {heads: keep}\n":                                                               "backbone.heads: want new with task: pretrain",
		begin + "}\ntraining: {label_smoothing_factor: 0.1}\ndistill: {encoder: {model: m, alpha_mlm: 0}}\n": "training.label_smoothing_factor: want 0 with distill.encoder.alpha_mlm: 0",
	} {
		if _, err := Parse([]byte(text), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// Other tasks' settings have no keys of pretraining, so runs of earlier versions can be
// resumed.
func TestOtherTasksLackPretrain(t *testing.T) {
	settings, err := Default(TaskMultitask).Settings()
	if err != nil {
		t.Fatal(err)
	}
	for key := range settings {
		if strings.Contains(key, "pretrain") || strings.Contains(key, "distill.encoder") {
			t.Errorf("there is a setting %s", key)
		}
	}
}

// Patterns and folders are looked for beside the configuration, too.
func TestPretrainPathBeside(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"c.yaml": "task: pretrain\ndata: {pretrain_path: [\"*.txt\", more]}\n", "a.txt": "call\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(t.TempDir())
	c, notes, err := Load(filepath.Join(dir, "c.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Paths{filepath.Join(dir, "*.txt"), "more"}); !slices.Equal(c.Data.PretrainPath, want) || len(notes) != 1 {
		t.Errorf("paths %v, notes %v", c.Data.PretrainPath, notes)
	}
}
