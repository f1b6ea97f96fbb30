package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// mistake is a setting that can't be used.
type mistake struct {
	key, text string
	bySet     bool // its value comes from --set
}

// errSet marks errors whose only causes are settings of --set: no file is to blame.
var errSet = errors.New("--set")

// setError is an error marked as [errSet].
type setError struct{ text string }

func (e setError) Error() string        { return e.text }
func (e setError) Is(target error) bool { return target == errSet }

// asError lists the mistakes, each with --set in front if it comes from there; nil if there
// are none.
func asError(list []mistake) error {
	if len(list) == 0 {
		return nil
	}
	var own, set []string
	for _, m := range list {
		if m.bySet {
			set = append(set, "--set "+m.text)
		} else {
			own = append(own, m.text)
		}
	}
	slices.Sort(own)
	slices.Sort(set)
	if own == nil {
		return setError{strings.Join(set, "; ")}
	}
	return fmt.Errorf("configuration: %s", strings.Join(append(own, set...), "; "))
}

// blame marks the mistakes whose values come from --set.
func (g given) blame(list []mistake) []mistake {
	for i, m := range list {
		list[i].bySet = g.valueBySet(m.key)
	}
	return list
}

// valueBySet reports whether --set sets a key, an empty value included. That it sets
// another key of a section of the file, such as data, isn't enough.
func (g given) valueBySet(key string) bool {
	return slices.ContainsFunc(g.sets, func(node *yaml.Node) bool {
		e, there := find(node, key)
		return there && (e.value.Kind != yaml.MappingNode || strings.Contains(key, "."))
	})
}
