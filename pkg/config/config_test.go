package config

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

// What is written into the model's folder has names of its own.
func TestFilesOfTheModelHaveNamesOfTheirOwn(t *testing.T) {
	for _, name := range []string{
		"model.safetensors", "model-00001-of-00002.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "model.pt", "Model.PT", "config.json",
		"vocab.txt", "special_tokens_map.json", "added_tokens.json", "label_mappings.json", "labels", "priorities.json", "README.md", "readme.md",
		"held_out_ner.csv", "losses.png", "scores.svg", ".trident", ".x",
	} {
		for key, set := range map[string]func(c *Config){
			"output.metrics_file": func(c *Config) { c.Output.MetricsFile = name }, "output.label_maps_file": func(c *Config) { c.Output.LabelMapsFile = name },
		} {
			c := Default(TaskMultitask)
			set(&c)
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key+": want a name that no other file of the model has") {
				t.Errorf("%s %s: error %v", key, name, err)
			}
		}
	}
	c := Default(TaskMultitask)
	c.Output.LabelMapsFile, c.Output.MetricsFile = "maps.json", "label_maps.json"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "output.metrics_file: want a name that") {
		t.Errorf("error %v", err)
	}
	c.Output.MetricsFile = "figures.json"
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Config)
		want  string
	}{
		"task":                {func(c *Config) { c.Task = "all" }, `task: want multitask or ner or classification or qa or distill or pretrain, got "all"`},
		"init":                {func(c *Config) { c.Backbone.Init = "zero" }, `backbone.init: want pretrained or random, got "zero"`},
		"dropout of all":      {func(c *Config) { c.Backbone.Dropout = 1 }, "backbone.dropout: want a number from 0 up to 1, got 1"},
		"no model":            {func(c *Config) { c.Backbone.ModelName = "" }, "backbone.model_name: want a directory or a name"},
		"no revision":         {func(c *Config) { c.Backbone.Revision = "" }, `backbone.revision: want a branch, tag or commit, got ""`},
		"negative width":      {func(c *Config) { c.Backbone.Size.Dim = -1 }, "backbone.size.dim: want 0 or more"},
		"negative layers":     {func(c *Config) { c.Backbone.Size.Layers = -1 }, "backbone.size.layers"},
		"negative heads":      {func(c *Config) { c.Backbone.Size.Heads = -1 }, "backbone.size.heads"},
		"negative inner":      {func(c *Config) { c.Backbone.Size.HiddenDim = -1 }, "backbone.size.hidden_dim"},
		"nothing held out":    {func(c *Config) { c.Data.TestSize = 0 }, "data.test_size: want a share above 0 and below 1, got 0"},
		"all held out":        {func(c *Config) { c.Data.TestSize = 1 }, "data.test_size"},
		"NaN held out":        {func(c *Config) { c.Data.TestSize = math.NaN() }, "data.test_size"},
		"no data":             {func(c *Config) { c.Data = Data{TestSize: 0.1, ValidationOf: ValidationOfAll} }, "data: want at least one of ner_path"},
		"negative demo":       {func(c *Config) { c.Data.Generate.NER = -1 }, "data.generate.ner: want 0 or more"},
		"negative demo cases": {func(c *Config) { c.Data.Generate.Cases = -1 }, "data.generate.cases"},
		"demo of two lengths": {func(c *Config) { c.Data.Generate.Short, c.Data.Generate.Long = true, true }, "data.generate.long: want false"},
		"negative demo qa":    {func(c *Config) { c.Data.Generate.QA = -1 }, "data.generate.qa"},
		"no room for a token": {func(c *Config) { c.Tokenizer.MaxLength = 2 }, "tokenizer.max_length: want at least 3, got 2"},
		"padding":             {func(c *Config) { c.Tokenizer.Padding = "true" }, "tokenizer.padding: want max_length or longest"},
		"tiny vocabulary":     {func(c *Config) { c.Tokenizer.VocabSize = 99 }, "tokenizer.vocab_size: want at least 100"},
		"long":                {func(c *Config) { c.Tokenizer.Long = "cut" }, `tokenizer.long: want truncate or windows, got "cut"`},
		"long pretraining":    {func(c *Config) { pretrain(c); c.Tokenizer.Long = LongWindows }, "tokenizer.long: want truncate with task: pretrain, which cuts long calls into pieces by itself and loses nothing, got windows"},
		"all shared":          {func(c *Config) { c.Tokenizer.Long, c.Tokenizer.Stride = LongWindows, 510 }, "tokenizer.stride: want 0 to 509"},
		"no speakers":         {func(c *Config) { c.Tokenizer.Long, c.Tokenizer.CutAt = LongWindows, CutAtTurns }, "tokenizer.cut_at: want anywhere without tokenizer.speaker_tokens, which tell where turns begin"},
		"cut somewhere":       {func(c *Config) { c.Tokenizer.CutAt = "words" }, `tokenizer.cut_at: want anywhere or turns, got "words"`},
		"negative stride":     {func(c *Config) { c.Tokenizer.Stride = -2 }, "tokenizer.stride: want 0 to 509, as a window of max_length has [CLS], [SEP] and something new, or -1 for a quarter of max_length, got -2"},
		"short calls":         {func(c *Config) { c.Tokenizer.Long, c.Tokenizer.MaxTokens = LongWindows, 511 }, "tokenizer.max_tokens: want max_length or more, or 0 for no limit, got 511"},
		"negative calls":      {func(c *Config) { c.Tokenizer.MaxTokens = -1 }, "tokenizer.max_tokens: want max_length or more, or 0 for no limit, got -1"},
		"small passes":        {func(c *Config) { c.Training.BatchTokens = 511 }, "training.batch_tokens: want tokenizer.max_length (512) or more, as a pass reads a whole window, or 0 for the default, got 511"},
		"no epochs":           {func(c *Config) { c.Training.NumEpochs = 0 }, "training.num_epochs: want a number above 0"},
		"schedule":            {func(c *Config) { c.Training.LRScheduler = "Linear" }, `training.lr_scheduler_type: want linear or cosine or constant or constant_with_warmup, got "Linear"`},
		"frozen at random":    {func(c *Config) { c.Backbone.Init, c.Backbone.FreezeLayers = InitRandom, 2 }, "backbone.freeze_layers: want 0 with backbone.init: random, whose layers would never learn, got 2"},
		"frozen embeddings":   {func(c *Config) { c.Backbone.Init, c.Backbone.FreezeEmbeddings = InitRandom, true }, "backbone.freeze_embeddings: want false with backbone.init: random"},
		"thawed":              {func(c *Config) { c.Backbone.FreezeLayers = -1 }, "backbone.freeze_layers: want 0 or more, got -1"},
		"head rate":           {func(c *Config) { c.Training.HeadLearningRate = -1e-3 }, "training.head_learning_rate: want 0 or more, got -0.001"},
		"layers' rates":       {func(c *Config) { c.Training.LayerDecay = 1.5 }, "training.layerwise_lr_decay: want a number from 0.1 to 1 (backbone.freeze_layers freezes the lower layers), got 1.5"},
		"frozen by decay":     {func(c *Config) { c.Training.LayerDecay = 1e-9 }, "training.layerwise_lr_decay: want a number from 0.1 to 1"},
		"no label left":       {func(c *Config) { c.Training.LabelSmoothing = 1 }, "training.label_smoothing_factor: want a number from 0 up to 1, got 1"},
		"smooth yes and no":   {func(c *Config) { c.Task, c.Training.LabelSmoothing = TaskQA, 0.1 }, "training.label_smoothing_factor: want 0 with task: qa, whose labels are yes and no, got 0.1"},
		"heads":               {func(c *Config) { c.Backbone.Heads = "old" }, `backbone.heads: want new or keep, got "old"`},
		"heads of nothing":    {func(c *Config) { c.Backbone.Init, c.Backbone.Heads = InitRandom, "keep" }, "backbone.heads: want new with backbone.init: random, which starts from no model, got keep"},
		"no passes":           {func(c *Config) { c.Training.AccumulationSteps = 0 }, "training.gradient_accumulation_steps: want a number above 0, got 0"},
		"no batch":            {func(c *Config) { c.Training.BatchSize = -4 }, "training.batch_size: want a number above 0, got -4"},
		"no rate":             {func(c *Config) { c.Training.LearningRate = 0 }, "training.learning_rate: want a number above 0"},
		"infinite rate":       {func(c *Config) { c.Training.LearningRate = math.Inf(1) }, "training.learning_rate"},
		"NaN rate":            {func(c *Config) { c.Training.LearningRate = math.NaN() }, "training.learning_rate"},
		"negative decay":      {func(c *Config) { c.Training.WeightDecay = -0.1 }, "training.weight_decay: want 0 or more"},
		"infinite decay":      {func(c *Config) { c.Training.WeightDecay = math.Inf(1) }, "training.weight_decay"},
		"warm-up over all":    {func(c *Config) { c.Training.WarmupRatio = 1.1 }, "training.warmup_ratio: want a number from 0 to 1"},
		"negative norm":       {func(c *Config) { c.Training.MaxGradNorm = -1 }, "training.max_grad_norm: want 0 or more"},
		"norm that is NaN":    {func(c *Config) { c.Training.MaxGradNorm = math.NaN() }, "training.max_grad_norm: want 0 or more"},
		"no patience":         {func(c *Config) { c.Training.EarlyStoppingPatience = -1 }, "training.early_stopping_patience"},
		"precision":           {func(c *Config) { c.Training.Precision = "fp16" }, "training.precision: want fp32 or bf16 or auto"},
		"a model's file":      {func(c *Config) { c.Output.MetricsFile = "config.json" }, "output.metrics_file: want a name that no other file of the model has"},
		"no weight":           {func(c *Config) { c.Training.LossWeights.ByTask = map[string]float64{"ner": 0} }, "training.loss_weights.ner: want a number above 0"},
		"weight of none":      {func(c *Config) { c.Training.LossWeights.ByTask = map[string]float64{"mood": 1} }, `training.loss_weights: want ner or cls or qa, got "mood"`},
		"classes of none":     {func(c *Config) { c.Training.ClassWeights = map[string]ClassWeights{"mood/a": {}} }, `training.class_weights: want ner or cls or qa, or one of their heads, got "mood/a"`},
		"negative warm-up":    {func(c *Config) { c.Training.WarmupSteps = -1 }, "training.warmup_steps: want 0 or more"},
		"negative eval":       {func(c *Config) { c.Training.EvalSteps = -1 }, "training.eval_steps: want 0 or more"},
		"infinite delta":      {func(c *Config) { c.Training.EarlyStoppingMinDelta = math.Inf(1) }, "training.early_stopping_min_delta"},
		"a metric of none":    {func(c *Config) { c.Training.MetricForBestModel = "f1" }, "training.metric_for_best_model: want avg, loss (Hugging Face's eval_loss) or a figure such as val_ner/entity_f1"},
		"rule":                {func(c *Config) { c.Training.LossWeights.Rule = "dwa" }, `training.loss_weights: want a weight for each task, or auto or gradient_norm or log_classes or uncertainty, got "dwa"`},
		"mixed sampling":      {func(c *Config) { c.Training.MixTasks, c.Training.Sampling = true, "annealed" }, "training.sampling: want proportional with training.mix_tasks"},
		"mixed small batch":   {func(c *Config) { c.Training.MixTasks, c.Training.BatchSize = true, 2 }, "training.batch_size: want at least one example of each task"},
		"sampling":            {func(c *Config) { c.Training.Sampling = "all" }, "training.sampling: want proportional or uniform or temperature or annealed"},
		"cold sampling":       {func(c *Config) { c.Training.SamplingTemperature = 0.5 }, "training.sampling_temperature: want 1 or more"},
		"all for validation":  {func(c *Config) { c.Data.ValidationSize = 0.9 }, "data.validation_size: want a share that leaves some"},
		"a teacher of none":   {func(c *Config) { c.Distill.Teachers = map[string]Teacher{"ner": {Model: Paths{"x"}, Temperature: 1}} }, "distill.teachers: want teachers with task: distill"},
		"a hot teacher":       {func(c *Config) { *c = withTeacher(1e9) }, "distill.teachers.ner.temperature: want a number from 0.01 to 1000, got 1e+09"},
		"a cold teacher":      {func(c *Config) { *c = withTeacher(0) }, "distill.teachers.ner.temperature: want a number from 0.01 to 1000, got 0"},
		"a list for one task": {func(c *Config) { *c = Default(TaskNER); c.Tasks = []Task{{Use: "ner"}} }, "tasks: want no list beside task: ner"},
		"no task's name":      {func(c *Config) { c.Tasks = []Task{{File: "x"}} }, "tasks[1].name: want a name"},
		"no task's file":      {func(c *Config) { c.Tasks = []Task{{Name: "x"}} }, "tasks[1].file: want a data file"},
		"a task twice":        {func(c *Config) { c.Tasks = []Task{{Use: "ner"}, {Name: "ner", File: "x"}} }, `tasks[2]: want a name of its own, got "ner" again`},
		"pooling of words":    {func(c *Config) { c.Tasks = []Task{{Use: "ner", Pooling: "attention"}} }, "tasks[1].pooling: want none with use: ner"},
		"pooling of none":     {func(c *Config) { c.Tasks = []Task{{Use: "qa", Pooling: "max"}} }, `tasks[1].pooling: want attention or label_attention or cls, got "max"`},
		"use and more":        {func(c *Config) { c.Tasks = []Task{{Use: "ner", Kind: "token"}} }, "tasks[1]: want nothing but loss_weight and pooling beside use:"},
		"use of none":         {func(c *Config) { c.Tasks = []Task{{Use: "mood"}} }, "tasks[1].use: want ner, cls or qa"},
		"negative threads":    {func(c *Config) { c.Training.Threads = -1 }, "training.threads: want 0 or more"},
		"negative saving":     {func(c *Config) { c.Training.SaveSteps = -1 }, "training.save_steps: want 0 or more, got -1"},
		"infinite minutes":    {func(c *Config) { c.Training.SaveMinutes = math.Inf(1) }, "training.save_minutes: want 0 or more"},
		"no bad step":         {func(c *Config) { c.Training.MaxBadSteps = 0 }, "training.max_bad_steps: want a number above 0, got 0"},
		"no model directory":  {func(c *Config) { c.Output.ModelDir = "" }, "output.model_dir: want a directory"},
		"file with a path":    {func(c *Config) { c.Output.MetricsFile = "a/b" }, "output.metrics_file: want a file name"},
		"file that is a path": {func(c *Config) { c.Output.LabelMapsFile = ".." }, "output.label_maps_file: want a file name"},
		"two files as one":    {func(c *Config) { c.Output.MetricsFile = c.Output.LabelMapsFile }, "output.metrics_file: want another name"},
	} {
		t.Run(name, func(t *testing.T) {
			config := Default(TaskMultitask)
			c.spoil(&config)
			err := config.Validate()
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q doesn't say %q", err, c.want)
			}
			if n := strings.Count(err.Error(), ";"); n != 0 {
				t.Errorf("error %q names more than one mistake", err)
			}
		})
	}
}

// pretrain makes it a valid configuration of task: pretrain.
func pretrain(c *Config) {
	*c = Default(TaskPretrain)
	c.Data.PretrainPath = Paths{"calls"}
}

// withTeacher is a distillation with that temperature.
func withTeacher(temperature float64) Config {
	c := Default(TaskDistill)
	c.Distill.Teachers = map[string]Teacher{"ner": {Model: Paths{"x"}, Temperature: temperature}}
	return c
}

func TestValidateNamesAllMistakes(t *testing.T) {
	c := Default(TaskMultitask)
	c.Training.BatchSize = 0
	c.Data.TestSize = 2
	want := "configuration: data.test_size: want a share above 0 and below 1, got 2; training.batch_size: want a number above 0, got 0"
	if err := c.Validate(); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestRandomInitNeedsNoModelName(t *testing.T) {
	c := Default(TaskMultitask)
	c.Backbone.Init, c.Backbone.ModelName = InitRandom, ""
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestParams(t *testing.T) {
	c := Default(TaskMultitask)
	c.Data.Generate.Cases = 12
	params, err := c.Params()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"task": "multitask", "model_name": "distilbert-base-cased", "revision": "main", "dropout": "0.1", "size_dim": "0",
		"ner_path": "data/ner_synthetic_dataset_v1.jsonl", "random_seed": "42", "generate_cases": "12",
		"generate_seed": "42", "max_length": "512", "truncation": "true", "batch_size": "16", "learning_rate": "2e-05",
		"seed": "42", "model_dir": "./attention_fusion_model", "run_name": "multitask_train",
	} {
		if got, found := params[name]; !found || got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	// A setting whose name another one took would be missing; empty lists and maps have none,
	// nor has what belongs to task: pretrain.
	if want := leaves(reflect.TypeOf(c)) - 9; len(params) != want {
		t.Errorf("%d parameters, want %d, one for each setting: %v", len(params), want, params)
	}
	// MLflow's file store keeps a parameter in a file of its name, so that none
	// may be another's folder, nor differ by case alone.
	lower := map[string]bool{}
	for name := range params {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			t.Errorf("%q isn't a plain name", name)
		}
		if lower[strings.ToLower(name)] {
			t.Errorf("%q differs from another by case alone", name)
		}
		lower[strings.ToLower(name)] = true
	}
}

// leaves counts the settings of a section.
func leaves(section reflect.Type) int {
	if section.Kind() != reflect.Struct {
		return 1
	}
	n := 0
	for i := range section.NumField() {
		n += leaves(section.Field(i).Type)
	}
	return n
}

func TestParamsOfListsAndMaps(t *testing.T) {
	c, err := Parse([]byte(`
tasks:
  - use: ner
  - {name: mood, kind: multiclass, file: m.jsonl, heads: [{name: caller, labels: [sad, calm]}]}
training:
  loss_weights: {ner: 2}
  class_weights: {ner: balanced, mood/caller: {sad: 3}}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	params, err := c.Params()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"tasks_1_use": "ner", "tasks_2_heads_1_name": "caller", "tasks_2_heads_1_labels": "sad, calm",
		"loss_weights_ner": "2", "class_weights_ner": "balanced", "class_weights_mood_caller_sad": "3",
	} {
		if got, found := params[name]; !found || got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// Every setting that is a path may begin with ~; no other is changed.
func TestHomeFolder(t *testing.T) {
	t.Setenv("HOME", "/home/amina")
	const text = `
task: distill
backbone: {model_name: ~/bert}
data: {ner_path: ~/a.jsonl, classification_path: ~root/b.json, qa_path: ./~/c.json}
tasks: [{use: ner}, {name: own, kind: multiclass, file: ~/d.jsonl, text: ~/t, heads: [{name: h}]}]
distill: {cache_dir: ~/cache, teachers: {ner: {model: ~/teacher}}}
output: {model_dir: "~"}
mlflow: {run_name: ~/run}
`
	c, err := Parse([]byte(text), []string{"distill.teachers.own.model=~/other"})
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{
		c.Backbone.ModelName: "/home/amina/bert", c.Data.NERPath: "/home/amina/a.jsonl", c.Data.ClassificationPath: "/root/b.json",
		c.Data.QAPath: "./~/c.json", c.Tasks[1].File: "/home/amina/d.jsonl", c.Tasks[1].Text: "~/t", c.Distill.CacheDir: "/home/amina/cache",
		c.Distill.Teachers["ner"].Model[0]: "/home/amina/teacher", c.Distill.Teachers["own"].Model[0]: "/home/amina/other",
		c.Output.ModelDir: "/home/amina", c.MLflow.RunName: "~/run",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	t.Setenv("HOME", "")
	if _, err := Parse([]byte("output: {model_dir: ~/m}"), nil); err == nil || !strings.Contains(err.Error(), "output.model_dir: ~/m: ") {
		t.Errorf("without a home folder: %v", err)
	}
}
