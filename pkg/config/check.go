package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// check lists what decoding node would ignore or misinterpret: unknown keys, keys
// without a value, fractions for integers, and values of a wrong type. A nil node has no
// keys.
func check(node *yaml.Node) []string {
	if node == nil {
		return nil
	}
	return checkNode(node, reflect.TypeFor[Config](), "")
}

func checkNode(node *yaml.Node, want reflect.Type, path string) []string {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if want == reflect.TypeFor[ClassWeights]() {
		if err := node.Decode(new(ClassWeights)); err != nil {
			return []string{problem(node, path, err.Error())}
		}
		return nil
	}
	if want == reflect.TypeFor[LossWeights]() {
		if node.Kind == yaml.MappingNode {
			return checkMap(node, reflect.TypeFor[float64](), path)
		}
		if err := node.Decode(new(LossWeights)); err != nil {
			return []string{problem(node, path, err.Error())}
		}
		return nil
	}
	if want == reflect.TypeFor[Paths]() {
		if err := node.Decode(new(Paths)); err != nil {
			return []string{problem(node, path, err.Error())}
		}
		return nil
	}
	if want == reflect.TypeFor[Speakers]() {
		if err := node.Decode(new(Speakers)); err != nil {
			return []string{problem(node, path, err.Error())}
		}
		return nil
	}
	if want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	section := want.Kind() == reflect.Struct
	null := node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
	switch {
	case section && null: // defaults for all its keys
		return nil
	case section && node.Kind == yaml.MappingNode:
		return checkKeys(node, want, path)
	case want.Kind() == reflect.Slice && node.Kind == yaml.SequenceNode:
		var problems []string
		for i, element := range node.Content {
			problems = append(problems, checkNode(element, want.Elem(), fmt.Sprintf("%s[%d]", path, i+1))...)
		}
		return problems
	case want.Kind() == reflect.Map && node.Kind == yaml.MappingNode:
		return checkMap(node, want.Elem(), path)
	case want.Kind() == reflect.Map && null || want.Kind() == reflect.Slice && null: // empty
		return nil
	case null:
		return []string{problem(node, path, `no value; remove the key, or write "" for an empty text`)}
	case !fits(node, want):
		return []string{problem(node, path, fmt.Sprintf("want %s, got %s", kindOf(want), valueOf(node)))}
	}
	return nil
}

func checkKeys(node *yaml.Node, section reflect.Type, path string) []string {
	types := map[string]reflect.Type{}
	for i := range section.NumField() {
		field := section.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		types[name] = field.Type
	}
	var problems []string
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		name := strings.TrimPrefix(path+"."+key.Value, ".")
		want, known := types[key.Value]
		switch {
		case !known || key.Kind != yaml.ScalarNode:
			problems = append(problems, problem(key, "", "unknown key "+name+didYouMean(key.Value, path, slices.Sorted(maps.Keys(types)), dotted(reflect.TypeFor[Config](), ""))))
		case seen[key.Value]:
			problems = append(problems, problem(key, "", "second "+name+"; keep one"))
		default:
			problems = append(problems, checkNode(node.Content[i+1], want, name)...)
		}
		seen[key.Value] = true
	}
	return problems
}

// checkMap checks a section whose keys are chosen by the user.
func checkMap(node *yaml.Node, want reflect.Type, path string) []string {
	var problems []string
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		name := strings.TrimPrefix(path+"."+key.Value, ".")
		if seen[key.Value] {
			problems = append(problems, problem(key, "", "second "+name+"; keep one"))
		}
		seen[key.Value] = true
		problems = append(problems, checkNode(node.Content[i+1], want, name)...)
	}
	return problems
}

// fits reports whether a value can be decoded without changing it.
func fits(node *yaml.Node, want reflect.Type) bool {
	if node.Kind != yaml.ScalarNode {
		return false
	}
	into := reflect.New(want)
	if node.Decode(into.Interface()) != nil {
		return false
	}
	switch want.Kind() {
	case reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return node.ShortTag() == "!!int"
	}
	return true
}

func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		return "a section of keys"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	case reflect.Uint32, reflect.Uint64:
		return fmt.Sprintf("a whole number from 0 to %d", ^uint64(0)>>(64-t.Bits()))
	case reflect.String:
		return "a text"
	case reflect.Slice:
		return "a list"
	case reflect.Map:
		return "a section of names"
	}
	return "a whole number"
}

func valueOf(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a section of keys"
	case yaml.SequenceNode:
		return "a list"
	}
	return strconv.Quote(node.Value)
}

// problem formats an error with its position, if known.
func problem(node *yaml.Node, path, text string) string {
	if path != "" {
		text = path + ": " + text
	}
	if node.Line == 0 {
		return text
	}
	return fmt.Sprintf("line %d: %s", node.Line, text)
}
