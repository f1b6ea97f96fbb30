package config

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// Params lists every setting by name, as a tracker shows hyperparameters:
// training.batch_size is "batch_size", data.generate.cases "generate_cases".
func (c Config) Params() (map[string]string, error) {
	var root yaml.Node
	if err := root.Encode(c); err != nil {
		return nil, fmt.Errorf("list the configuration's settings: %w", err)
	}
	params := map[string]string{}
	flatten(params, nil, &root)
	return params, nil
}

func flatten(params map[string]string, path []string, node *yaml.Node) {
	if node.Kind != yaml.MappingNode {
		params[strings.Join(path[min(1, len(path)-1):], "_")] = node.Value
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		flatten(params, append(path[:len(path):len(path)], node.Content[i].Value), node.Content[i+1])
	}
}

// Marshal writes the configuration as YAML.
func (c Config) Marshal() ([]byte, error) {
	data, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	return data, nil
}
