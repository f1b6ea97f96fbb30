package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestLossWeights(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		set  []string
		want LossWeights
		rule string
	}{
		"none":          {"", nil, LossWeights{}, ""},
		"nothing":       {"training: {loss_weights: }", nil, LossWeights{}, ""},
		"weights":       {"training: {loss_weights: {ner: 5, qa: 2}}", nil, LossWeights{ByTask: map[string]float64{"ner": 5, "qa": 2}}, ""},
		"one changed":   {"training: {loss_weights: {ner: 5, qa: 2}}", []string{"training.loss_weights.ner=1"}, LossWeights{ByTask: map[string]float64{"ner": 1, "qa": 2}}, ""},
		"a rule":        {"training: {loss_weights: log_classes}", nil, LossWeights{Rule: "log_classes"}, "log_classes"},
		"auto":          {"training: {loss_weights: auto}", nil, LossWeights{Rule: "auto"}, "gradient_norm"},
		"a rule over":   {"training: {loss_weights: {ner: 5}}", []string{"training.loss_weights=uncertainty"}, LossWeights{Rule: "uncertainty"}, "uncertainty"},
		"weights again": {"training: {loss_weights: auto}", []string{"training.loss_weights=null", "training.loss_weights.qa=2"}, LossWeights{ByTask: map[string]float64{"qa": 2}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Parse([]byte(test.text), test.set)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Training.LossWeights; !reflect.DeepEqual(got, test.want) || got.AppliedRule() != test.rule {
				t.Errorf("got %+v, rule %q; want %+v, %q", got, got.AppliedRule(), test.want, test.rule)
			}
			settings, err := c.Settings()
			if err != nil || settings["training.loss_weights"] != test.want.Rule {
				t.Errorf("setting %q, %v", settings["training.loss_weights"], err)
			}
		})
	}
}

// A weight doesn't replace a rule without a word: the rule may be meant to stay.
func TestWeightOverARule(t *testing.T) {
	for name, test := range map[string]struct {
		text, want string
		set        []string
	}{
		"of the file":    {"training: {loss_weights: auto}", "--set training.loss_weights.ner=5: training.loss_weights is the word auto, ", []string{"training.loss_weights.ner=5"}},
		"of --set":       {"", "put --set training.loss_weights=null in front", []string{"training.loss_weights=auto", "training={loss_weights: {ner: 5}}"}},
		"of an alias":    {"training: {loss_weights: &a auto, lr_scheduler_type: linear}", "training.loss_weights", []string{"training.loss_weights.ner=5"}},
		"class weights":  {"training: {class_weights: {ner: balanced}}", "training.class_weights.ner is the word balanced", []string{"training.class_weights.ner.LANDMARK=5"}},
		"another key":    {"training: {loss_weights: auto}", "", []string{"training.batch_size=8"}},
		"a map replaced": {"training: {loss_weights: {ner: 5}}", "", []string{"training.loss_weights=auto"}},
	} {
		_, err := Parse([]byte(test.text), test.set)
		if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

func TestWrongLossWeights(t *testing.T) {
	for text, want := range map[string]string{
		"training: {loss_weights: 3}":                                              "training.loss_weights: want a weight for each task, or auto or ",
		"training: {loss_weights: [ner]}":                                          "training.loss_weights: want a weight for each task, or auto or ",
		"training: {loss_weights: {ner: a}}":                                       `training.loss_weights.ner: want a number, got "a"`,
		"training: {loss_weights: gradnorms}":                                      `training.loss_weights: want a weight for each task, or auto or gradient_norm or log_classes or uncertainty, got "gradnorms"`,
		"task: pretrain\ndata: {pretrain_path: a}\ntraining: {loss_weights: auto}": "training.loss_weights: want no rule with task: pretrain",
	} {
		c, err := Parse([]byte(text), nil)
		if err == nil {
			err = c.Validate()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}
