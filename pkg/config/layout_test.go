package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// prototypeFile reads a file with the keys and values of one of the Python
// prototype's single-task configurations.
func prototypeFile(t testing.TB, task string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "prototype", task+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestPrototypesSingleTaskFiles: a file of each becomes what its trainer does,
// which is what our defaults of the task are but for names and places.
func TestPrototypesSingleTaskFiles(t *testing.T) {
	for task, differ := range map[string]func(c *Config){
		TaskNER: func(c *Config) {
			c.Data.NERPath, c.Data.ValidationSize, c.Data.LabelAllSubwords = "../data/ner_synthetic_dataset_v1.jsonl", 0.1, true
			c.Training.SaveSteps = 1000
			c.Output.ModelDir, c.Output.MetricsFile = "./entities_model", "figures.json"
			c.MLflow.ExperimentName, c.MLflow.Enabled = "entities", false
		},
		TaskClassification: func(c *Config) {
			c.Data.ClassificationPath = "../data/cases_generated_data_v0005.json"
			c.Output.ModelDir, c.Output.MetricsFile = "case_models/", "case_metrics.json"
			c.MLflow.ExperimentName = "cases"
		},
		TaskQA: func(c *Config) {
			c.Data.QAPath = "../data/synthetic_qa_metrics_data_v01x.json"
			c.Output.ModelDir, c.Output.MetricsFile = "call_models/", "call_metrics.json"
			c.MLflow.ExperimentName = "calls"
		},
	} {
		want := Default(task)
		differ(&want)
		text := prototypeFile(t, task)
		for name, c := range map[string]struct {
			text string
			set  []string
		}{"as it is": {text, nil}, "with a task": {text + "task: " + task + "\n", nil}, "with --set task": {text, []string{"task=" + task}}} {
			got, err := Parse([]byte(c.text), c.set)
			if err != nil {
				t.Errorf("%s, %s: %v", task, name, err)
			} else if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: got\n%+v\nwant\n%+v", task, name, got, want)
			}
		}
	}
}

// What the trainers do by their code, with nothing in the file.
func TestSingleTaskDefaultsAreThePrototypes(t *testing.T) {
	type recipe struct {
		epochs, batch, warmupSteps, evalSteps, patience, length int
		warmupRatio, minDelta, test, validation                 float64
		validationOf, best, stratify, model                     string
	}
	for task, want := range map[string]recipe{
		TaskNER:            {5, 8, 0, 1000, 0, 512, 0.1, 0, 0.1, 0, "all", "val_ner/token_weighted_f1", "", "distilbert-base-cased"},
		TaskClassification: {12, 16, 0, 0, 0, 512, 0, 0, 0.1, 0, "all", "val_cls/avg_acc", "sub", "distilbert-base-uncased"},
		TaskQA:             {10, 4, 100, 0, 3, 256, 0, 0.001, 0.2, 0.1, "rest", "loss", "", "distilbert-base-uncased"},
	} {
		c := Default(task)
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", task, err)
		}
		got := recipe{
			c.Training.NumEpochs, c.Training.BatchSize, c.Training.WarmupSteps, c.Training.EvalSteps, c.Training.EarlyStoppingPatience, c.Tokenizer.MaxLength,
			c.Training.WarmupRatio, c.Training.EarlyStoppingMinDelta, c.Data.TestSize, c.Data.ValidationSize,
			c.Data.ValidationOf, c.Training.MetricForBestModel, c.Data.Stratify, c.Backbone.ModelName,
		}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", task, got, want)
		}
	}
}

func TestLayoutRules(t *testing.T) {
	for name, c := range map[string]struct {
		task, was, is string // in the file of the task
		set           []string
		want          func(c Config) bool // nil: what the file says all the same
	}{
		"by epochs":           {TaskNER, "eval_strategy: steps", "eval_strategy: epoch", nil, func(c Config) bool { return c.Training.EvalSteps == 0 }},
		"every 50 steps":      {TaskNER, "eval_steps: 1000", "eval_steps: 50", nil, func(c Config) bool { return c.Training.EvalSteps == 50 }},
		"cases by steps":      {TaskClassification, "eval_strategy: epoch", "eval_strategy: steps\n  eval_steps: 7", nil, func(c Config) bool { return c.Training.EvalSteps == 7 }},
		"by logging, 100":     {TaskClassification, "eval_strategy: epoch", "eval_strategy: steps", nil, func(c Config) bool { return c.Training.EvalSteps == 100 }},
		"by logging, 0":       {TaskClassification, "eval_strategy: epoch", "eval_strategy: steps\n  eval_steps: 0", nil, func(c Config) bool { return c.Training.EvalSteps == 100 }},
		"entities by logging": {TaskNER, "  eval_steps: 1000\n", "", nil, func(c Config) bool { return c.Training.EvalSteps == 500 }},
		"states by epochs":    {TaskNER, "save_strategy: steps", "save_strategy: epoch", nil, func(c Config) bool { return c.Training.SaveSteps == 0 }},
		"macro F1":            {TaskNER, "weighted", "macro", nil, func(c Config) bool { return c.Training.MetricForBestModel == "val_ner/token_macro_f1" }},
		"micro F1":            {TaskNER, "weighted", "micro", nil, func(c Config) bool { return c.Training.MetricForBestModel == "val_ner/token_accuracy" }},
		"without eval_":       {TaskNER, "eval_f1", "f1", nil, func(c Config) bool { return c.Training.MetricForBestModel == "val_ner/token_weighted_f1" }},
		"accuracy":            {TaskNER, "eval_f1", "eval_accuracy", nil, func(c Config) bool { return c.Training.MetricForBestModel == "val_ner/token_accuracy" }},
		"lowest loss":         {TaskNER, "eval_f1\n  greater_is_better: true", "eval_loss\n  greater_is_better: false", nil, func(c Config) bool { return c.Training.MetricForBestModel == "loss" }},
		"sub accuracy":        {TaskClassification, "eval_avg_acc", "eval_sub_acc", nil, func(c Config) bool { return c.Training.MetricForBestModel == "val_cls/acc_sub" }},
		"intervention":        {TaskClassification, "eval_avg_acc", "interv_acc", nil, func(c Config) bool { return c.Training.MetricForBestModel == "val_cls/acc_intervention" }},
		"padding true":        {TaskQA, "padding: max_length", "padding: true", nil, func(c Config) bool { return c.Tokenizer.Padding == "longest" }},
		"padding longest":     {TaskNER, "padding: max_length", "padding: longest", nil, func(c Config) bool { return c.Tokenizer.Padding == "longest" }},
		"only output_dir":     {TaskNER, "model_save_dir: ./entities_model\n  ", "", nil, func(c Config) bool { return c.Output.ModelDir == "./checkpoints" }},
		"both seeds":          {TaskNER, "seed: 42", "seed: 7", nil, func(c Config) bool { return c.Data.RandomSeed == 7 && c.Training.Seed == 7 }},
		"seed of the split":   {TaskQA, "random_seed: 42", "random_seed: 7", nil, func(c Config) bool { return c.Data.RandomSeed == 7 && c.Training.Seed == 42 }},
		"reports to MLflow":   {TaskNER, "report_to: []", "report_to: [mlflow, tensorboard]", nil, func(c Config) bool { return c.MLflow.Enabled }},
		"reports to none":     {TaskNER, "report_to: []", "report_to: none", nil, func(c Config) bool { return !c.MLflow.Enabled }},
		"no warm-up":          {TaskQA, "warmup_steps: 100", "warmup_steps: 0", nil, func(c Config) bool { return c.Training.WarmupSteps == 0 && c.Training.WarmupRatio == 0 }},
		"impatient":           {TaskQA, "early_stopping_patience: 3", "early_stopping_patience: 0", nil, func(c Config) bool { return c.Training.EarlyStoppingPatience == 1 }},
		"cosine":              {TaskNER, "warmup_ratio: 0.1", "lr_scheduler_type: cosine", nil, func(c Config) bool { return c.Training.LRScheduler == "cosine" }},
		"accumulates":         {TaskQA, "gradient_accumulation_steps: 1", "gradient_accumulation_steps: 4", nil, func(c Config) bool { return c.Training.BatchSize == 4 && c.Training.AccumulationSteps == 4 }},
		"a path of figures":   {TaskNER, "metrics_file: figures.json", "metrics_file: results/f.json", nil, func(c Config) bool { return c.Output.MetricsFile == "f.json" }},
		"Python's True":       {TaskNER, "load_best_model_at_end: true", "load_best_model_at_end: True", nil, nil},
		"YAML 1.1's yes":      {TaskQA, "save_best_model: true", "save_best_model: yes", nil, nil},
		"an empty section":    {TaskNER, "compute_metrics: {average_method: weighted}", "compute_metrics:", nil, func(c Config) bool { return c.Training.MetricForBestModel == "val_ner/token_weighted_f1" }},
		"an alias":            {TaskClassification, "per_device_train_batch_size: 16\n  per_device_eval_batch_size: 16", "per_device_train_batch_size: &n 32\n  per_device_eval_batch_size: *n", nil, func(c Config) bool { return c.Training.BatchSize == 32 }},
		"our keys beside":     {TaskNER, "seed: 42", "seed: 42\nbackbone: {init: random, size: {dim: 16}}", nil, func(c Config) bool { return c.Backbone.Init == "random" && c.Backbone.Size.Dim == 16 }},
		"our maps beside":     {TaskNER, "  report_to: []", "  class_weights: {ner: balanced}", nil, func(c Config) bool { return c.Training.ClassWeights["ner"].Balanced && c.MLflow.Enabled }},
		"ours before fixed":   {TaskNER, "  test_size: 0.1", "  test_size: 0.1\n  label_all_subwords: false", nil, func(c Config) bool { return !c.Data.LabelAllSubwords }},
		"--set over the file": {TaskNER, "", "", []string{"training.batch_size=3", "output.model_dir=x"}, func(c Config) bool { return c.Training.BatchSize == 3 && c.Output.ModelDir == "x" }},
	} {
		t.Run(name, func(t *testing.T) {
			text := prototypeFile(t, c.task)
			if strings.Count(text, c.was) != 1 && c.was != "" {
				t.Fatalf("%q stands %d times", c.was, strings.Count(text, c.was))
			}
			got, err := Parse([]byte(strings.Replace(text, c.was, c.is, 1)), c.set)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == nil {
				as, err := Parse([]byte(text), nil)
				if err != nil {
					t.Fatal(err)
				}
				c.want = func(got Config) bool { return reflect.DeepEqual(got, as) }
			}
			if !c.want(got) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestLayoutMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		task, was, is string
		set           []string
		want          string
	}{
		"unknown key":           {TaskNER, "logging_steps: 500", "loging_steps: 500", nil, "line 24: training.loging_steps: unknown key, neither one of that layout nor one of Trident's"},
		"unknown key's like":    {TaskNER, "save_total_limit: 3", "save_totl_limit: 3", nil, "training.save_totl_limit: unknown key, neither one of that layout nor one of Trident's (did you mean training.save_total_limit?)"},
		"a section's like":      {TaskClassification, "mlflow:", "Mlflow:", nil, "line 27: Mlflow: unknown key, neither one of that layout nor one of Trident's (did you mean mlflow?)"},
		"no value for two":      {TaskNER, "seed: 42", "seed: null", nil, `configuration: read as the Python prototype's NER configuration: line 38: seed: no value; remove the key, or write "" for an empty text`},
		"another layout's key":  {TaskQA, "batch_size: 4", "per_device_train_batch_size: 4", nil, "line 19: training.per_device_train_batch_size: unknown key"},
		"unknown section":       {TaskClassification, "mlflow:", "ml:", nil, "line 27: ml: unknown key"},
		"two layouts":           {TaskQA, "val_size: 0.1", "val_size: 0.1\n  dataset_path: x", nil, "line 7: data.train_data_path is a key of the Python prototype's QA configuration, but data.dataset_path in line 11 one of the Python prototype's NER configuration"},
		"another task":          {TaskNER, "seed: 42", "seed: 42\ntask: qa", nil, "the file is laid out as the Python prototype's NER configuration, which is for task: ner, not qa"},
		"another task by --set": {TaskQA, "", "", []string{"task=multitask"}, "which is for task: qa, not multitask"},
		"wrong type":            {TaskNER, "num_train_epochs: 5", "num_train_epochs: many", nil, `line 17: training.num_train_epochs: want a whole number, got "many"`},
		"wrong kind":            {TaskNER, "num_train_epochs: 5", "num_train_epochs: [5]", nil, `line 17: training.num_train_epochs: want a whole number, got a list`},
		"no value":              {TaskQA, "batch_size: 4", "batch_size:", nil, "line 19: training.batch_size: no value"},
		"list for a section":    {TaskQA, "training:", "training: [1]\nother:", nil, "line 17: training: want a section of keys, got a list"},
		"key twice":             {TaskQA, "num_epochs: 10", "num_epochs: 10\n  num_epochs: 11", nil, "line 21: training.num_epochs: stands twice; keep one"},
		"ours and theirs":       {TaskNER, "num_train_epochs: 5", "num_train_epochs: 5\n  num_epochs: 6", nil, "line 18: training.num_epochs: says the same as training.num_train_epochs in line 17 (here training.num_epochs); keep one"},
		"last weights":          {TaskNER, "load_best_model_at_end: true", "load_best_model_at_end: false", nil, `line 30: training.load_best_model_at_end: want true, got "false": the best weights are what is kept`},
		"no validation":         {TaskClassification, "eval_strategy: epoch", `eval_strategy: "no"`, nil, "line 21: training.eval_strategy: want steps or epoch"},
		"worst weights":         {TaskClassification, "greater_is_better: true", "greater_is_better: false", nil, "line 25: training.greater_is_better: false doesn't fit eval_avg_acc: the worst weights would be kept"},
		"no such figure":        {TaskClassification, "eval_avg_acc", "eval_avg_f1", nil, `training.metric_for_best_model: no figure like "eval_avg_f1" decides here`},
		"precision":             {TaskNER, "eval_f1", "eval_precision", nil, `no figure like "eval_precision"`},
		"another average":       {TaskNER, "weighted", "samples", nil, `compute_metrics.average_method: want weighted or macro or micro, got "samples"`},
		"another tokenizer":     {TaskNER, "tokenizer_name: distilbert-base-cased", "tokenizer_name: bert-base-cased", nil, `line 9: model.tokenizer_name: want the value of model.model_name, got "bert-base-cased"`},
		"in the file's order":   {TaskQA, "shuffle: true", "shuffle: false", nil, `line 12: data.shuffle: want true, got "false": batches are always shuffled`},
		"padding":               {TaskQA, "padding: max_length", "padding: left", nil, `tokenizer.padding: want max_length, longest, true or false, got "left"`},
		"out of range":          {TaskQA, "num_epochs: 10", "num_epochs: 0", nil, "training.num_epochs: want a number above 0, got 0"},
		"their key in --set":    {TaskNER, "", "", []string{"training.num_train_epochs=3"}, "--set training.num_train_epochs=3: unknown key training.num_train_epochs"},
		"polynomial":            {TaskNER, "warmup_ratio: 0.1", "lr_scheduler_type: polynomial", nil, `training.lr_scheduler_type: want linear or cosine or constant or constant_with_warmup, got "polynomial"`},
	} {
		t.Run(name, func(t *testing.T) {
			text := prototypeFile(t, c.task)
			if strings.Count(text, c.was) != 1 && c.was != "" {
				t.Fatalf("%q stands %d times", c.was, strings.Count(text, c.was))
			}
			_, err := Parse([]byte(strings.Replace(text, c.was, c.is, 1)), c.set)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q doesn't say %q", err, c.want)
			}
		})
	}
}

// Without eval_steps transformers validate each logging_steps, 500 by default.
func TestStepsOfLogging(t *testing.T) {
	file := func(logging string) string {
		return strings.NewReplacer("eval_strategy: epoch", "eval_strategy: steps", "  logging_steps: 100\n", logging).Replace(prototypeFile(t, TaskClassification))
	}
	c, notes, err := parse([]byte(file("")), nil)
	if err != nil || c.Training.EvalSteps != 500 || !strings.Contains(notes[0].Text, "training.eval_steps: 500 (transformers validate each logging_steps") {
		t.Errorf("without logging_steps: %d, %v, %v", c.Training.EvalSteps, notes, err)
	}
	c, notes, err = parse([]byte(file("  logging_steps: 30\n")), nil)
	if err != nil || c.Training.EvalSteps != 30 || !strings.Contains(notes[0].Text, "training.eval_steps: 30, from training.logging_steps") {
		t.Errorf("with 30: %d, %v, %v", c.Training.EvalSteps, notes, err)
	}
	for _, note := range notes {
		if strings.Contains(note.Text, "no effect") && strings.Contains(note.Text, "logging_steps") {
			t.Errorf("it has an effect: %s", note.Text)
		}
	}
	for logging, want := range map[string]string{"0": "training.eval_strategy: steps wants eval_steps or logging_steps above 0", "0.1": `training.logging_steps: want a whole number, got "0.1"`} {
		if _, err := Parse([]byte(file("  logging_steps: "+logging+"\n")), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", logging, err)
		}
	}
}

// A key of theirs in a file of ours is an error as any unknown key.
func TestNoLayoutWithoutItsMarks(t *testing.T) {
	_, err := Parse([]byte("task: ner\ntraining:\n  num_train_epochs: 3\n"), nil)
	if want := "line 3: unknown key training.num_train_epochs"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// Every key of a file is mapped, named as one without effect, or one that
// Trident does as the file says.
func TestNotesNameEveryKey(t *testing.T) {
	for task, want := range map[string]struct{ read, unused, silent []string }{
		TaskNER: {
			read: []string{
				"laid out as the Python prototype's NER configuration; read as task: ner, with",
				"training.num_epochs: 5, from training.num_train_epochs", "training.batch_size: 8, from training.per_device_train_batch_size",
				"data.random_seed: 42, from seed", "training.seed: 42, from seed", "mlflow.enabled: false, from training.report_to []",
				"data.label_all_subwords: true (its code labels every piece of a word)",
				"training.metric_for_best_model: val_ner/token_weighted_f1, from training.metric_for_best_model eval_f1", "line 6: data.validation_size: the prototype doesn't read it",
			},
			unused: []string{
				"experiment.author (line 2), experiment.date (line 2)", "tokenizer.truncation (line 13)", "tokenizer.return_offsets_mapping (line 14)",
				"training.output_dir (line 16)", "training.per_device_eval_batch_size (line 19)", "training.logging_dir (line 23), training.logging_steps (line 24)",
				"training.save_strategy (line 27), training.save_total_limit (line 29)", "device.use_cuda (line 39)",
			},
		},
		TaskClassification: {
			read: []string{"read as task: classification", "backbone.model_name: distilbert-base-uncased, from model.checkpoint", "training.eval_steps: 0, from training.eval_strategy epoch"},
			unused: []string{
				"model.embeddings_dir (line 5)", "data.test_split_output (line 8)", "mlflow.registered_model_name (line 30)",
				"output.labels_dir (line 32), output.main_categories_file (line 33), output.sub_categories_file (line 34), output.interventions_file (line 35), output.priorities_file (line 36)",
				"training.logging_steps (line 26)",
			},
		},
		TaskQA: {
			read: []string{"read as task: qa", "data.validation_size: 0.1, from data.val_size", "data.validation_of: rest (val_size is a share of what the test leaves)"},
			unused: []string{
				"data.test_data_path (line 8)", "mlflow.log_interval (line 31), logging.level (line 39), logging.log_file (line 40), logging.console_output (line 41)",
				"output.save_final_model (line 34)", "output.predictions_file (line 37)",
			},
			silent: []string{"gradient_accumulation_steps", "save_every_epoch", "shuffle"}, // as the file has them
		},
	} {
		_, notes, err := parse([]byte(prototypeFile(t, task)), nil)
		if err != nil {
			t.Fatal(err)
		}
		var said, unused string
		for _, n := range notes {
			if rest, found := strings.CutPrefix(n.Text, "no effect here: "); found {
				unused += rest + "\n"
			}
			said += n.Text + "\n"
		}
		for _, part := range want.read {
			if !strings.Contains(said, part) {
				t.Errorf("%s: nothing says %q:\n%s", task, part, said)
			}
		}
		for _, part := range want.unused {
			if !strings.Contains(unused, part) {
				t.Errorf("%s: nothing says that this has no effect: %q:\n%s", task, part, unused)
			}
		}
		for _, part := range want.silent {
			if strings.Contains(unused, part) {
				t.Errorf("%s: %q is named though it is as in the file:\n%s", task, part, unused)
			}
		}
	}
}

// A default number of warm-up steps doesn't go before a share that is asked for.
func TestWarmupRatioGoesBeforeDefaultSteps(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		set   []string
		steps int
		ratio float64
	}{
		"neither":         {"task: qa", nil, 100, 0},
		"ratio":           {"task: qa\ntraining: {warmup_ratio: 0.2}", nil, 0, 0.2},
		"ratio by --set":  {"task: qa", []string{"training.warmup_ratio=0.2"}, 0, 0.2},
		"both":            {"task: qa\ntraining: {warmup_ratio: 0.2, warmup_steps: 5}", nil, 5, 0.2},
		"no warm-up":      {"task: qa\ntraining: {warmup_steps: 0}", nil, 0, 0},
		"of another task": {"task: ner\ntraining: {warmup_ratio: 0.2}", nil, 0, 0.2},
	} {
		got, err := Parse([]byte(c.text), c.set)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got.Training.WarmupSteps != c.steps || got.Training.WarmupRatio != c.ratio {
			t.Errorf("%s: %d steps, ratio %v; want %d, %v", name, got.Training.WarmupSteps, got.Training.WarmupRatio, c.steps, c.ratio)
		}
	}
}

// docs/training.md says of each key what it becomes.
func TestEveryKeyOfALayoutIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/training.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layouts {
		for key := range l.keys {
			if !strings.Contains(string(page), "`"+key+"`") {
				t.Errorf("%s: docs/training.md doesn't name `%s`", l.name, key)
			}
		}
	}
}
