package tasks

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// Custom is a custom task, as described in a configuration.
type Custom struct {
	Name          string
	Kind          Kind
	Pooling       Pooling  // sentence-level tasks; "" is attention
	Transform     bool     // token tasks: add a Linear+GELU before the head
	PreClassifier bool     // sentence-level tasks: add a Linear+ReLU between pooling and heads
	Text          string   // the records' field with the transcript; "" is "text"
	Entities      string   // token tasks: the field with the spans; "" is "entities"
	Labels        []string // token tasks: the entities' labels, without O; none: those in the data
	Heads         []Head   // sentence-level tasks: Name, Source ("" is the name), Labels (none: those in the data), Via, Follows
}

// name matches valid names of tasks and heads: they are parts of parameter, file and
// metric names.
var name = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Task completes the description with parameter names: NAME_transform.0,
// NAME_classifier, NAME_attention.attention, NAME_pre, NAME_heads.HEAD.
func (o Custom) Task() (Task, error) {
	task := Task{Name: o.Name, Kind: o.Kind, Text: o.Text}
	if task.Text == "" {
		task.Text = "text"
	}
	if !name.MatchString(o.Name) {
		return Task{}, fmt.Errorf("task %q: a name has small letters, digits and _, and begins with a letter", o.Name)
	}
	var err error
	switch {
	case !o.Kind.Known() || o.Kind == MaskedLM:
		err = fmt.Errorf("kind %q; want %s, %s or %s", o.Kind, Token, MultiClass, MultiLabel)
	case task.PerToken():
		err = o.token(&task)
	default:
		err = o.pooled(&task)
	}
	if err != nil {
		return Task{}, fmt.Errorf("task %s: %w", o.Name, err)
	}
	return task, nil
}

func (o Custom) token(task *Task) error {
	if o.Pooling != NoPooling || o.PreClassifier || len(o.Heads) > 0 {
		return fmt.Errorf("a %s task has no pooling, pre_classifier or heads; its labels are those of the spans", Token)
	}
	head := Head{Name: o.Name, Field: o.Name, Param: o.Name + "_classifier", Source: o.Entities}
	if head.Source == "" {
		head.Source = "entities"
	}
	if len(o.Labels) > 0 {
		if err := checkLabels(o.Labels); err != nil {
			return err
		}
		if slices.Contains(o.Labels, OutsideLabel) {
			return fmt.Errorf("label %q is what words outside of entities have; leave it out", OutsideLabel)
		}
		if err := CheckNames(o.Labels); err != nil {
			return err
		}
		head.Labels = append([]string{OutsideLabel}, o.Labels...)
	}
	if o.Transform {
		task.Transform = o.Name + "_transform.0"
	}
	task.Heads = []Head{head}
	return nil
}

func (o Custom) pooled(task *Task) error {
	pooled, err := task.Pooled(o.Pooling)
	if err != nil {
		return err
	}
	*task = pooled
	if o.Transform || o.Entities != "" || len(o.Labels) > 0 {
		return fmt.Errorf("a %s task has no transform, entities or labels of its own; labels belong to its heads", o.Kind)
	}
	if len(o.Heads) == 0 {
		return fmt.Errorf("no heads; give each a name and the field that holds its label")
	}
	if o.PreClassifier {
		task.PreParam = o.Name + "_pre"
	}
	for _, h := range o.Heads {
		switch {
		case !name.MatchString(h.Name):
			return fmt.Errorf("head %q: a name has small letters, digits and _, and begins with a letter", h.Name)
		case slices.ContainsFunc(task.Heads, func(other Head) bool { return other.Name == h.Name }):
			return fmt.Errorf("two heads are called %s", h.Name)
		case h.Via != "" && (h.Via != ViaMainCategory || o.Kind != MultiClass):
			return fmt.Errorf("head %s: via %q; want %s, in a %s task", h.Name, h.Via, ViaMainCategory, MultiClass)
		}
		if err := checkLabels(h.Labels); err != nil {
			return fmt.Errorf("head %s: %w", h.Name, err)
		}
		if h.Source == "" {
			h.Source = h.Name
		}
		h.Field, h.Param = h.Name, o.Name+"_heads."+h.Name
		task.Heads = append(task.Heads, h)
	}
	for h := range task.Heads {
		if head := &task.Heads[h]; head.Follows == nil && head.Via != "" {
			head.Follows = followsField(task.Heads, head.Source)
		}
	}
	return task.CheckFollows()
}

// followsField makes a head with [Head.Via] follow the head whose label is the field's
// value, if there is one.
func followsField(heads []Head, source string) *Follows {
	for _, head := range heads {
		if head.Source == source && head.Via == "" {
			return &Follows{Head: head.Name}
		}
	}
	return nil
}

// checkLabels refuses labels that label_maps.json couldn't distinguish.
func checkLabels(labels []string) error {
	seen := map[string]bool{}
	for _, label := range labels {
		if label == "" {
			return errors.New("a label is empty")
		}
		if seen[label] {
			return fmt.Errorf("label %q stands twice", label)
		}
		seen[label] = true
	}
	return nil
}
