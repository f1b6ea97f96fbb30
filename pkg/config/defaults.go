package config

// Default returns the defaults for that task: those of the Python prototype's trainer.
func Default(task string) Config {
	c := multitask()
	c.Task = task
	switch task {
	case TaskNER:
		c.Data.ClassificationPath, c.Data.QAPath = "", ""
		c.Training.NumEpochs, c.Training.BatchSize = 5, 8
		c.Training.EvalSteps, c.Training.EarlyStoppingPatience = 1000, 0
		c.Training.MetricForBestModel = "val_ner/token_weighted_f1"
		c.Output.ModelDir = "./ner_model"
		c.MLflow.ExperimentName, c.MLflow.RunName = "ner", "ner_train"
	case TaskClassification:
		c.Backbone.ModelName = "distilbert-base-uncased"
		c.Data.NERPath, c.Data.QAPath = "", ""
		c.Data.Stratify = "sub"
		c.Training.NumEpochs, c.Training.WarmupRatio = 12, 0
		c.Training.MetricForBestModel, c.Training.EarlyStoppingPatience = "val_cls/avg_acc", 0
		c.Output.ModelDir = "./classification_model"
		c.MLflow.ExperimentName, c.MLflow.RunName = "classification", "classification_train"
	case TaskQA:
		c.Backbone.ModelName = "distilbert-base-uncased"
		c.Data.NERPath, c.Data.ClassificationPath = "", ""
		c.Data.TestSize, c.Data.ValidationSize, c.Data.ValidationOf = 0.2, 0.1, ValidationOfRest
		c.Tokenizer.MaxLength = 256
		c.Training.BatchSize, c.Training.WarmupSteps, c.Training.WarmupRatio = 4, 100, 0
		c.Training.MetricForBestModel, c.Training.EarlyStoppingMinDelta = BestLoss, 0.001
		c.Output.ModelDir = "./qa_model"
		c.MLflow.ExperimentName, c.MLflow.RunName = "quality_assurance", "qa_train"
	case TaskDistill:
		c.Output.ModelDir = "./distilled_model"
		c.MLflow.ExperimentName, c.MLflow.RunName = "distillation", "distill_train"
	case TaskPretrain:
		c.Data.NERPath, c.Data.ClassificationPath, c.Data.QAPath = "", "", ""
		c.Data.TestSize = 0.05
		c.Tokenizer.Padding = PadLongest
		c.Training.NumEpochs, c.Training.LearningRate, c.Training.EarlyStoppingPatience = 3, 5e-5, 0
		c.Training.MetricForBestModel = BestLoss
		c.Pretrain = Pretrain{MaskProbability: 0.15}
		c.Output.ModelDir = "./pretrained_encoder"
		c.MLflow.ExperimentName, c.MLflow.RunName = "pretraining", "pretrain"
	}
	return c
}

// multitask returns the defaults of the attention-fusion trainer.
func multitask() Config {
	return Config{
		Task:     TaskMultitask,
		Backbone: Backbone{ModelName: "distilbert-base-cased", Revision: "main", Dropout: 0.1, Init: InitPretrained, Heads: HeadsNew},
		Data: Data{
			NERPath:            "data/ner_synthetic_dataset_v1.jsonl",
			ClassificationPath: "data/cases_generated_data_v0005.json",
			QAPath:             "data/synthetic_qa_metrics_data_v01x.json",
			TestSize:           0.1,
			ValidationOf:       ValidationOfAll,
			RandomSeed:         42,
			Generate:           Demo{Seed: 42},
		},
		Pooling:   poolings[0],
		Tokenizer: Tokenizer{MaxLength: 512, Padding: PadMaxLength, Truncation: true, VocabSize: 4096, Long: LongTruncate, Stride: -1, MaxTokens: 32768, CutAt: CutAnywhere},
		Training: Training{
			NumEpochs:             10,
			BatchSize:             16,
			LRScheduler:           SchedulerLinear,
			LayerDecay:            1,
			AccumulationSteps:     1,
			LearningRate:          2e-5,
			WeightDecay:           0.01,
			WarmupRatio:           0.1,
			MaxGradNorm:           1,
			EarlyStoppingPatience: 3,
			Precision:             PrecisionFP32,
			Seed:                  42,
			SaveMinutes:           10,
			MaxBadSteps:           5,
			RankTimeoutMinutes:    10,
			GradientCompression:   CompressionNone,
			RankBackend:           BackendAuto,
			MetricForBestModel:    BestAvg,
			Sampling:              SamplingProportional,
			SamplingTemperature:   2,
		},
		Distill: Distill{SoftWeight: 1},
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
			LogModel:       true,
			Alias:          "champion",
			SetAlias:       SetAliasBetter,
		},
	}
}
