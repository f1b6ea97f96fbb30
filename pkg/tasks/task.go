// Package tasks describes tasks: their kind, heads, labels and names. Datasets, heads,
// metrics, label maps and reports all follow these descriptions, so that a further task
// is data, not code.
//
// [NER], [CLS] and [QA] are the built-in tasks, [Custom] describes custom ones. pkg/run
// reads them from the configuration; a saved model contains its own. Nearly all packages
// use this one; it imports no other.
package tasks

import (
	"fmt"
	"slices"
)

// Values of a class that aren't one of a head's labels.
const (
	IgnoreToken  = -100 // special, padding and continuation tokens
	IgnoreClass  = -1   // a record without a label for this head
	UnknownClass = -2   // a label that the model doesn't know; only in evaluation
)

// ViaMainCategory is the [Head.Via] of main categories.
const ViaMainCategory = "main_category"

// Head is one output of a task: the classes of a token or multiclass head, or the yes/no
// outputs of a multilabel head.
type Head struct {
	Name   string   `json:"name"`  // in files and metrics: "sub", "listening"
	Field  string   `json:"field"` // in predictions: "sub_category", "listening"
	Param  string   `json:"param"` // prefix of parameter names: "cls_sub", "qa_heads.listening"
	Labels []string `json:"-"`     // label of each id, or name of each yes/no output; saved in label_maps.json

	// Source is the field of a data record that contains the label, or the spans of a
	// token task; dots denote nested objects: "reporter.gender".
	Source   string `json:"source"`
	Via      string `json:"via,omitzero"`      // ViaMainCategory: the label is the main category of the field's value
	Required bool   `json:"required,omitzero"` // a record without this label is an error

	// Follows names the head of the task that determines this one's label; nil: none.
	Follows *Follows `json:"follows,omitzero"`
}

// Task describes one task.
type Task struct {
	Name      string  `json:"name"` // "ner", "cls", "qa"; prefix of metrics, and value of flags
	Kind      Kind    `json:"kind"`
	Pooling   Pooling `json:"pooling,omitzero"`
	Transform string  `json:"transform,omitzero"`  // token tasks: parameter prefix of a Linear+GELU before the head, or ""
	PoolParam string  `json:"pool_param,omitzero"` // pooling by attention: parameter prefix of the scores
	PreParam  string  `json:"pre_param,omitzero"`  // sentence-level tasks: parameter prefix of a Linear+ReLU between pooling and heads, or ""
	Heads     []Head  `json:"heads"`

	Text string `json:"text"` // the field of a data record that contains the transcript
	// Lenient reads records as the Python prototype does: a record without the labels
	// has no entities and meets no criterion, and a criterion that isn't marked yes
	// isn't met. Otherwise a record without them is ignored by the task, and invalid
	// values are errors.
	Lenient bool `json:"lenient,omitzero"`
}

// Names of the three tasks that are built in.
const (
	NERName = "ner"
	CLSName = "cls"
	QAName  = "qa"
)

// OutsideLabel is the label of words outside entities; it has id 0.
const OutsideLabel = "O"

// NERLabels are the labels of the prototype's NER task, by id.
func NERLabels() []string {
	return []string{
		OutsideLabel, "NAME", "LOCATION", "VICTIM", "AGE", "GENDER",
		"INCIDENT_TYPE", "PERPETRATOR", "PHONE_NUMBER", "LANDMARK",
	}
}

// NER is named-entity recognition: persons, places, ages.
func NER(labels []string) Task {
	return Task{
		Name:      NERName,
		Kind:      Token,
		Transform: "ner_transform.0",
		Heads:     []Head{{Name: "ner", Field: "ner", Param: "ner_classifier", Labels: labels, Source: "entities"}},
		Text:      "text",
		Lenient:   true,
	}
}

// CaseLabels are the sorted distinct label values of the case file.
type CaseLabels struct {
	Main, Sub, Intervention, Priority []string
}

// CLS is case classification: main category, sub-category, intervention and
// priority.
func CLS(labels CaseLabels) Task {
	return Task{
		Name:      CLSName,
		Kind:      MultiClass,
		Pooling:   AttentionPooling,
		PoolParam: "cls_attention.attention",
		Heads: []Head{
			{Name: "main", Field: "main_category", Param: "cls_main", Labels: labels.Main, Source: "category", Via: ViaMainCategory, Required: true, Follows: &Follows{Head: "sub"}},
			{Name: "sub", Field: "sub_category", Param: "cls_sub", Labels: labels.Sub, Source: "category", Required: true},
			{Name: "intervention", Field: "intervention", Param: "cls_intervention", Labels: labels.Intervention, Source: "intervention"},
			{Name: "priority", Field: "priority", Param: "cls_priority", Labels: labels.Priority, Source: "priority"},
		},
		Text: "narrative",
	}
}

// QA scores the counsellor: 17 yes/no criteria in 6 heads.
func QA() Task {
	task := Task{
		Name: QAName, Kind: MultiLabel, Pooling: AttentionPooling, PoolParam: "qa_attention.attention",
		Text: "text", Lenient: true,
	}
	for _, h := range qaHeads() {
		h.Field, h.Param, h.Source = h.Name, "qa_heads."+h.Name, "labels."+h.Name
		task.Heads = append(task.Heads, h)
	}
	return task
}

func qaHeads() []Head {
	return []Head{
		{Name: "opening", Labels: []string{"Use of call opening phrase"}},
		{Name: "listening", Labels: []string{
			"Caller not interrupted", "Empathises with caller", "Paraphrases/rephrases issue",
			"Uses please and thank you", "Does not hesitate or sound unsure",
		}},
		{Name: "proactiveness", Labels: []string{
			"Willing to solve extra issues", "Confirms satisfaction with action points", "Follows up on case updates",
		}},
		{Name: "resolution", Labels: []string{
			"Gives accurate information", "Correct language use", "Consults if unsure",
			"Follows correct steps", "Explains solution process clearly",
		}},
		{Name: "hold", Labels: []string{"Explains before placing on hold", "Thanks caller for holding"}},
		{Name: "closing", Labels: []string{"Proper call closing phrase used"}},
	}
}

// Find returns the task of that name.
func Find(list []Task, name string) (Task, error) {
	for _, t := range list {
		if t.Name == name {
			return t, nil
		}
	}
	return Task{}, fmt.Errorf("no task %q in this model; it has %v", name, Names(list))
}

// Names lists the tasks' names.
func Names(list []Task) []string {
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = t.Name
	}
	return names
}

// Select returns the tasks with these names, in list's order; all of list if names is
// nil.
func Select(list []Task, names []string) ([]Task, error) {
	if names == nil {
		return list, nil
	}
	for _, name := range names {
		if _, err := Find(list, name); err != nil {
			return nil, err
		}
	}
	var selected []Task
	for _, t := range list {
		if slices.Contains(names, t.Name) {
			selected = append(selected, t)
		}
	}
	return selected, nil
}
