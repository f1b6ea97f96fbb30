package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
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
	node, err := parseYAML(data)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	c := Default(taskOf(node, overrides))
	if problems := check(node); len(problems) > 0 {
		return Config{}, fmt.Errorf("configuration: %s", strings.Join(problems, "; "))
	}
	for _, o := range overrides {
		over, err := override(o)
		if err != nil {
			return Config{}, fmt.Errorf("--set %s: %w", o, err)
		}
		node = merge(node, over)
	}
	if node != nil {
		if err := node.Decode(&c); err != nil {
			return Config{}, fmt.Errorf("configuration: %w", err)
		}
	}
	if err := c.expandHome(); err != nil {
		return Config{}, err
	}
	return c, c.Validate()
}

// taskOf finds the task, whose defaults the other keys are read over.
func taskOf(node *yaml.Node, overrides []string) string {
	task := TaskMultitask
	if node != nil && node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == "task" {
				task = node.Content[i+1].Value
			}
		}
	}
	for _, o := range overrides {
		if value, ok := strings.CutPrefix(o, "task="); ok {
			task = value
		}
	}
	return task
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

// override is "a.b=value" as the document {a: {b: value}}.
func override(o string) (*yaml.Node, error) {
	path, text, ok := strings.Cut(o, "=")
	if !ok || path == "" {
		return nil, errors.New("want section.key=value")
	}
	node, err := parseYAML([]byte(text))
	if err != nil {
		return nil, err
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
	if problems := check(node); len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "; "))
	}
	return node, nil
}

// merge puts the keys of over into node's sections.
func merge(node, over *yaml.Node) *yaml.Node {
	for node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node == nil || node.Kind != yaml.MappingNode || over.Kind != yaml.MappingNode {
		return over
	}
	merged := *node
	merged.Content = slices.Clone(node.Content)
	for i := 0; i+1 < len(over.Content); i += 2 {
		key, value := over.Content[i], over.Content[i+1]
		at := 0
		for at < len(merged.Content) && merged.Content[at].Value != key.Value {
			at += 2
		}
		if at == len(merged.Content) {
			merged.Content = append(merged.Content, key, value)
			continue
		}
		merged.Content[at+1] = merge(merged.Content[at+1], value)
	}
	return &merged
}

// clearLines forgets where the nodes stood: an override has no lines to name.
func clearLines(node *yaml.Node) {
	node.Line = 0
	for _, child := range node.Content {
		clearLines(child)
	}
}
