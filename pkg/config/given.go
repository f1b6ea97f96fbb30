package config

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// given are the keys that the user has set, where the decoded [Config] doesn't show
// whether a value is the user's or the default.
type given struct {
	file *yaml.Node   // nil if it is empty
	sets []*yaml.Node // one for each --set
}

func (g given) inFile(key string) bool { return isGiven(g.file, key) }

func (g given) bySet(key string) bool {
	return slices.ContainsFunc(g.sets, func(node *yaml.Node) bool { return isGiven(node, key) })
}

// isGiven reports whether a document sets a key, or anything in its section.
func isGiven(node *yaml.Node, key string) bool {
	e, there := find(node, key)
	switch {
	case !there:
		return false
	case e.value.Kind == yaml.ScalarNode:
		return e.value.Value != "" && e.value.ShortTag() != "!!null"
	}
	return len(e.value.Content) > 0
}

// unusedBy is a setting that has no effect beside another one.
type unusedBy struct {
	key    string
	beside string // the setting, with its value, that excludes it
	advice string
	chosen string // a key: the file's key gives way silently if --set sets this one
	both   bool   // --set may set key and chosen together
	inFile bool   // a file may have both, such as one with the defaults of several uses
}

// unused lists the settings that c excludes, whether they are given or not.
func (c Config) unused() []unusedBy {
	var list []unusedBy
	add := func(advice string, u unusedBy, keys ...string) {
		for _, key := range keys {
			u.key, u.advice = key, advice
			list = append(list, u)
		}
	}
	switch {
	case c.Backbone.Init == InitRandom:
		add("set backbone.init=pretrained to start from that model", unusedBy{beside: "backbone.init: random, which starts from no model", chosen: "backbone.init"},
			"backbone.model_name", "backbone.revision")
	case c.Task == TaskPretrain && c.Distill.Encoder != nil && len(c.Distill.Encoder.Layers) > 0:
		add("set distill.encoder.model, or drop distill.encoder.layers", unusedBy{beside: "distill.encoder.layers, which make the student of the teacher's layers", chosen: "distill.encoder.layers", inFile: true}, // as configs/pretrain.yaml does
			"backbone.model_name", "backbone.revision")
	}
	if c.Backbone.Init == InitPretrained {
		add("set backbone.init=random to start from scratch", unusedBy{beside: "backbone.init: pretrained, where the model brings its own", chosen: "backbone.init", both: true},
			"backbone.size", "tokenizer.vocab_size", "tokenizer.lower_case")
	}
	if !c.Tokenizer.Windows() {
		add("set tokenizer.long=windows", unusedBy{beside: "tokenizer.long: " + c.Tokenizer.Long, chosen: "tokenizer.long"}, "tokenizer.stride", "tokenizer.max_tokens", "tokenizer.cut_at")
	}
	if !c.Distill.EveryCall && len(c.Distill.UnlabelledPath) == 0 {
		add("set distill.every_call=true or distill.unlabelled_path, or drop it", unusedBy{beside: "distill.every_call: false and no distill.unlabelled_path", chosen: "distill.every_call"},
			"distill.soft_weight")
	}
	switch t := c.Training; {
	case t.ClipPerTask && !c.TasksShareSteps():
		add("set training.mix_tasks=true with the data of several tasks", unusedBy{beside: "steps that hold one task each", chosen: "training.mix_tasks"}, "training.clip_per_task")
	case t.ClipPerTask && t.MaxGradNorm == 0:
		add("set training.max_grad_norm=1", unusedBy{beside: "training.max_grad_norm: 0, which clips nothing", chosen: "training.max_grad_norm"}, "training.clip_per_task")
	}
	if c.Training.Sampling != SamplingTemperature {
		add("set training.sampling=temperature", unusedBy{beside: "training.sampling: " + c.Training.Sampling, chosen: "training.sampling"}, "training.sampling_temperature")
	}
	return list
}

// checkUnused refuses settings of --set that have no effect, and returns warnings of those
// of the file.
func (c Config) checkUnused(g given) ([]Note, error) {
	var notes []Note
	var bad []mistake
	for _, u := range c.unused() {
		text := fmt.Sprintf("%s isn't used with %s; %s", u.key, u.beside, u.advice)
		chosen := g.bySet(u.chosen)
		switch {
		case g.bySet(u.key):
			if !chosen || !u.both {
				bad = append(bad, mistake{u.key, text, true})
			}
		case g.inFile(u.key) && !chosen && !u.inFile:
			notes = append(notes, Note{Warning: true, Text: text})
		}
	}
	if c.Task != TaskPretrain && (g.inFile("pretrain") || g.bySet("pretrain")) {
		bad = append(bad, mistake{"pretrain", "pretrain: want nothing but with task: pretrain, got a section", !g.inFile("pretrain")})
	}
	return notes, asError(bad)
}
