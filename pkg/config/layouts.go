package config

import "maps"

// layouts are those of the Python prototype's single-task trainers. The layout of its
// fusion trainer is Trident's.
var layouts = []*layout{nerLayout(), classificationLayout(), qaLayout()}

// Reasons why keys have no effect.
const (
	whyLogs     = "figures are logged at each validation, to the console and MLflow"
	whyStates   = "the best weights are kept, and beside them the last two states for --resume"
	whyBatches  = "validation has training's batches; the figures don't depend on it"
	whyRegistry = "mlflow.register_model registers models"
	whyLabels   = "the labels are written into the model's folder, as label_maps.json"
	whyHeldOut  = "the held-out records are listed in the model's folder (output.held_out_texts: true adds their texts)"
	whyDevice   = "--device says it"
	whyNames    = "nothing is named after it"
)

// huggingFace are the keys of a section with the names of transformers'
// TrainingArguments. best converts metric_for_best_model.
func huggingFace(best func(t *translation, metric string) string) map[string]rule {
	return map[string]rule{
		"training.num_train_epochs":            to("training.num_epochs"),
		"training.per_device_train_batch_size": to("training.batch_size"),
		"training.per_device_eval_batch_size":  none(whyBatches),
		"training.learning_rate":               unchanged,
		"training.weight_decay":                unchanged,
		"training.warmup_ratio":                unchanged,
		"training.warmup_steps":                unchanged,
		"training.max_grad_norm":               unchanged,
		"training.seed":                        unchanged,
		"training.eval_strategy":               evalStrategy,
		"training.eval_steps":                  evalSteps,
		"training.save_strategy":               none(whyStates),
		"training.save_steps":                  saveSteps,
		"training.save_total_limit":            none(whyStates),
		"training.load_best_model_at_end":      only("the best weights are what is kept", "true"),
		"training.metric_for_best_model":       bestBy(best),
		"training.greater_is_better":           counted,
		"training.logging_dir":                 none(whyLogs),
		"training.logging_steps":               loggingSteps,
		"training.logging_strategy":            none(whyLogs),
		"training.report_to":                   reportTo,
		"training.run_name":                    to("mlflow.run_name"),
		"training.lr_scheduler_type":           unchanged,
		"training.gradient_accumulation_steps": accumulation,
		"training.bf16":                        halfPrecision,
		"training.fp16":                        only("for half precision, training.precision: bf16", "false"),
	}
}

// accumulation is the rule for gradient_accumulation_steps.
func accumulation(t *translation, e entry) {
	unchanged(t, e)
	if !e.is(1) {
		t.warn(e, "the prototype doesn't read it, and updates the weights after each batch; here the gradients of that many batches are summed first")
	}
}

func halfPrecision(t *translation, e entry) {
	if e.text() == "true" {
		t.setTo(e, "training.precision", PrecisionBF16)
		return
	}
	t.setTo(e, "training.precision", PrecisionFP32)
}

func nerLayout() *layout {
	l := &layout{
		name:  "the Python prototype's NER configuration",
		task:  TaskNER,
		marks: []string{"data.dataset_path", "model.model_name", "model.tokenizer_name", "output.model_save_dir", "compute_metrics.average_method"},
		keys: map[string]rule{
			"experiment.name":                  to("mlflow.experiment_name"),
			"experiment.author":                none(whyNames),
			"experiment.date":                  none(whyNames),
			"data.dataset_path":                to("data.ner_path"),
			"data.test_size":                   unchanged,
			"data.validation_size":             nerValidation,
			"model.model_name":                 to("backbone.model_name"),
			"model.tokenizer_name":             sameAs("model.model_name", "a model is read with its own tokenizer"),
			"tokenizer.max_length":             unchanged,
			"tokenizer.padding":                padding,
			"tokenizer.truncation":             none("calls that are longer are left out, and counted: cutting them would lose entities"),
			"tokenizer.return_offsets_mapping": none("offsets are always there"),
			"training.output_dir":              unless("output.model_save_dir", to("output.model_dir"), "the state of a run lies beside output.model_dir"),
			"output.model_save_dir":            to("output.model_dir"),
			"output.metrics_file":              fileName("output.metrics_file"),
			"compute_metrics.average_method":   only("of the token F1, these are there", "weighted", "macro", "micro"),
			"seed":                             to("data.random_seed", "training.seed"),
			"device.use_cuda":                  none(whyDevice),
			"device.mixed_precision":           switchedOn("the prototype doesn't read it; training.precision: bf16 is what halves the numbers here"),
		},
		fixed: []setting{{"data.label_all_subwords", "true", "its code labels every piece of a word"}},
	}
	maps.Copy(l.keys, huggingFace(func(t *translation, metric string) string {
		average := "weighted"
		if e, there := find(t.file, "compute_metrics.average_method"); there {
			average = e.text()
		}
		f1 := map[string]string{"weighted": "val_ner/token_weighted_f1", "macro": "val_ner/token_macro_f1", "micro": "val_ner/token_accuracy"}
		return map[string]string{"f1": f1[average], "accuracy": "val_ner/token_accuracy", "loss": BestLoss}[metric]
	}))
	return l
}

// nerValidation: the prototype's NER trainer validates on a share of test_size that it
// draws again from all records, so it has trained on most of them.
func nerValidation(t *translation, e entry) {
	unchanged(t, e)
	if !e.is(0) {
		t.warn(e, "the prototype doesn't read it: it trains on what it validates on; here so many records are held out, beside those for the test")
	}
}

func classificationLayout() *layout {
	l := &layout{
		name:  "the Python prototype's classification configuration",
		task:  TaskClassification,
		marks: []string{"data.input_path", "data.test_split_output", "model.checkpoint", "model.embeddings_dir", "output.labels_dir"},
		keys: map[string]rule{
			"model.checkpoint":             to("backbone.model_name"),
			"model.output_dir":             to("output.model_dir"),
			"model.embeddings_dir":         none("embeddings of labels aren't written"),
			"data.input_path":              to("data.classification_path"),
			"data.test_split_output":       none(whyHeldOut),
			"data.test_size":               unchanged,
			"data.random_seed":             unchanged,
			"tokenizer.max_length":         unchanged,
			"tokenizer.padding":            padding,
			"tokenizer.truncation":         unchanged,
			"mlflow.tracking_uri":          unchanged,
			"mlflow.experiment_name":       unchanged,
			"mlflow.registered_model_name": none(whyRegistry),
			"output.labels_dir":            none(whyLabels),
			"output.main_categories_file":  none(whyLabels),
			"output.sub_categories_file":   none(whyLabels),
			"output.interventions_file":    none(whyLabels),
			"output.priorities_file":       none(whyLabels),
			"output.metrics_file":          fileName("output.metrics_file"),
		},
	}
	maps.Copy(l.keys, huggingFace(func(_ *translation, metric string) string {
		return map[string]string{
			"avg_acc": "val_cls/avg_acc", "main_acc": "val_cls/acc_main", "sub_acc": "val_cls/acc_sub",
			"interv_acc": "val_cls/acc_intervention", "priority_acc": "val_cls/acc_priority", "loss": BestLoss,
		}[metric]
	}))
	return l
}

func qaLayout() *layout {
	return &layout{
		name:  "the Python prototype's QA configuration",
		task:  TaskQA,
		marks: []string{"data.train_data_path", "data.test_data_path", "data.val_size", "model.base_model", "output.metrics_file_path"},
		keys: map[string]rule{
			"model.base_model":                     to("backbone.model_name"),
			"model.output_dir":                     to("output.model_dir"),
			"model.dropout":                        headDropout,
			"data.train_data_path":                 to("data.qa_path"),
			"data.test_data_path":                  none(whyHeldOut),
			"data.test_size":                       unchanged,
			"data.val_size":                        to("data.validation_size"),
			"data.random_seed":                     unchanged,
			"data.shuffle":                         only("batches are always shuffled", "true"),
			"tokenizer.max_length":                 unchanged,
			"tokenizer.padding":                    padding,
			"tokenizer.truncation":                 unchanged,
			"training.learning_rate":               unchanged,
			"training.batch_size":                  unchanged,
			"training.num_epochs":                  unchanged,
			"training.weight_decay":                unchanged,
			"training.warmup_steps":                unchanged,
			"training.gradient_accumulation_steps": accumulation,
			"training.max_grad_norm":               unchanged,
			"training.early_stopping_patience":     patience,
			"training.early_stopping_min_delta":    unchanged,
			"mlflow.tracking_uri":                  unchanged,
			"mlflow.experiment_name":               unchanged,
			"mlflow.registered_model_name":         none(whyRegistry),
			"mlflow.log_interval":                  none(whyLogs),
			"output.save_best_model":               only("the best weights are what is kept", "true"),
			"output.save_final_model":              switchedOn(whyStates),
			"output.save_every_epoch":              switchedOn(whyStates),
			"output.metrics_file_path":             fileName("output.metrics_file"),
			"output.predictions_file":              none("cmd/eval --output writes predictions"),
			"logging.level":                        none(whyLogs),
			"logging.log_file":                     none(whyLogs),
			"logging.console_output":               none(whyLogs),
		},
		fixed: []setting{{"data.validation_of", ValidationOfRest, "val_size is a share of what the test leaves"}},
	}
}

// headDropout: the prototype only applies it to the heads; the encoder's dropout is that
// of its own configuration, 0.1 for DistilBERT.
func headDropout(t *translation, e entry) {
	t.set(e, "backbone.dropout")
	if !e.is(0.1) {
		t.warn(e, "the prototype has it at the heads alone, and 0.1 in the encoder; here both have it")
	}
}
