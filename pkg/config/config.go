// Package config is the YAML configuration: its keys, their defaults, strict
// decoding (an unknown key is an error with its line) and validation.
package config

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
)

// Config is a whole configuration file. Keys of the Python prototype keep
// their names, meaning and defaults. Relative paths are relative to the
// working directory.
type Config struct {
	Task      string    `yaml:"task"` // multitask
	Backbone  Backbone  `yaml:"backbone"`
	Data      Data      `yaml:"data"`
	Tokenizer Tokenizer `yaml:"tokenizer"`
	Training  Training  `yaml:"training"`
	Output    Output    `yaml:"output"`
	MLflow    MLflow    `yaml:"mlflow"`
}

// Backbone says which encoder to start from.
type Backbone struct {
	ModelName string  `yaml:"model_name"` // a directory, or a name in the Hugging Face cache or on its hub
	Revision  string  `yaml:"revision"`   // of a name: a branch, tag or commit
	Dropout   float64 `yaml:"dropout"`    // in the encoder and the heads
	Init      string  `yaml:"init"`       // pretrained | random
	Size      Size    `yaml:"size"`       // with init: random; zero values are distilbert-base's
}

// Size is the architecture of a randomly initialised encoder.
type Size struct {
	Dim       int64 `yaml:"dim"`
	Layers    int64 `yaml:"layers"`
	Heads     int64 `yaml:"heads"`
	HiddenDim int64 `yaml:"hidden_dim"`
}

// Data says where the records lie and how they are split.
type Data struct {
	NERPath            string  `yaml:"ner_path"`
	ClassificationPath string  `yaml:"classification_path"`
	QAPath             string  `yaml:"qa_path"`
	TestSize           float64 `yaml:"test_size"`   // share of the records held out for validation
	RandomSeed         uint32  `yaml:"random_seed"` // of the split
	LabelAllSubwords   bool    `yaml:"label_all_subwords"`
	Generate           Demo    `yaml:"generate"` // demo data, made when the files are missing
}

// Demo sizes the data that the quickstart makes for itself.
type Demo struct {
	NER   int    `yaml:"ner"`
	Cases int    `yaml:"cases"`
	QA    int    `yaml:"qa"`
	Short bool   `yaml:"short"`
	Seed  uint64 `yaml:"seed"`
}

// Enabled reports whether missing data files are to be made.
func (d Demo) Enabled() bool { return d.NER > 0 || d.Cases > 0 || d.QA > 0 }

// Tokenizer says how texts become token ids.
type Tokenizer struct {
	MaxLength  int    `yaml:"max_length"`
	Padding    string `yaml:"padding"`    // max_length | longest
	Truncation bool   `yaml:"truncation"` // false: longer sentence-level records are dropped, as NER's always are
	VocabSize  int    `yaml:"vocab_size"` // of the vocabulary made from the data, with backbone.init: random
}

// Training holds the hyperparameters.
type Training struct {
	NumEpochs             int     `yaml:"num_epochs"`
	BatchSize             int     `yaml:"batch_size"`
	LearningRate          float64 `yaml:"learning_rate"`
	WeightDecay           float64 `yaml:"weight_decay"`
	WarmupRatio           float64 `yaml:"warmup_ratio"`
	MaxGradNorm           float64 `yaml:"max_grad_norm"`
	EarlyStoppingPatience int     `yaml:"early_stopping_patience"`
	Precision             string  `yaml:"precision"` // fp32 | bf16 | auto
	Seed                  uint64  `yaml:"seed"`      // of initialisation, shuffling and dropout
	Threads               int     `yaml:"threads"`   // CPU threads; 0: one for each core

	LossWeights LossWeights `yaml:"loss_weights"`
}

// LossWeights multiply the losses of the tasks' batches. Tasks share the
// encoder and the optimiser's running means: the gradients of a task with
// small ones (entities) weigh little beside the others' unless it gets more.
type LossWeights struct {
	NER float64 `yaml:"ner"`
	CLS float64 `yaml:"cls"`
	QA  float64 `yaml:"qa"`
}

// Output says where the trained model goes.
type Output struct {
	ModelDir      string `yaml:"model_dir"`
	LabelMapsFile string `yaml:"label_maps_file"`
	MetricsFile   string `yaml:"metrics_file"`
}

// MLflow says where runs are tracked.
type MLflow struct {
	Enabled        bool   `yaml:"enabled"`
	TrackingURI    string `yaml:"tracking_uri"`
	ExperimentName string `yaml:"experiment_name"`
	RunName        string `yaml:"run_name"`
}

// Values of the keys that take one of a few words.
const (
	TaskMultitask = "multitask"

	InitPretrained = "pretrained"
	InitRandom     = "random"

	PadMaxLength = "max_length"
	PadLongest   = "longest"

	PrecisionFP32 = "fp32"
	PrecisionBF16 = "bf16"
	PrecisionAuto = "auto"
)

// Default returns the values of all keys that a file leaves out.
func Default() Config {
	return Config{
		Task:     TaskMultitask,
		Backbone: Backbone{ModelName: "distilbert-base-cased", Revision: "main", Dropout: 0.1, Init: InitPretrained},
		Data: Data{
			NERPath:            "data/ner_synthetic_dataset_v1.jsonl",
			ClassificationPath: "data/cases_generated_data_v0005.json",
			QAPath:             "data/synthetic_qa_metrics_data_v01x.json",
			TestSize:           0.1,
			RandomSeed:         42,
			Generate:           Demo{Seed: 42},
		},
		Tokenizer: Tokenizer{MaxLength: 512, Padding: PadMaxLength, Truncation: true, VocabSize: 4096},
		Training: Training{
			NumEpochs:             10,
			BatchSize:             16,
			LearningRate:          2e-5,
			WeightDecay:           0.01,
			WarmupRatio:           0.1,
			MaxGradNorm:           1,
			EarlyStoppingPatience: 3,
			Precision:             PrecisionFP32,
			Seed:                  42,
			LossWeights:           LossWeights{NER: 1, CLS: 1, QA: 1},
		},
		Output: Output{
			ModelDir:      "./attention_fusion_model",
			LabelMapsFile: "label_maps.json",
			MetricsFile:   "metrics.json",
		},
		MLflow: MLflow{
			Enabled:        true,
			TrackingURI:    "file:./mlruns",
			ExperimentName: "attention_fusion_multitask",
			RunName:        "multitask_train",
		},
	}
}

// modelFiles are the names that a model directory's other files have.
var modelFiles = []string{"model.safetensors", "model.pt", "config.json", "vocab.txt", "tokenizer.json", "tokenizer_config.json", "README.md"}

// Validate reports every value that training can't work with.
func (c Config) Validate() error {
	var bad []string
	check := func(ok bool, key, want string, got any) {
		if !ok {
			bad = append(bad, fmt.Sprintf("%s: want %s, got %v", key, want, got))
		}
	}
	oneOf := func(key, got string, words ...string) {
		check(slices.Contains(words, got), key, strings.Join(words, " or "), fmt.Sprintf("%q", got))
	}
	atLeast0 := func(key string, got int64) { check(got >= 0, key, "0 or more", got) }
	positive := func(key string, got int) { check(got > 0, key, "a number above 0", got) }

	oneOf("task", c.Task, TaskMultitask)
	oneOf("backbone.init", c.Backbone.Init, InitPretrained, InitRandom)
	check(c.Backbone.Dropout >= 0 && c.Backbone.Dropout < 1, "backbone.dropout", "a number from 0 up to 1", c.Backbone.Dropout)
	check(c.Backbone.ModelName != "" || c.Backbone.Init == InitRandom, "backbone.model_name", "a directory or a name", `""`)
	check(c.Backbone.Revision != "" || c.Backbone.Init == InitRandom, "backbone.revision", "a branch, tag or commit", `""`)
	atLeast0("backbone.size.dim", c.Backbone.Size.Dim)
	atLeast0("backbone.size.layers", c.Backbone.Size.Layers)
	atLeast0("backbone.size.heads", c.Backbone.Size.Heads)
	atLeast0("backbone.size.hidden_dim", c.Backbone.Size.HiddenDim)
	check(c.Data.TestSize > 0 && c.Data.TestSize < 1, "data.test_size", "a share above 0 and below 1", c.Data.TestSize)
	atLeast0("data.generate.ner", int64(c.Data.Generate.NER))
	atLeast0("data.generate.cases", int64(c.Data.Generate.Cases))
	atLeast0("data.generate.qa", int64(c.Data.Generate.QA))
	check(c.Data.NERPath+c.Data.ClassificationPath+c.Data.QAPath != "", "data", "at least one of ner_path, classification_path and qa_path", "none")
	check(c.Tokenizer.MaxLength >= 3, "tokenizer.max_length", "at least 3", c.Tokenizer.MaxLength)
	oneOf("tokenizer.padding", c.Tokenizer.Padding, PadMaxLength, PadLongest)
	check(c.Tokenizer.VocabSize >= 100, "tokenizer.vocab_size", "at least 100", c.Tokenizer.VocabSize)
	positive("training.num_epochs", c.Training.NumEpochs)
	positive("training.batch_size", c.Training.BatchSize)
	check(c.Training.LearningRate > 0 && !math.IsInf(c.Training.LearningRate, 0), "training.learning_rate", "a number above 0", c.Training.LearningRate)
	check(c.Training.WeightDecay >= 0 && !math.IsInf(c.Training.WeightDecay, 0), "training.weight_decay", "0 or more", c.Training.WeightDecay)
	check(c.Training.WarmupRatio >= 0 && c.Training.WarmupRatio <= 1, "training.warmup_ratio", "a number from 0 to 1", c.Training.WarmupRatio)
	check(c.Training.MaxGradNorm > 0, "training.max_grad_norm", "a number above 0", c.Training.MaxGradNorm)
	positive("training.early_stopping_patience", c.Training.EarlyStoppingPatience)
	oneOf("training.precision", c.Training.Precision, PrecisionFP32, PrecisionBF16, PrecisionAuto)
	atLeast0("training.threads", int64(c.Training.Threads))
	for key, weight := range map[string]float64{"ner": c.Training.LossWeights.NER, "cls": c.Training.LossWeights.CLS, "qa": c.Training.LossWeights.QA} {
		check(weight > 0 && !math.IsInf(weight, 0), "training.loss_weights."+key, "a number above 0", weight)
	}
	check(c.Output.ModelDir != "", "output.model_dir", "a directory", `""`)
	for key, name := range map[string]string{"output.label_maps_file": c.Output.LabelMapsFile, "output.metrics_file": c.Output.MetricsFile} {
		check(filepath.IsLocal(name) && name != "." && !strings.ContainsAny(name, "/\\"), key, "a file name", fmt.Sprintf("%q", name))
		check(!slices.Contains(modelFiles, name), key, "a name that no other file of the model has", fmt.Sprintf("%q", name))
	}
	check(c.Output.LabelMapsFile != c.Output.MetricsFile, "output.metrics_file", "another name than label_maps_file's", fmt.Sprintf("%q", c.Output.MetricsFile))
	if len(bad) > 0 {
		slices.Sort(bad)
		return fmt.Errorf("configuration: %s", strings.Join(bad, "; "))
	}
	return nil
}
