package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Load reads the file at path over the defaults, applies overrides of the form
// "section.key=value" (values in YAML), and validates the result. Files of the Python
// prototype's single-task trainers are converted; see docs/training.md. Input paths that
// don't exist relative to the working directory are looked up relative to the
// configuration. The notes report both.
func Load(path string, overrides []string) (Config, []Note, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, nil, fmt.Errorf("read configuration: %w", err)
	}
	c, notes, err := parse(data, overrides)
	if errors.Is(err, errSet) {
		return Config{}, nil, err
	}
	if err != nil {
		return Config{}, nil, fmt.Errorf("%s: %w", path, err)
	}
	notes = append(notes, c.locate(filepath.Dir(path), overrides)...)
	for i := range notes {
		notes[i].Text = path + ": " + notes[i].Text
	}
	return c, notes, nil
}

// Parse is Load for the contents of a file, without looking up other files.
func Parse(data []byte, overrides []string) (Config, error) {
	c, _, err := parse(data, overrides)
	return c, err
}

func parse(data []byte, overrides []string) (Config, []Note, error) {
	node, err := parseYAML(data)
	if err != nil {
		return Config{}, nil, fmt.Errorf("configuration: %w", err)
	}
	node, task, notes, err := ours(node, taskOf(node, overrides))
	if err != nil {
		return Config{}, nil, fmt.Errorf("configuration: %w", err)
	}
	c := Default(task)
	if problems := check(node); len(problems) > 0 {
		return Config{}, nil, fmt.Errorf("configuration: %s", strings.Join(problems, "; "))
	}
	g := given{file: node}
	for _, o := range overrides {
		over, err := override(o)
		if err != nil {
			return Config{}, nil, setError{fmt.Sprintf("--set %s: %v", o, err)}
		}
		if key, value, lost := replacedWhole(node, over, ""); lost {
			return Config{}, nil, setError{fmt.Sprintf("--set %s: %s is the word %s, which this would drop; to replace it, put --set %s=null in front", o, key, value, key)}
		}
		g.sets = append(g.sets, over)
		node = merge(node, over)
	}
	_, ratio := find(node, "training.warmup_ratio")
	if _, steps := find(node, "training.warmup_steps"); ratio && !steps {
		c.Training.WarmupSteps = 0 // a default must not override a configured value
	}
	if node != nil {
		if err := node.Decode(&c); err != nil {
			return Config{}, nil, fmt.Errorf("configuration: %w", err)
		}
	}
	if err := c.expandHome(); err != nil {
		return Config{}, nil, err
	}
	if err := asError(g.blame(c.invalid())); err != nil {
		return Config{}, nil, err
	}
	unused, err := c.checkUnused(g)
	return c, append(notes, unused...), err
}

// ours returns the file in Trident's layout, and its task: the requested one, or else
// the layout's.
func ours(node *yaml.Node, asked string) (file *yaml.Node, task string, notes []Note, err error) {
	l, err := layoutOf(node)
	switch {
	case err != nil:
		return nil, "", nil, err
	case l == nil && asked == "":
		return node, TaskMultitask, nil, nil
	case l == nil:
		return node, asked, nil, nil
	case asked != "" && asked != l.task:
		return nil, "", nil, fmt.Errorf("the file is laid out as %s, which is for task: %s, not %s", l.name, l.task, asked)
	}
	file, notes, err = l.translate(node)
	return file, l.task, notes, err
}

// taskOf returns the requested task, which determines the defaults; "" if there is none.
func taskOf(node *yaml.Node, overrides []string) string {
	task := ""
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

// parseYAML returns the root of the only document, nil if there is none.
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

// override converts "a.b=value" to the document {a: {b: value}}.
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

// merge sets the keys of over in node's sections.
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

// replacedWhole finds a word in node, such as the rule of training.loss_weights, that merge
// would drop for a single value of a section, and its key.
func replacedWhole(node, over *yaml.Node, path string) (key, value string, found bool) {
	node = resolved(node)
	switch {
	case node == nil || over.Kind != yaml.MappingNode:
		return "", "", false
	case node.Kind == yaml.ScalarNode:
		return path, node.Value, node.Value != "" && node.ShortTag() != "!!null"
	case node.Kind != yaml.MappingNode:
		return "", "", false
	}
	for i := 0; i+1 < len(over.Content); i += 2 {
		name := strings.TrimPrefix(path+"."+over.Content[i].Value, ".")
		if e, there := find(node, over.Content[i].Value); there {
			if key, value, found = replacedWhole(e.value, over.Content[i+1], name); found {
				return key, value, true
			}
		}
	}
	return "", "", false
}

// clearLines removes the positions of nodes, since an override has no lines.
func clearLines(node *yaml.Node) {
	node.Line = 0
	for _, child := range node.Content {
		clearLines(child)
	}
}
