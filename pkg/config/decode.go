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
	node, err := parseYAML(data)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	if err := decode(node, &c); err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	for _, o := range overrides {
		if err := override(o, &c); err != nil {
			return Config{}, fmt.Errorf("--set %s: %w", o, err)
		}
	}
	return c, c.Validate()
}

// parseYAML returns the only document's root, nil if there is none.
func parseYAML(data []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one YAML document; keep one")
	}
	return document.Content[0], nil
}

// decode sets the keys that node has, and only if all of them are right.
func decode(node *yaml.Node, c *Config) error {
	if node == nil {
		return nil
	}
	if problems := check(node, c); len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return node.Decode(c)
}

// override applies "a.b=value" as the document {a: {b: value}}.
func override(o string, c *Config) error {
	path, text, ok := strings.Cut(o, "=")
	if !ok || path == "" {
		return errors.New("want section.key=value")
	}
	node, err := parseYAML([]byte(text))
	if err != nil {
		return err
	}
	if node == nil {
		node = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str"}
	}
	keys := strings.Split(path, ".")
	for i := len(keys) - 1; i >= 0; i-- {
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: keys[i]}
		node = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{key, node}}
	}
	clearLines(node)
	return decode(node, c)
}

// clearLines forgets where the nodes stood: an override has no lines to name.
func clearLines(node *yaml.Node) {
	node.Line = 0
	for _, child := range node.Content {
		clearLines(child)
	}
}
