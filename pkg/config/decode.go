package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// Load reads the file at path over the defaults, then applies overrides of the
// form "section.key=value" (values in YAML), and validates the result.
func Load(path string, overrides []string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	c, err := Parse(data, overrides)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse is Load for the contents of a file.
func Parse(data []byte, overrides []string) (Config, error) {
	c := Default()
	if err := decodeStrict(data, &c); err != nil {
		return Config{}, err
	}
	for _, o := range overrides {
		text, err := overrideYAML(o)
		if err != nil {
			return Config{}, err
		}
		if err := decodeStrict(text, &c); err != nil {
			return Config{}, fmt.Errorf("--set %s: %w", o, err)
		}
	}
	return c, c.Validate()
}

// decodeStrict sets the keys that data has; an unknown one is an error.
func decodeStrict(data []byte, c *Config) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	err := decoder.Decode(c)
	if errors.Is(err, io.EOF) {
		return nil
	}
	var typed *yaml.TypeError
	if errors.As(err, &typed) {
		lines := make([]string, len(typed.Errors))
		for i, line := range typed.Errors {
			if field, _, unknown := strings.Cut(line, " not found in type"); unknown {
				line = strings.Replace(field, "field ", "unknown key ", 1)
			}
			lines[i] = line
		}
		return fmt.Errorf("configuration: %s", strings.Join(lines, "; "))
	}
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if err := decoder.Decode(new(Config)); !errors.Is(err, io.EOF) {
		return errors.New("configuration: more than one YAML document")
	}
	return nil
}

// overrideYAML turns "a.b=value" into the document {a: {b: value}}.
func overrideYAML(o string) ([]byte, error) {
	path, value, ok := strings.Cut(o, "=")
	if !ok || path == "" {
		return nil, fmt.Errorf("--set %s: want section.key=value", o)
	}
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(value), &node); err != nil {
		return nil, fmt.Errorf("--set %s: %w", o, err)
	}
	inner := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: ""}
	if len(node.Content) > 0 {
		inner = node.Content[0]
	}
	keys := strings.Split(path, ".")
	for i := len(keys) - 1; i >= 0; i-- {
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: keys[i]}
		inner = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{key, inner}}
	}
	return yaml.Marshal(inner)
}
