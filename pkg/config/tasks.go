package config

import "github.com/trident-nlp/trident/pkg/tasks"

// Task is one task of the model: a built-in or a custom one.
type Task struct {
	Use        string  `yaml:"use"`         // ner, cls or qa: a built-in task, with its path under data:; of the other keys only loss_weight and pooling are allowed
	LossWeight float64 `yaml:"loss_weight"` // 0: from training.loss_weights

	Name string `yaml:"name"`
	Kind string `yaml:"kind"` // token | multiclass | multilabel
	File string `yaml:"file"` // JSON lines, or a JSON array; tasks with the same file learn from one pass over it
	Text string `yaml:"text"` // the field of the transcript; text if not given

	Entities  string   `yaml:"entities"`         // token: the field of the spans; entities if not given
	Labels    []string `yaml:"labels,omitempty"` // token: labels of entities; those in the data if not given
	Transform bool     `yaml:"transform"`

	Pooling       string `yaml:"pooling"` // attention | label_attention | cls; attention if not given
	PreClassifier bool   `yaml:"pre_classifier"`
	Heads         []Head `yaml:"heads,omitempty"`
}

// Head is one label, or one group of yes/no labels, of a custom task.
type Head struct {
	Name   string   `yaml:"name"`
	Field  string   `yaml:"field"`            // of the record; dots denote nested objects; the name if not given
	Labels []string `yaml:"labels,omitempty"` // in the order of their ids; those in the data if not given
	Via    string   `yaml:"via"`              // main_category: the label is that of the sub-category in the field

	Follows string `yaml:"follows"` // another head of the task, whose label determines this one's
}

// ID returns the task's name.
func (t Task) ID() string {
	if t.Use != "" {
		return t.Use
	}
	return t.Name
}

// Custom is the description of a custom task.
func (t Task) Custom() tasks.Custom {
	own := tasks.Custom{
		Name: t.Name, Kind: tasks.Kind(t.Kind), Pooling: tasks.Pooling(t.Pooling), Transform: t.Transform, PreClassifier: t.PreClassifier,
		Text: t.Text, Entities: t.Entities, Labels: t.Labels,
	}
	for _, h := range t.Heads {
		head := tasks.Head{Name: h.Name, Source: h.Field, Labels: h.Labels, Via: h.Via}
		if h.Follows != "" {
			head.Follows = &tasks.Follows{Head: h.Follows}
		}
		own.Heads = append(own.Heads, head)
	}
	return own
}

// CustomTasks lists the custom tasks.
func (c Config) CustomTasks() ([]tasks.Task, error) {
	var list []tasks.Task
	for _, t := range c.Tasks {
		if t.Use != "" {
			continue
		}
		task, err := t.Custom().Task()
		if err != nil {
			return nil, err
		}
		list = append(list, task)
	}
	return list, nil
}

// Names of the built-in tasks.
const (
	ner = "ner"
	cls = "cls"
	qa  = "qa"
)

// TaskNames lists the model's tasks.
func (c Config) TaskNames() []string {
	switch c.Task {
	case TaskNER:
		return []string{ner}
	case TaskClassification:
		return []string{cls}
	case TaskQA:
		return []string{qa}
	case TaskPretrain:
		return []string{"mlm"}
	}
	var names []string
	for _, t := range c.Tasks {
		names = append(names, t.ID())
	}
	if len(c.Tasks) > 0 {
		return names
	}
	for _, t := range []struct{ name, path string }{{ner, c.Data.NERPath}, {cls, c.Data.ClassificationPath}, {qa, c.Data.QAPath}} {
		if t.path != "" {
			names = append(names, t.name)
		}
	}
	return names
}

// TasksShareSteps reports whether any step of training holds examples of several tasks, or
// teaches several.
func (c Config) TasksShareSteps() bool {
	if len(c.TaskNames()) < 2 {
		return false
	}
	paths := map[string]string{ner: c.Data.NERPath, cls: c.Data.ClassificationPath, qa: c.Data.QAPath}
	for _, t := range c.Tasks {
		if t.Use == "" {
			paths[t.Name] = t.File
		}
	}
	read := map[string]bool{}
	for _, name := range c.TaskNames() {
		if read[paths[name]] {
			return true
		}
		read[paths[name]] = true
	}
	return c.Training.MixTasks || c.Distill.EveryCall || len(c.Distill.UnlabelledPath) > 0
}

// LossWeight returns the factor of a task's loss, apart from that of a rule.
func (c Config) LossWeight(task string) float64 {
	for _, t := range c.Tasks {
		if t.ID() == task && t.LossWeight != 0 {
			return t.LossWeight
		}
	}
	if weight, set := c.Training.LossWeights.ByTask[task]; set {
		return weight
	}
	return 1
}
