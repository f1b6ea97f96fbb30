package config

import (
	"errors"
	"strings"

	"gopkg.in/yaml.v3"
)

// Rules for the weights of the tasks' losses; docs/training.md describes them.
const (
	WeightsLogClasses   = "log_classes"
	WeightsGradientNorm = "gradient_norm"
	WeightsUncertainty  = "uncertainty"
	WeightsAuto         = "auto" // the recommended rule
)

// weightRules lists them.
var weightRules = []string{WeightsAuto, WeightsGradientNorm, WeightsLogClasses, WeightsUncertainty}

// LossWeights are a weight for each task, by name, or a rule that sets them; tasks that
// aren't listed have the weight 1.
type LossWeights struct {
	ByTask map[string]float64
	Rule   string // one of the rules; "": none
}

// UnmarshalYAML reads a rule, or a map of weights.
func (w *LossWeights) UnmarshalYAML(node *yaml.Node) error {
	*w = LossWeights{}
	switch {
	case node.Kind == yaml.MappingNode:
		return node.Decode(&w.ByTask)
	case node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null":
		return nil
	case node.Kind == yaml.ScalarNode && node.ShortTag() == "!!str":
		w.Rule = node.Value
		return nil
	}
	return errors.New("want a weight for each task, or " + strings.Join(weightRules, " or "))
}

// MarshalYAML writes the form that UnmarshalYAML reads.
func (w LossWeights) MarshalYAML() (any, error) {
	if w.Rule != "" {
		return w.Rule, nil
	}
	return w.ByTask, nil
}

// IsZero reports whether there is neither a weight nor a rule.
func (w LossWeights) IsZero() bool { return w.Rule == "" && len(w.ByTask) == 0 }

// AppliedRule returns the rule that sets the weights, which auto stands for; "" if there
// is none.
func (w LossWeights) AppliedRule() string {
	if w.Rule == WeightsAuto {
		return WeightsGradientNorm
	}
	return w.Rule
}
