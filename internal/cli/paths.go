package cli

import (
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/trident-nlp/trident/internal/home"
)

// expandPaths expands ~ in values of flags and arguments with the tag path: shells don't
// expand --model=~/m and ner=~/calls.jsonl. path:"parts" is for values such as TASK=FILE
// and DIR+DIR.
func expandPaths(model *kong.Application) error {
	values := append([]*kong.Value{}, model.Positional...)
	for _, flag := range model.Flags {
		values = append(values, flag.Value)
	}
	for _, v := range values {
		if !v.Tag.Has("path") {
			continue
		}
		expand := home.Expand
		if v.Tag.Get("path") == "parts" {
			expand = expandParts
		}
		switch v.Target.Kind() {
		case reflect.String:
			path, err := expand(v.Target.String())
			if err != nil {
				return err
			}
			v.Target.SetString(path)
		case reflect.Slice:
			for i := range v.Target.Len() {
				path, err := expand(v.Target.Index(i).String())
				if err != nil {
					return err
				}
				v.Target.Index(i).SetString(path)
			}
		}
	}
	return nil
}

func expandParts(value string) (string, error) {
	before, list, found := strings.Cut(value, "=")
	if !found || strings.ContainsAny(before, "/+") {
		before, list = "", value
	} else {
		before += "="
	}
	parts := strings.Split(list, "+")
	for i := range parts {
		var err error
		if parts[i], err = home.Expand(parts[i]); err != nil {
			return "", err
		}
	}
	return before + strings.Join(parts, "+"), nil
}
