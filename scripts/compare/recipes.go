package main

import (
	"fmt"
	"slices"
)

// recipes are all known ways. All but the encoders' start from the pretrained encoder, if
// pretrained, or else from scratch.
func recipes(pretrained bool) []recipe {
	var base []string
	if pretrained {
		base = fineTuned("$encoder")
	}
	equal := []string{"training.loss_weights=null"}
	weighted := []string{"training.loss_weights.ner=5", "training.loss_weights.cls=1", "training.loss_weights.qa=2"}

	singles := recipe{group: compareGroup, name: "singles", title: "a model for each task, with the prototype's heads", parts: prototypes()}
	attention := recipe{group: compareGroup, name: "singles-attention", title: "a model for each task, with the fused model's heads", parts: divided()}
	fused := func(g group, name, title string, settings ...string) recipe {
		return recipe{group: g, name: name, title: title, settings: settings}
	}
	distilled := func(g group, name, title string, teachers recipe, settings ...string) recipe {
		return recipe{group: g, name: name, title: title, teachers: &teachers, settings: append(append(teaching(), equal...), settings...)}
	}
	annealed := []string{"distill.teachers.ner.annealing=linear", "distill.teachers.cls.annealing=linear", "distill.teachers.qa.annealing=linear"}
	annealedAuto := slices.Concat(annealed, []string{"training.mix_tasks=true", "training.loss_weights=auto"})
	averaged := distilled(leversGroup, "teachers-averaged", "distilled-attention, each teacher the mean of two seeds' models", attention)
	averaged.averaged = 2
	short := distilled(leversGroup, "distilled-annealed-every-call-short", "the same in 4 of 7 epochs: each call counts for all tasks", attention, append(annealedAuto, "distill.every_call=true")...)
	short.share = 4. / 7
	byLabel := recipe{group: leversGroup, name: "singles-label-attention", title: "a model for each task, with an attention for each label", parts: dividedByLabel()}
	list := []recipe{
		singles,
		attention,
		fused(compareGroup, "plain", "one model, equal weights", equal...),
		fused(compareGroup, "weights-5-1-2", "one model, losses weighted 5 : 1 : 2", weighted...),
		distilled(compareGroup, "distilled", "one model, taught by singles", singles),
		distilled(compareGroup, "distilled-attention", "one model, taught by singles-attention", attention),

		fused(leversGroup, "weights-auto", "one model, loss_weights: auto", "training.loss_weights=auto"),
		fused(leversGroup, "weights-log-classes", "one model, loss_weights: log_classes", "training.loss_weights=log_classes"),
		fused(leversGroup, "weights-gradient-norm", "one model, loss_weights: gradient_norm", "training.loss_weights=gradient_norm"),
		fused(leversGroup, "weights-uncertainty", "one model, loss_weights: uncertainty", "training.loss_weights=uncertainty"),
		fused(leversGroup, "mixed", "one model, batches of several tasks", append(equal, "training.mix_tasks=true")...),
		fused(leversGroup, "mixed-auto", "one model, batches of several tasks, loss_weights: auto", "training.mix_tasks=true", "training.loss_weights=auto"),
		fused(leversGroup, "plain-label-attention", "one model, equal weights, with an attention for each label", append(equal, labelAttention)...),
		fused(leversGroup, "mixed-auto-label-attention", "mixed-auto with an attention for each label", "training.mix_tasks=true", "training.loss_weights=auto", labelAttention),
		fused(leversGroup, "annealed-sampling", "one model, sampling: annealed", append(equal, "training.sampling=annealed")...),
		distilled(leversGroup, "distilled-annealed", "one model, teachers' weight falls", singles, annealed...),
		distilled(leversGroup, "distilled-every-call", "one model, every call taught for all tasks", singles, "distill.every_call=true"),
		distilled(leversGroup, "distilled-annealed-auto", "one model, taught by singles-attention, whose weight falls; mix_tasks, loss_weights: auto", attention, annealedAuto...),
		distilled(leversGroup, "distilled-annealed-every-call", "the same, every call taught for all tasks", attention, append(annealedAuto, "distill.every_call=true")...),
		short,
		averaged,

		byLabel,
		distilled(leversGroup, "distilled-label-attention", "distilled-annealed-every-call with an attention for each label, taught by singles-label-attention", byLabel, append(annealedAuto, "distill.every_call=true", labelAttention)...),
	}
	for i := range list {
		list[i] = list[i].after(base)
	}
	return slices.Concat(list, encoders(weighted), longRecipes(pretrained))
}

// labelAttention gives the pooled tasks an attention for each label.
const labelAttention = "tasks=[{use: ner}, {use: cls, pooling: label_attention}, {use: qa, pooling: label_attention}]"

// encoders are ways of making a model, and the encoder that it starts from. Two epochs of
// MiniLM take eight minutes of processor time: four on two idle cores.
func encoders(weighted []string) []recipe {
	continued := stage{name: "continued", settings: []string{
		"backbone.model_name=$encoder", "training.num_epochs=1", "training.learning_rate=1e-4",
	}}
	student := stage{name: "student", settings: []string{
		"distill.encoder.model=$continued", "distill.encoder.layers=[0, 2, 4]", "training.num_epochs=1", "training.learning_rate=5e-4",
	}}
	list := []recipe{
		{name: "quickstart", title: "quickstart's size, from scratch"},
		{name: "minilm", title: "MiniLM", settings: fineTuned("$encoder")},
		{name: "continued", title: "MiniLM, pretrained further on calls", stages: []stage{continued}, settings: fineTuned("$continued")},
		{name: "student", title: "3 layers distilled from that", stages: []stage{continued, student}, settings: fineTuned("$student")},
	}
	for i := range list {
		list[i].group = encodersGroup
		list[i].settings = append(list[i].settings, weighted...)
	}
	return list
}

func fineTuned(encoder string) []string {
	return []string{
		"backbone.init=pretrained", "backbone.model_name=" + encoder, "training.num_epochs=2", "training.learning_rate=2e-4",
	}
}

// over returns the settings over a configuration file. What tasksConfig chooses among the
// recipes' levers is undone first.
func over(file string, settings []string) []string {
	if file != tasksConfig {
		return slices.Clone(settings)
	}
	return slices.Concat([]string{"training.mix_tasks=false", "training.loss_weights=null", "pooling=attention"}, settings)
}

// prototypes are the Python prototype's three models, trained as the fused one: the defaults of
// their tasks differ in what is held out, in validation, and in what the best weights are.
func prototypes() []part {
	asFused := []string{
		"training.loss_weights=null", "training.eval_steps=0", "training.metric_for_best_model=avg", "training.early_stopping_min_delta=0",
		"data.validation_size=0", "data.stratify=",
	}
	var list []part
	for i, task := range []string{"ner", "classification", "qa"} {
		name := taskNames()[i]
		list = append(list, part{name: name, tasks: []string{name}, settings: append([]string{"task=" + task}, asFused...)})
	}
	return list
}

// divided are three models that each have one task of the fused model, with its head.
func divided() []part {
	var list []part
	for _, name := range taskNames() {
		list = append(list, part{name: name, tasks: []string{name}, settings: []string{"training.loss_weights=null"}})
	}
	return list
}

// dividedByLabel are the same with an attention for each label.
func dividedByLabel() []part {
	list := divided()
	for i := range list[1:] {
		p := &list[1+i]
		p.settings = append(p.settings, fmt.Sprintf("tasks=[{use: %s, pooling: label_attention}]", p.name))
	}
	return list
}

// teaching are the settings of a model with teachers.
func teaching() []string {
	list := []string{"task=distill"}
	for _, name := range taskNames() {
		list = append(list, "distill.teachers."+name+".model=$"+name)
	}
	return list
}

// after puts settings before the recipe's, and its teachers'.
func (r recipe) after(settings []string) recipe {
	r.settings = append(append([]string{}, settings...), r.settings...)
	if r.teachers != nil {
		teachers := r.teachers.after(settings)
		r.teachers = &teachers
	}
	return r
}
