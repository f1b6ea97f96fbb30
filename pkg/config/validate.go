package config

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// modelFiles are the lower-case names of other files in a model directory: those written
// by training, and those read from it.
var modelFiles = []string{
	"*.safetensors", "*.pt", "*.bin", "*.index.json", "config.json",
	"vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
	"label_mappings.json", "labels", "main_categories.json", "sub_categories.json", "interventions.json", "priorities.json",
	"readme.md", "held_out_*.csv", "losses.png", "losses.svg", "scores.png", "scores.svg",
}

// isModelFile reports whether a name is that of another file of the model, also on
// case-insensitive file systems. Hidden names are used when the folder is replaced.
func isModelFile(name string) bool {
	return strings.HasPrefix(name, ".") && name != "." && name != ".." || slices.ContainsFunc(modelFiles, func(pattern string) bool {
		matches, err := path.Match(pattern, strings.ToLower(name))
		return matches && err == nil
	})
}

// Validate returns an error that lists all invalid values.
func (c Config) Validate() error { return asError(c.invalid()) }

// invalid lists all invalid values.
func (c Config) invalid() []mistake {
	var bad []mistake
	check := func(ok bool, key, want string, got any) {
		if !ok {
			bad = append(bad, mistake{key: key, text: fmt.Sprintf("%s: want %s, got %v", key, want, got)})
		}
	}
	oneOf := func(key, got string, words ...string) {
		check(slices.Contains(words, got), key, strings.Join(words, " or "), fmt.Sprintf("%q", got))
	}
	atLeast0 := func(key string, got int64) { check(got >= 0, key, "0 or more", got) }
	above0 := func(key string, got int) { check(got > 0, key, "a number above 0", got) }

	oneOf("task", c.Task, TaskMultitask, TaskNER, TaskClassification, TaskQA, TaskDistill, TaskPretrain)
	oneOf("backbone.init", c.Backbone.Init, InitPretrained, InitRandom)
	check(c.Backbone.Dropout >= 0 && c.Backbone.Dropout < 1, "backbone.dropout", "a number from 0 up to 1", c.Backbone.Dropout)
	check(c.Backbone.ModelName != "" || c.Backbone.Init == InitRandom, "backbone.model_name", "a directory or a name", `""`)
	check(c.Backbone.Revision != "" || c.Backbone.Init == InitRandom, "backbone.revision", "a branch, tag or commit", `""`)
	oneOf("backbone.heads", c.Backbone.Heads, HeadsNew, HeadsKeep)
	check(c.Backbone.Init != InitRandom || c.Backbone.Heads != HeadsKeep, "backbone.heads", "new with backbone.init: random, which starts from no model", c.Backbone.Heads)
	atLeast0("backbone.freeze_layers", c.Backbone.FreezeLayers)
	check(c.Backbone.Init != InitRandom || c.Backbone.FreezeLayers <= 0, "backbone.freeze_layers", "0 with backbone.init: random, whose layers would never learn", c.Backbone.FreezeLayers)
	check(c.Backbone.Init != InitRandom || !c.Backbone.FreezeEmbeddings, "backbone.freeze_embeddings", "false with backbone.init: random, whose embeddings would never learn", c.Backbone.FreezeEmbeddings)
	atLeast0("backbone.size.dim", c.Backbone.Size.Dim)
	atLeast0("backbone.size.layers", c.Backbone.Size.Layers)
	atLeast0("backbone.size.heads", c.Backbone.Size.Heads)
	atLeast0("backbone.size.hidden_dim", c.Backbone.Size.HiddenDim)
	check(c.Data.TestSize > 0 && c.Data.TestSize < 1, "data.test_size", "a share above 0 and below 1", c.Data.TestSize)
	oneOf("data.validation_of", c.Data.ValidationOf, ValidationOfAll, ValidationOfRest)
	most := 1 - c.Data.TestSize
	if c.Data.ValidationOf == ValidationOfRest {
		most = 1
	}
	check(c.Data.ValidationSize == 0 || c.Data.ValidationSize > 0 && c.Data.ValidationSize < most, "data.validation_size", "a share that leaves some to train on beside test_size", c.Data.ValidationSize)
	atLeast0("data.generate.ner", int64(c.Data.Generate.NER))
	atLeast0("data.generate.cases", int64(c.Data.Generate.Cases))
	atLeast0("data.generate.qa", int64(c.Data.Generate.QA))
	c.checkSpeakers(check)
	check(!c.Data.Generate.Short || !c.Data.Generate.Long, "data.generate.long", "false with data.generate.short", true)
	check(len(c.TaskNames()) > 0, "data", "at least one of ner_path, classification_path and qa_path", "none")
	check(c.Data.Reviews == "" || c.Task != TaskPretrain, "data.reviews", "nothing with task: pretrain, which learns from no labels", fmt.Sprintf("%q", c.Data.Reviews))
	c.checkTasks(check)
	c.checkDistill(check)
	c.checkPretrain(check)
	check(c.Tokenizer.MaxLength >= 3, "tokenizer.max_length", "at least 3", c.Tokenizer.MaxLength)
	oneOf("tokenizer.padding", c.Tokenizer.Padding, PadMaxLength, PadLongest)
	oneOf("tokenizer.long", c.Tokenizer.Long, LongTruncate, LongWindows)
	oneOf("tokenizer.cut_at", c.Tokenizer.CutAt, CutAnywhere, CutAtTurns)
	c.checkWindows(check)
	check(c.Tokenizer.VocabSize >= 100, "tokenizer.vocab_size", "at least 100", c.Tokenizer.VocabSize)
	above0("training.num_epochs", c.Training.NumEpochs)
	above0("training.batch_size", c.Training.BatchSize)
	above0("training.gradient_accumulation_steps", c.Training.AccumulationSteps)
	oneOf("training.lr_scheduler_type", c.Training.LRScheduler, SchedulerLinear, SchedulerCosine, SchedulerConstant, SchedulerConstantWithWarmup)
	check(positive(c.Training.LearningRate), "training.learning_rate", "a number above 0", c.Training.LearningRate)
	check(c.Training.HeadLearningRate == 0 || positive(c.Training.HeadLearningRate), "training.head_learning_rate", "0 or more", c.Training.HeadLearningRate)
	check(c.Training.LayerDecay >= minLayerDecay && c.Training.LayerDecay <= 1, "training.layerwise_lr_decay", fmt.Sprintf("a number from %g to 1 (backbone.freeze_layers freezes the lower layers)", minLayerDecay), c.Training.LayerDecay)
	check(c.Training.LabelSmoothing >= 0 && c.Training.LabelSmoothing < 1, "training.label_smoothing_factor", "a number from 0 up to 1", c.Training.LabelSmoothing)
	check(c.Training.LabelSmoothing == 0 || c.Task != TaskQA, "training.label_smoothing_factor", "0 with task: qa, whose labels are yes and no", c.Training.LabelSmoothing)
	check(c.Training.WeightDecay >= 0 && numbers.Finite(c.Training.WeightDecay), "training.weight_decay", "0 or more", c.Training.WeightDecay)
	check(c.Training.WarmupRatio >= 0 && c.Training.WarmupRatio <= 1, "training.warmup_ratio", "a number from 0 to 1", c.Training.WarmupRatio)
	check(c.Training.MaxGradNorm >= 0, "training.max_grad_norm", "0 or more", c.Training.MaxGradNorm)
	atLeast0("training.warmup_steps", int64(c.Training.WarmupSteps))
	atLeast0("training.eval_steps", int64(c.Training.EvalSteps))
	atLeast0("training.early_stopping_patience", int64(c.Training.EarlyStoppingPatience))
	check(numbers.Finite(c.Training.EarlyStoppingMinDelta) && c.Training.EarlyStoppingMinDelta >= 0, "training.early_stopping_min_delta", "0 or more", c.Training.EarlyStoppingMinDelta)
	figure := "val_ner/entity_f1"
	if c.Task == TaskPretrain {
		figure = "val_mlm/perplexity"
	}
	check(c.Training.MetricForBestModel == BestAvg || c.Training.MetricForBestModel == BestLoss || strings.Contains(c.Training.MetricForBestModel, "/"),
		"training.metric_for_best_model", "avg, loss (Hugging Face's eval_loss) or a figure such as "+figure, fmt.Sprintf("%q", c.Training.MetricForBestModel))
	oneOf("training.sampling", c.Training.Sampling, SamplingProportional, SamplingUniform, SamplingTemperature, SamplingAnnealed)
	check(numbers.Finite(c.Training.SamplingTemperature) && c.Training.SamplingTemperature >= 1, "training.sampling_temperature", "1 or more", c.Training.SamplingTemperature)
	check(!c.Training.MixTasks || c.Training.Sampling == SamplingProportional, "training.sampling", "proportional with training.mix_tasks, which takes each record once an epoch", fmt.Sprintf("%q", c.Training.Sampling))
	check(!c.Training.MixTasks || c.Training.BatchSize >= len(c.TaskNames()), "training.batch_size", "at least one example of each task with training.mix_tasks", c.Training.BatchSize)
	oneOf("training.precision", c.Training.Precision, PrecisionFP32, PrecisionBF16, PrecisionAuto)
	atLeast0("training.threads", int64(c.Training.Threads))
	atLeast0("training.save_steps", int64(c.Training.SaveSteps))
	check(numbers.Finite(c.Training.SaveMinutes) && c.Training.SaveMinutes >= 0, "training.save_minutes", "0 or more", c.Training.SaveMinutes)
	above0("training.max_bad_steps", c.Training.MaxBadSteps)
	check(positive(c.Training.RankTimeoutMinutes), "training.rank_timeout_minutes", "a number above 0", c.Training.RankTimeoutMinutes)
	oneOf("training.gradient_compression", c.Training.GradientCompression, CompressionNone, CompressionBF16)
	oneOf("training.rank_backend", c.Training.RankBackend, BackendAuto, BackendGloo, BackendNCCL)
	check(!c.Output.ONNX || c.Task != TaskPretrain, "output.onnx", "false with task: pretrain, whose encoder has no heads", c.Output.ONNX)
	c.checkMLflow(check)
	check(c.Output.ModelDir != "", "output.model_dir", "a directory", `""`)
	for key, name := range map[string]string{"output.label_maps_file": c.Output.LabelMapsFile, "output.metrics_file": c.Output.MetricsFile} {
		check(filepath.IsLocal(name) && name != "." && !strings.ContainsAny(name, "/\\"), key, "a file name", fmt.Sprintf("%q", name))
		check(!isModelFile(name), key, "a name that no other file of the model has", fmt.Sprintf("%q", name))
	}
	check(!strings.EqualFold(c.Output.MetricsFile, "label_maps.json") || strings.EqualFold(c.Output.LabelMapsFile, "label_maps.json"), "output.metrics_file", "a name that no other file of the model has", fmt.Sprintf("%q", c.Output.MetricsFile))
	check(!strings.EqualFold(c.Output.LabelMapsFile, c.Output.MetricsFile), "output.metrics_file", "another name than label_maps_file's", fmt.Sprintf("%q", c.Output.MetricsFile))
	return bad
}

// checkTasks checks the settings that are keyed by task.
func (c Config) checkTasks(check func(ok bool, key, want string, got any)) {
	names := c.TaskNames()
	known := strings.Join(names, " or ")
	single := c.Task == TaskNER || c.Task == TaskClassification || c.Task == TaskQA || c.Task == TaskPretrain
	check(!single || len(c.Tasks) == 0, "tasks", "no list beside task: "+c.Task, "one")
	check(c.Pooling == "" || slices.Contains(poolings, c.Pooling), "pooling", strings.Join(poolings, " or "), fmt.Sprintf("%q", c.Pooling))
	for i, t := range c.Tasks {
		key := fmt.Sprintf("tasks[%d]", i+1)
		own := t
		own.Use, own.LossWeight, own.Pooling = "", 0, ""
		switch t.Use {
		case "":
			check(t.Name != "", key+".name", "a name, or use: with that of a built-in task", `""`)
			check(t.File != "", key+".file", "a data file", `""`)
		case ner, cls, qa:
			check(own.empty(), key, "nothing but loss_weight and pooling beside use:", "more")
			check(t.Pooling == "" || slices.Contains(poolings, t.Pooling), key+".pooling", strings.Join(poolings, " or "), fmt.Sprintf("%q", t.Pooling))
			check(t.Pooling == "" || t.Use != ner, key+".pooling", "none with use: ner, which labels tokens", fmt.Sprintf("%q", t.Pooling))
		default:
			check(false, key+".use", "ner, cls or qa", fmt.Sprintf("%q", t.Use))
		}
		check(t.LossWeight == 0 || positive(t.LossWeight), key+".loss_weight", "a number above 0", t.LossWeight)
		check(slices.Index(names, t.ID()) == i, key, "a name of its own", fmt.Sprintf("%q again", t.ID()))
	}
	rule := c.Training.LossWeights.Rule
	check(rule == "" || slices.Contains(weightRules, rule), "training.loss_weights", "a weight for each task, or "+strings.Join(weightRules, " or "), fmt.Sprintf("%q", rule))
	check(rule == "" || c.Task != TaskPretrain, "training.loss_weights", "no rule with task: pretrain, whose losses distill.encoder weighs", fmt.Sprintf("%q", rule))
	for name, weight := range c.Training.LossWeights.ByTask {
		check(positive(weight), "training.loss_weights."+name, "a number above 0", weight)
		check(slices.Contains(names, name), "training.loss_weights", known, fmt.Sprintf("%q", name))
	}
	for name := range c.Training.ClassWeights {
		task, _, _ := strings.Cut(name, "/")
		check(slices.Contains(names, task), "training.class_weights", known+", or one of their heads", fmt.Sprintf("%q", name))
	}
}

// poolings are the words for a built-in task's pooling.
var poolings = []string{string(tasks.AttentionPooling), string(tasks.LabelAttentionPooling), string(tasks.CLSPooling)}

// empty reports whether no key is set.
func (t Task) empty() bool {
	return t.Name+t.Kind+t.File+t.Text+t.Entities+t.Pooling == "" && len(t.Labels)+len(t.Heads) == 0 && !t.Transform && !t.PreClassifier
}

// minLayerDecay is the lowest layerwise_lr_decay: with a lower one the embeddings of a
// six-layer encoder learn at less than a millionth of the top layer's rate.
const minLayerDecay = 0.1

// temperatures are the temperatures of distillation. Outside them float32 logits divided
// by the temperature are equal to rounding, or one of them has all the probability.
const (
	minTemperature = 0.01
	maxTemperature = 1000
)

var temperatures = fmt.Sprintf("a number from %g to %d", minTemperature, maxTemperature)

func isTemperature(x float64) bool { return x >= minTemperature && x <= maxTemperature }

func positive(x float64) bool { return numbers.Finite(x) && x > 0 }
