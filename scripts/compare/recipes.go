package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/cli"
)

// recipe is a way of making a model of the three tasks. Its settings are keys of the
// configuration over configs/quickstart.yaml. $encoder in them is the pretrained encoder, and
// $NAME the folder of the stage of that name.
type recipe struct {
	name, title string
	stages      []stage // pretraining, in order
	settings    []string
}

// stage is a run of task: pretrain, over configs/pretrain.yaml, shared by all recipes and
// seeds. $calls are the unlabelled calls.
type stage struct {
	name     string
	settings []string
}

// recipes are all known ways. Two epochs of MiniLM take eight minutes of
// processor time: four on two idle cores.
func recipes() []recipe {
	continued := stage{"continued", []string{
		"backbone.model_name=$encoder", "training.num_epochs=1", "training.learning_rate=1e-4",
	}}
	student := stage{"student", []string{
		"distill.encoder.model=$continued", "distill.encoder.layers=[0, 2, 4]", "training.num_epochs=1", "training.learning_rate=5e-4",
	}}
	fineTuned := func(encoder string) []string {
		return []string{
			"backbone.init=pretrained", "backbone.model_name=" + encoder, "training.num_epochs=2", "training.learning_rate=2e-4",
		}
	}
	return []recipe{
		{name: "quickstart", title: "quickstart's size, from scratch"},
		{name: "minilm", title: "MiniLM", settings: fineTuned("$encoder")},
		{name: "continued", title: "MiniLM, pretrained further on calls", stages: []stage{continued}, settings: fineTuned("$continued")},
		{name: "student", title: "3 layers distilled from that", stages: []stage{continued, student}, settings: fineTuned("$student")},
	}
}

// choose finds recipes by name, in the order of all; no names are all.
func choose(all []recipe, names []string) ([]recipe, error) {
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	for _, r := range all {
		known = append(known, r.name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("%w: --recipes has no %q; the recipes are %s", cli.ErrUsage, name, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(r recipe) bool { return !slices.Contains(names, r.name) }), nil
}

// fingerprint lists all settings, with their $NAMEs. Results of a recipe with others don't count.
func (r recipe) fingerprint() []string {
	list := []string{}
	for _, s := range r.stages {
		list = append(list, s.settings...)
	}
	return append(list, r.settings...)
}

// usesEncoder reports whether it starts from the pretrained encoder.
func (r recipe) usesEncoder() bool {
	return strings.Contains(strings.Join(r.fingerprint(), " "), "$encoder")
}

// fill replaces the $NAMEs in settings.
func fill(settings []string, values map[string]string) []string {
	var list []string
	for _, s := range settings {
		list = append(list, os.Expand(s, func(name string) string { return values[name] }))
	}
	return list
}
