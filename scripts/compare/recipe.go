package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/internal/cli"
)

// recipe is a way of making one or several models that do the three tasks together. Its
// settings are keys of the configuration over configs/quickstart.yaml. $encoder in them is
// the pretrained encoder, $NAME the folder of the stage of that name, and $ner, $cls and $qa
// those of the teachers.
type recipe struct {
	group       group
	name, title string
	stages      []stage  // pretraining, in order
	teachers    *recipe  // whose models, of the same seed and calls, teach this one's; nil: none
	averaged    int      // how many seeds' models each teacher is the mean of; 0: one
	parts       []part   // its models; nil: one for all tasks
	settings    []string // of each model
	share       float64  // of the epochs that the others go through; 0: all. Its teachers go through all

	// Of the group long.
	scores       string // the recipe whose models are scored; "": its own
	overlap      *int   // tokens that windows share when the models are scored; nil: they read as they have learnt
	entityTokens int    // calls with entities are cut at about as many tokens to train on, since training drops longer ones; 0: not
}

// group is a set of recipes that are run and compared together.
type group string

const (
	compareGroup  group = "compare"  // one model for all tasks beside one for each
	leversGroup   group = "levers"   // ways to improve the one model
	encodersGroup group = "encoders" // encoders to start from
	longGroup     group = "long"     // ways to read whole calls, on long demo calls
)

// stage is a run of task: pretrain, over configs/pretrain.yaml, shared by all recipes and
// seeds. $calls are the unlabelled calls. If labelled, it is a run of all tasks over
// configs/quickstart.yaml, on short demo calls.
type stage struct {
	name     string
	settings []string
	labelled bool
}

// part is one of a recipe's models. Its settings come before the recipe's.
type part struct {
	name     string   // "" of a recipe with a single model
	tasks    []string // names of tasks, as in taskNames
	settings []string
}

// models are the recipe's parts.
func (r recipe) models() []part {
	if len(r.parts) > 0 {
		return r.parts
	}
	return []part{{tasks: taskNames()}}
}

// single reports whether each task has a model of its own.
func (r recipe) single() bool { return len(r.models()) == len(taskNames()) }

// with adds settings to the recipe and to its teachers.
func (r recipe) with(settings ...string) recipe {
	r.settings = slices.Concat(r.settings, settings)
	if r.teachers != nil {
		teachers := r.teachers.with(settings...)
		r.teachers = &teachers
	}
	return r
}

// shortened sets the number of epochs of a recipe with a share of them, at least one. usual is
// the others', unless the recipe's settings say otherwise.
func (r recipe) shortened(usual int) recipe {
	if r.share == 0 {
		return r
	}
	for _, s := range r.settings {
		if n, ok := strings.CutPrefix(s, epochsKey+"="); ok {
			usual, _ = strconv.Atoi(n)
		}
	}
	r.settings = append(slices.Clone(r.settings), fmt.Sprintf("%s=%d", epochsKey, max(1, int(math.Round(r.share*float64(usual))))))
	return r
}

// epochsKey is the configuration's key of the number of epochs.
const epochsKey = "training.num_epochs"

// of are the settings of one of the recipe's models, with their $NAMEs.
func (r recipe) of(p part) []string { return slices.Concat(p.settings, r.settings) }

// before lists the settings of what is trained before the recipe's models, with their $NAMEs.
func (r recipe) before() []string {
	list := []string{}
	for _, s := range r.stages {
		list = append(list, s.settings...)
	}
	if r.teachers != nil {
		list = append(list, r.teachers.fingerprint()...)
	}
	if r.averaged > 1 {
		list = append(list, fmt.Sprintf("the mean of %d teachers", r.averaged))
	}
	return list
}

// fingerprint lists all settings, with their $NAMEs. Results of a recipe with others don't count.
func (r recipe) fingerprint() []string {
	list := r.before()
	for _, p := range r.models() {
		list = append(list, r.of(p)...)
	}
	if r.overlap != nil {
		list = append(list, fmt.Sprintf("windows share %d tokens", *r.overlap))
	}
	if r.entityTokens > 0 {
		list = append(list, fmt.Sprintf("entities of the first %d tokens", r.entityTokens))
	}
	return list
}

// trainedAs is the name of the recipe's models.
func (r recipe) trainedAs() string {
	if r.scores != "" {
		return r.scores
	}
	return r.name
}

// usesEncoder reports whether it starts from the pretrained encoder.
func (r recipe) usesEncoder() bool {
	return strings.Contains(strings.Join(r.fingerprint(), " "), "$encoder")
}

// choose finds recipes by name or group, in the order of all; no names are the first group.
func choose(all []recipe, names []string) ([]recipe, error) {
	if len(names) == 0 {
		names = []string{string(all[0].group)}
	}
	var known []string
	for i, r := range all {
		if i == 0 || r.group != all[i-1].group {
			known = append(known, string(r.group))
		}
		known = append(known, r.name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, cli.Usagef("--recipes has no %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(r recipe) bool {
		return !slices.Contains(names, r.name) && !slices.Contains(names, string(r.group))
	}), nil
}

// describe lists recipes for --help.
func describe(all []recipe) string {
	var b strings.Builder
	for i, r := range all {
		if i == 0 || r.group != all[i-1].group {
			fmt.Fprintf(&b, "\n%s:\n", r.group)
		}
		fmt.Fprintf(&b, "  %s: %s\n", r.name, r.title)
	}
	return b.String()
}

// fill replaces the $NAMEs in settings.
func fill(settings []string, values map[string]string) []string {
	var list []string
	for _, s := range settings {
		list = append(list, os.Expand(s, func(name string) string { return values[name] }))
	}
	return list
}
