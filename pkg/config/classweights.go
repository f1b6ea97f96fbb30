package config

import (
	"errors"
	"fmt"

	"gopkg.in/yaml.v3"
)

// Balanced derives class weights from label frequencies.
const Balanced = "balanced"

// ClassWeights are Balanced, or a weight for each label; labels that aren't listed have
// weight 1.
type ClassWeights struct {
	Balanced bool
	ByLabel  map[string]float64
}

// UnmarshalYAML reads the word balanced, or a map of weights.
func (w *ClassWeights) UnmarshalYAML(node *yaml.Node) error {
	*w = ClassWeights{}
	if node.Kind == yaml.ScalarNode && node.Value == Balanced {
		w.Balanced = true
		return nil
	}
	if node.Kind != yaml.MappingNode || node.Decode(&w.ByLabel) != nil {
		return errors.New("want balanced, or a weight for each label")
	}
	for label, weight := range w.ByLabel {
		if !positive(weight) {
			return fmt.Errorf("label %s: want a weight above 0, got %v", label, weight)
		}
	}
	return nil
}

// MarshalYAML writes the form that UnmarshalYAML reads.
func (w ClassWeights) MarshalYAML() (any, error) {
	if w.Balanced {
		return Balanced, nil
	}
	return w.ByLabel, nil
}
