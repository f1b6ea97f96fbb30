package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A setting without effect is refused where the user has just set it, and told of where a
// file has it.
func TestUnusedSettings(t *testing.T) {
	const random, named = "backbone: {init: random}\n", "backbone: {model_name: m}\n"
	const student = "task: pretrain\ndata: {pretrain_path: calls}\nbackbone: {model_name: m}\ndistill: {encoder: {model: t, layers: [0]}}\n"
	const taught = "task: distill\ndistill: {teachers: {ner: {model: m}}, "
	const modelName = "backbone.model_name isn't used with backbone.init: random, which starts from no model; set backbone.init=pretrained"
	for name, test := range map[string]struct {
		file    string
		sets    []string
		refused string
		warned  string
	}{
		"model by --set":                          {file: random, sets: []string{"backbone.model_name=m"}, refused: modelName},
		"model in a section of --set":             {file: random, sets: []string{"backbone={model_name: m}"}, refused: modelName},
		"model and init by --set":                 {sets: []string{"backbone.model_name=m", "backbone.init=random"}, refused: modelName},
		"revision by --set":                       {file: random, sets: []string{"backbone.revision=v1"}, refused: "backbone.revision isn't used"},
		"the default model by --set":              {file: random, sets: []string{"backbone.model_name=distilbert-base-cased"}, refused: modelName},
		"both in the file":                        {file: "backbone: {init: random, model_name: m}\n", warned: modelName},
		"init by --set over a file":               {file: named, sets: []string{"backbone.init=random"}},
		"what the message says":                   {file: random, sets: []string{"backbone.model_name=m", "backbone.init=pretrained"}},
		"no model by --set":                       {file: random, sets: []string{"backbone.model_name="}},
		"neither":                                 {},
		"size by --set":                           {file: named, sets: []string{"backbone.size.dim=64"}, refused: "backbone.size isn't used with backbone.init: pretrained"},
		"size in the file":                        {file: "backbone: {size: {dim: 64}}\n", warned: "set backbone.init=random"},
		"size of a file made pretrained":          {file: "backbone: {init: random, size: {dim: 64}}\ntokenizer: {vocab_size: 500}\n", sets: []string{"backbone.init=pretrained", "backbone.model_name=m"}},
		"an empty size":                           {file: named, sets: []string{"backbone.size={}"}},
		"size and init by --set":                  {sets: []string{"backbone.size.dim=64", "backbone.init=pretrained"}},
		"vocabulary's size by --set":              {file: named, sets: []string{"tokenizer.vocab_size=500"}, refused: "tokenizer.vocab_size isn't used"},
		"lower case in the file":                  {file: "tokenizer: {lower_case: true}\n", warned: "tokenizer.lower_case isn't used"},
		"student of layers":                       {file: student},
		"student's model by --set":                {file: student, sets: []string{"backbone.model_name=n"}, refused: "backbone.model_name isn't used with distill.encoder.layers"},
		"pretrain's default of ner":               {file: "task: ner\npretrain: {mask_probability: 0}\n", refused: "pretrain: want nothing but with task: pretrain"},
		"pretrain's default by --set":             {file: "task: ner\n", sets: []string{"pretrain.whole_word=false"}, refused: "pretrain: want nothing but with task: pretrain"},
		"clipping a step of one task":             {sets: []string{"training.clip_per_task=true"}, refused: "training.clip_per_task isn't used with steps that hold one task each; set training.mix_tasks=true"},
		"clipping in the file":                    {file: "training: {clip_per_task: true}\n", warned: "set training.mix_tasks=true"},
		"clipping one task":                       {file: "task: ner\n", sets: []string{"training.clip_per_task=true", "training.mix_tasks=true"}, refused: "training.clip_per_task isn't used"},
		"clipping mixed tasks":                    {sets: []string{"training.clip_per_task=true", "training.mix_tasks=true"}},
		"clipping tasks of one file":              {file: "data: {ner_path: a, classification_path: b, qa_path: a}\n", sets: []string{"training.clip_per_task=true"}},
		"clipping nothing":                        {sets: []string{"training.clip_per_task=true", "training.mix_tasks=true", "training.max_grad_norm=0"}, refused: "training.clip_per_task isn't used with training.max_grad_norm: 0"},
		"no clipping by --set":                    {file: "training: {clip_per_task: true, mix_tasks: true}\n", sets: []string{"training.max_grad_norm=0"}},
		"clipping unset":                          {sets: []string{"training.clip_per_task=false"}},
		"a temperature without use":               {file: "training: {sampling: annealed}\n", sets: []string{"training.sampling_temperature=3"}, refused: "training.sampling_temperature isn't used with training.sampling: annealed; set training.sampling=temperature"},
		"temperature and sampling by --set":       {sets: []string{"training.sampling_temperature=3", "training.sampling=annealed"}, refused: "training.sampling_temperature isn't used"},
		"a temperature in the file":               {file: "training: {sampling_temperature: 3}\n", warned: "training.sampling: proportional"},
		"sampling by --set":                       {file: "training: {sampling: temperature, sampling_temperature: 3}\n", sets: []string{"training.sampling=uniform"}},
		"a temperature in use":                    {sets: []string{"training.sampling=temperature", "training.sampling_temperature=3"}},
		"an empty section":                        {file: "task: ner\npretrain:\n"},
		"pretrain's zero of task pretrain":        {file: "task: pretrain\ndata: {pretrain_path: calls}\npretrain: {whole_word: false}\n"},
		"weight of calls without labels by --set": {sets: []string{"distill.soft_weight=2"}, refused: "distill.soft_weight isn't used with distill.every_call: false and no distill.unlabelled_path"},
		"the same in the file":                    {file: "distill: {soft_weight: 2}\n", warned: "set distill.every_call=true or distill.unlabelled_path"},
		"the same with every call":                {file: taught + "every_call: true}\n", sets: []string{"distill.soft_weight=2"}},
		"the same with calls":                     {file: taught + "soft_weight: 2}\n", sets: []string{"distill.unlabelled_path=calls"}},
		"every call is switched off by --set":     {file: taught + "every_call: true, soft_weight: 2}\n", sets: []string{"distill.every_call=false"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.yaml")
			if err := os.WriteFile(path, []byte(test.file), 0o666); err != nil {
				t.Fatal(err)
			}
			_, notes, err := Load(path, test.sets)
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Errorf("error %v, want %q", err, test.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if test.warned == "" {
				if len(notes) > 0 {
					t.Errorf("notes %v", notes)
				}
			} else if len(notes) != 1 || !notes[0].Warning || !strings.Contains(notes[0].Text, test.warned) {
				t.Errorf("notes %v, want %q", notes, test.warned)
			}
		})
	}
}

// None of the repository's configurations sets what it doesn't use.
func TestShippedConfigurationsUseWhatTheySet(t *testing.T) {
	paths, err := filepath.Glob("../../configs/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("configurations %v, %v", paths, err)
	}
	for _, path := range paths {
		_, notes, err := Load(path, nil)
		if err != nil {
			t.Error(err)
		}
		for _, note := range notes {
			if note.Warning {
				t.Errorf("%s warns: %s", path, note.Text)
			}
		}
	}
}
