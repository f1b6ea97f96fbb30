package config

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Params lists every setting under its tracker's name: training.batch_size is
// "batch_size", data.generate.cases "generate_cases".
func (c Config) Params() (map[string]string, error) { return c.flat(paramName) }

// Settings lists every setting under its key for --set, such as training.batch_size.
func (c Config) Settings() (map[string]string, error) {
	return c.flat(func(path []string) string { return strings.Join(path, ".") })
}

func (c Config) flat(name func(path []string) string) (map[string]string, error) {
	var root yaml.Node
	if err := root.Encode(c); err != nil {
		return nil, fmt.Errorf("list the configuration's settings: %w", err)
	}
	params := map[string]string{}
	flatten(params, name, nil, &root)
	return params, nil
}

func flatten(params map[string]string, name func([]string) string, path []string, node *yaml.Node) {
	under := func(key string) []string { return append(path[:len(path):len(path)], key) }
	switch {
	case node.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			flatten(params, name, under(plain(node.Content[i].Value)), node.Content[i+1])
		}
	case node.Kind == yaml.SequenceNode && len(node.Content) > 0 && node.Content[0].Kind == yaml.MappingNode:
		for i, element := range node.Content {
			flatten(params, name, under(strconv.Itoa(i+1)), element)
		}
	case node.Kind == yaml.SequenceNode:
		var values []string
		for _, element := range node.Content {
			values = append(values, element.Value)
		}
		params[name(path)] = strings.Join(values, ", ")
	default:
		params[name(path)] = node.Value
	}
}

// paramName removes the section, except for top-level lists and maps.
func paramName(path []string) string {
	if len(path) > 1 && path[0] != "tasks" && path[0] != "distill" {
		path = path[1:]
	}
	return strings.Join(path, "_")
}

// plain replaces characters in a user's name that a tracker may refuse.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-':
			return r
		}
		return '_'
	}, name)
}
