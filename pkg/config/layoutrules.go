package config

import (
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// to is the rule for a key that is equivalent to one or more of Trident's.
func to(keys ...string) rule {
	return func(t *translation, e entry) { t.set(e, keys...) }
}

// unchanged is to, for a key with the same name.
func unchanged(t *translation, e entry) { t.set(e, e.path) }

// none is the rule for a key without a counterpart that doesn't affect training results.
func none(why string) rule {
	return func(t *translation, e entry) { t.ignore(e, why) }
}

// only is the rule for a key that must have one of these values, which match Trident's
// behaviour. Others would change training.
func only(why string, values ...string) rule {
	return func(t *translation, e entry) {
		if !slices.Contains(values, e.text()) {
			t.problem(e, "want "+strings.Join(values, " or ")+", got "+valueOf(e.value)+": "+why)
		}
	}
}

// switchedOn is the rule for a key that enables something Trident doesn't support. false
// is accepted.
func switchedOn(why string) rule {
	return func(t *translation, e entry) {
		if e.text() != "false" {
			t.ignore(e, why)
		}
	}
}

// padding converts the values that a Hugging Face tokenizer accepts.
func padding(t *translation, e entry) {
	switch e.text() {
	case PadMaxLength, PadLongest:
		t.set(e, "tokenizer.padding")
	case "true", "false", "do_not_pad":
		t.setTo(e, "tokenizer.padding", PadLongest)
	default:
		t.problem(e, "want max_length, longest, true or false, got "+valueOf(e.value))
	}
}

// fileName converts the name of a file that is written into the model's folder.
func fileName(key string) rule {
	return func(t *translation, e entry) {
		path := e.value.Value
		name := filepath.Base(path)
		if e.value.Kind == yaml.ScalarNode && path != "" {
			if name != filepath.Clean(path) {
				t.warn(e, "only the file's name counts: it is written into the model's folder")
			}
			node := *e.value
			node.Value = name
			e.value = &node
		}
		t.set(e, key)
	}
}

// sameAs is the rule for a key that is redundant with another one.
func sameAs(other, why string) rule {
	return func(t *translation, e entry) {
		if o, there := find(t.file, other); there && o.text() != e.text() {
			t.problem(e, "want the value of "+other+", got "+valueOf(e.value)+": "+why)
		}
	}
}

// unless is the rule for a key that is only used if another one is missing.
func unless(other string, otherwise rule, why string) rule {
	return func(t *translation, e entry) {
		if _, there := find(t.file, other); there {
			t.ignore(e, why)
			return
		}
		otherwise(t, e)
	}
}

// patience is for QA: with 0 the prototype stops as with 1, and Trident never stops.
func patience(t *translation, e entry) {
	if e.is(0) {
		t.setTo(e, e.path, "1")
		return
	}
	unchanged(t, e)
}

// evalStrategy determines when to validate.
func evalStrategy(t *translation, e entry) {
	switch e.text() {
	case "steps":
		stepsOfLogging(t, e)
	case "epoch":
		t.setTo(e, "training.eval_steps", "0")
	default:
		t.problem(e, "want steps or epoch, got "+valueOf(e.value)+": without validation there are no best weights")
	}
}

// hfLoggingSteps is transformers' default of logging_steps.
const hfLoggingSteps = "500"

// evalsByLogging reports whether a Hugging Face trainer validates every logging_steps:
// with eval_strategy: steps and eval_steps missing or 0.
func evalsByLogging(t *translation) bool {
	strategy, _ := find(t.file, "training.eval_strategy")
	steps, there := find(t.file, "training.eval_steps")
	return strategy.value != nil && strategy.text() == "steps" && (!there || steps.is(0))
}

// stepsOfLogging sets the validation interval if eval_steps doesn't.
func stepsOfLogging(t *translation, strategy entry) {
	if !evalsByLogging(t) {
		return
	}
	logging, there := find(t.file, "training.logging_steps")
	switch {
	case !there:
		t.settings = append(t.settings, set{key: "training.eval_steps", from: entry{path: strategy.path, key: strategy.key, value: scalar(hfLoggingSteps)},
			why: "transformers validate each logging_steps if there is no eval_steps"})
	case logging.is(0):
		t.problem(strategy, "steps wants eval_steps or logging_steps above 0")
	default:
		t.set(logging, "training.eval_steps")
	}
}

// loggingSteps is only used if eval_steps is missing.
func loggingSteps(t *translation, e entry) {
	if !evalsByLogging(t) {
		t.ignore(e, whyLogs)
	}
}

// evalSteps is only used with eval_strategy: steps.
func evalSteps(t *translation, e entry) {
	if evalsByLogging(t) {
		return // 0: handled by stepsOfLogging
	}
	if s, there := find(t.file, "training.eval_strategy"); there && s.text() == "epoch" {
		t.ignore(e, "with eval_strategy: epoch no steps are counted")
		return
	}
	unchanged(t, e)
}

// saveSteps is the interval at which the state for --resume is saved.
func saveSteps(t *translation, e entry) {
	if s, there := find(t.file, "training.save_strategy"); there && s.text() != "steps" {
		t.ignore(e, "without save_strategy: steps no steps are counted")
		return
	}
	unchanged(t, e)
}

// reportTo names the trackers of a Hugging Face trainer.
func reportTo(t *translation, e entry) {
	names := []string{e.text()}
	if e.value.Kind == yaml.SequenceNode {
		names = nil
		for _, name := range e.value.Content {
			names = append(names, name.Value)
		}
	}
	enabled := "false"
	for _, name := range names {
		switch name {
		case "mlflow", "all":
			enabled = "true"
		case "none", "":
		default:
			t.ignore(e, "runs are shown in MLflow alone")
		}
	}
	t.setTo(e, "mlflow.enabled", enabled)
}

// bestBy converts the selection metric: names maps the Hugging Face trainer's names,
// without "eval_", to Trident's.
func bestBy(names func(t *translation, metric string) (ours string)) rule {
	return func(t *translation, e entry) {
		metric := strings.TrimPrefix(e.text(), "eval_")
		ours := names(t, metric)
		if ours == "" {
			t.problem(e, "no figure like "+valueOf(e.value)+" decides here which weights are best; see metric_for_best_model in docs/training.md")
			return
		}
		t.setTo(e, "training.metric_for_best_model", ours)
		if g, there := find(t.file, "training.greater_is_better"); there && (g.text() == "true") == (ours == BestLoss) {
			t.problem(g, g.text()+" doesn't fit "+e.text()+": the worst weights would be kept")
		}
	}
}

// counted is the rule for a key that is read by the rule of another one.
func counted(*translation, entry) {}
