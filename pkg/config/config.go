// Package config is the YAML configuration: its keys, their defaults, strict decoding
// (an unknown key is an error with its line) and validation.
//
// cmd/train reads a file with [Load]; other programs start from [Default], set fields
// and call [Config.Validate]. The result is passed to pkg/run. This package imports no
// other package of pkg/.
package config

// Config is a whole configuration file. Keys of the Python prototype keep their names,
// meaning and defaults. Relative paths are relative to the working directory; [Load]
// also looks up input paths relative to the file's folder.
type Config struct {
	Task      string    `yaml:"task"` // multitask | ner | classification | qa | distill | pretrain
	Backbone  Backbone  `yaml:"backbone"`
	Data      Data      `yaml:"data"`
	Tasks     []Task    `yaml:"tasks,omitempty"` // multitask and distill; none: the Python prototype's three
	Pooling   string    `yaml:"pooling"`         // of the built-in cls and qa, with multitask and distill, where tasks doesn't say: attention | label_attention | cls
	Tokenizer Tokenizer `yaml:"tokenizer"`
	Training  Training  `yaml:"training"`
	Distill   Distill   `yaml:"distill"`
	Pretrain  Pretrain  `yaml:"pretrain,omitempty"` // with task: pretrain
	Output    Output    `yaml:"output"`
	MLflow    MLflow    `yaml:"mlflow"`
}

// Backbone is the encoder to start from.
type Backbone struct {
	ModelName string  `yaml:"model_name"` // a directory, or a name in the Hugging Face cache or on its hub
	Revision  string  `yaml:"revision"`   // of a name: a branch, tag or commit
	Dropout   float64 `yaml:"dropout"`    // in the encoder and the heads
	Init      string  `yaml:"init"`       // pretrained | random
	Size      Size    `yaml:"size"`       // with init: random; zero values are distilbert-base's

	Heads            string `yaml:"heads"`             // new | keep: continue the heads of a fine-tuned model_name where labels agree
	FreezeEmbeddings bool   `yaml:"freeze_embeddings"` // keep the embeddings as they are
	FreezeLayers     int64  `yaml:"freeze_layers"`     // number of the encoder's first layers that stay as they are
}

// Size is the architecture of a randomly initialised encoder.
type Size struct {
	Dim       int64 `yaml:"dim"`
	Layers    int64 `yaml:"layers"`
	Heads     int64 `yaml:"heads"`
	HiddenDim int64 `yaml:"hidden_dim"`
}

// Data lists the data files and how they are split.
type Data struct {
	NERPath            string  `yaml:"ner_path"`
	ClassificationPath string  `yaml:"classification_path"`
	QAPath             string  `yaml:"qa_path"`
	TestSize           float64 `yaml:"test_size"`       // share of the records held out: for validation or, with a validation_size, for a test of the best model
	ValidationSize     float64 `yaml:"validation_size"` // additional share held out for validation; 0: none
	ValidationOf       string  `yaml:"validation_of"`   // all | rest: validation_size is a share of all records, or of the records that aren't in the test share
	Stratify           string  `yaml:"stratify"`        // head whose class proportions each share keeps, such as sub; "": none
	RandomSeed         uint32  `yaml:"random_seed"`     // of the split
	LabelAllSubwords   bool    `yaml:"label_all_subwords"`
	Generate           Demo    `yaml:"generate"` // demo data, made when the files are missing

	PretrainPath Paths `yaml:"pretrain_path,omitempty"` // pretrain: calls without labels, in all forms that infer reads

	// Reviews is what people said of a model's labels, which goes before the files': the
	// folder of serve --reviews, or a file of the page. "": none.
	Reviews string `yaml:"reviews"`
}

// Demo sets the sizes of the quickstart's generated data.
type Demo struct {
	NER   int    `yaml:"ner"`
	Cases int    `yaml:"cases"`
	QA    int    `yaml:"qa"`
	Short bool   `yaml:"short"`
	Long  bool   `yaml:"long"` // 1,500 to 4,000 words a call; not with short
	Seed  uint64 `yaml:"seed"`
}

// Enabled reports whether missing data files are generated.
func (d Demo) Enabled() bool { return d.NER > 0 || d.Cases > 0 || d.QA > 0 }

// Tokenizer defines how texts are tokenized.
type Tokenizer struct {
	MaxLength  int    `yaml:"max_length"` // of a text or, with long: windows, of a window
	Padding    string `yaml:"padding"`    // max_length | longest
	Truncation bool   `yaml:"truncation"` // false: longer sentence-level records are dropped, as NER's always are
	VocabSize  int    `yaml:"vocab_size"` // of the vocabulary built from the data, with backbone.init: random
	LowerCase  bool   `yaml:"lower_case"` // of that vocabulary: uncased

	Long      string `yaml:"long"`       // truncate | windows: what is read of a longer text
	Stride    int    `yaml:"stride"`     // tokens that neighbouring windows share, Hugging Face's stride; -1: a quarter of max_length
	MaxTokens int    `yaml:"max_tokens"` // of a text in windows; what comes after is cut off. 0: no limit
	CutAt     string `yaml:"cut_at"`     // anywhere | turns: where windows begin and end

	SpeakerTokens Speakers `yaml:"speaker_tokens"` // labels such as "Caller:" that become single tokens
}

// Training holds the hyperparameters.
type Training struct {
	NumEpochs             int     `yaml:"num_epochs"`
	BatchSize             int     `yaml:"batch_size"` // of one forward and backward pass
	LearningRate          float64 `yaml:"learning_rate"`
	WeightDecay           float64 `yaml:"weight_decay"`
	WarmupRatio           float64 `yaml:"warmup_ratio"`
	WarmupSteps           int     `yaml:"warmup_steps"`            // 0: from warmup_ratio
	MaxGradNorm           float64 `yaml:"max_grad_norm"`           // 0 disables clipping
	EvalSteps             int     `yaml:"eval_steps"`              // validate every this many steps; 0 means after each epoch
	MetricForBestModel    string  `yaml:"metric_for_best_model"`   // avg, loss, or a figure as MLflow shows it: val_ner/entity_f1
	EarlyStoppingPatience int     `yaml:"early_stopping_patience"` // stop after this many validations without improvement; 0 disables it
	EarlyStoppingMinDelta float64 `yaml:"early_stopping_min_delta"`
	Precision             string  `yaml:"precision"` // fp32 | bf16 | auto
	Seed                  uint64  `yaml:"seed"`      // of initialisation, shuffling and dropout
	Threads               int     `yaml:"threads"`   // CPU threads; 0: one for each core

	SaveSteps   int     `yaml:"save_steps"`    // also save the state for --resume every this many steps; 0 disables it
	SaveMinutes float64 `yaml:"save_minutes"`  // also save when the last state is older than this; 0 disables it
	MaxBadSteps int     `yaml:"max_bad_steps"` // abort after this many consecutive non-finite steps; fewer are skipped

	Sampling            string  `yaml:"sampling"` // proportional | uniform | temperature | annealed: how often tasks are sampled
	SamplingTemperature float64 `yaml:"sampling_temperature"`

	// LossWeights multiply the losses of tasks, by name, the default being 1, or name a
	// rule that sets the weights. Tasks share the encoder and the optimiser's running means,
	// so a task with small gradients (entities) has little influence unless its weight is
	// higher.
	LossWeights LossWeights `yaml:"loss_weights,omitempty"`
	// ClassWeights weigh rare labels, by task (ner) or head (cls/sub).
	ClassWeights map[string]ClassWeights `yaml:"class_weights,omitempty"`

	RankTimeoutMinutes  float64 `yaml:"rank_timeout_minutes"` // with several processes: how long to wait for another one
	GradientCompression string  `yaml:"gradient_compression"` // none | bf16: format of gradients sent between processes
	RankBackend         string  `yaml:"rank_backend"`         // auto | gloo | nccl: backend for summing gradients on GPUs

	HeadLearningRate      float64 `yaml:"head_learning_rate"`     // of the heads; 0: learning_rate
	LayerDecay            float64 `yaml:"layerwise_lr_decay"`     // learning rate of an encoder layer, as a fraction of that of the layer above
	NoDecayOnVectors      bool    `yaml:"no_decay_bias_and_norm"` // no weight decay on biases and LayerNorm weights
	LabelSmoothing        float64 `yaml:"label_smoothing_factor"` // fraction of each label shared by all classes; not for yes/no heads
	GradientCheckpointing bool    `yaml:"gradient_checkpointing"` // recompute the encoder's layers in the backward pass: less memory, more time

	LRScheduler       string `yaml:"lr_scheduler_type"`           // linear | cosine | constant | constant_with_warmup
	AccumulationSteps int    `yaml:"gradient_accumulation_steps"` // passes per update of the weights: the effective batch is batch_size times this

	// BatchTokens limits the tokens of one forward and backward pass, including padding and
	// all windows: a batch with more is processed in several passes, to the same results.
	// 0: with tokenizer.long: windows, batch_size · max_length; otherwise no limit.
	BatchTokens int `yaml:"batch_tokens"`

	MixTasks    bool `yaml:"mix_tasks"`     // each step has examples of all data files, batch_size in all
	ClipPerTask bool `yaml:"clip_per_task"` // with mix_tasks: max_grad_norm limits each task's gradient, not their sum
}

// Output defines where the trained model is saved.
type Output struct {
	ModelDir      string `yaml:"model_dir"`
	LabelMapsFile string `yaml:"label_maps_file"`
	MetricsFile   string `yaml:"metrics_file"`
	HeldOutTexts  bool   `yaml:"held_out_texts"` // include the transcripts in the lists of held-out records
	ONNX          bool   `yaml:"onnx"`           // also save the model as an ONNX graph, onnx/model.onnx
}

// MLflow defines where runs are tracked.
type MLflow struct {
	Enabled        bool   `yaml:"enabled"`
	TrackingURI    string `yaml:"tracking_uri"`
	ExperimentName string `yaml:"experiment_name"`
	RunName        string `yaml:"run_name"`
	LogModel       bool   `yaml:"log_model"`       // log the best checkpoint as a model that MLflow loads and serves in Python
	RegisterModel  string `yaml:"register_model"`  // and enter it in the registry under this name; "" doesn't
	Alias          string `yaml:"alias"`           // of the registered model that is moved to the new version…
	SetAlias       string `yaml:"set_alias"`       // …if that is better, always or never
	SystemMetrics  bool   `yaml:"system_metrics"`  // log the use of processor, memory, disk and network
	LogEverySteps  int    `yaml:"log_every_steps"` // log the training losses so often, in steps; 0: per validation alone
}

// Values of keys that accept one of several words.
const (
	TaskMultitask      = "multitask"
	TaskNER            = "ner"
	TaskClassification = "classification"
	TaskQA             = "qa"
	TaskDistill        = "distill"
	TaskPretrain       = "pretrain"

	InitPretrained = "pretrained"
	InitRandom     = "random"

	SetAliasBetter = "better"
	SetAliasAlways = "always"
	SetAliasNever  = "never"

	HeadsNew  = "new"
	HeadsKeep = "keep"

	LongTruncate = "truncate"
	LongWindows  = "windows"

	CutAnywhere = "anywhere"
	CutAtTurns  = "turns"

	PadMaxLength = "max_length"
	PadLongest   = "longest"

	ValidationOfAll  = "all"
	ValidationOfRest = "rest"

	BestAvg  = "avg"  // mean of the tasks' selection metrics
	BestLoss = "loss" // sum of the tasks' validation losses

	SamplingProportional = "proportional"
	SamplingUniform      = "uniform"
	SamplingTemperature  = "temperature"
	SamplingAnnealed     = "annealed"

	SchedulerLinear             = "linear"
	SchedulerCosine             = "cosine"
	SchedulerConstant           = "constant"
	SchedulerConstantWithWarmup = "constant_with_warmup"

	PrecisionFP32 = "fp32"
	PrecisionBF16 = "bf16"
	PrecisionAuto = "auto"

	CompressionNone = "none"
	CompressionBF16 = "bf16"

	BackendAuto = "auto"
	BackendGloo = "gloo"
	BackendNCCL = "nccl"
)
