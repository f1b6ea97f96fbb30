// Package distill is for training a student with trained teachers: it computes the
// teachers' logits for the training records, once, and adds them to the examples.
//
// pkg/run calls it before training; it calls pkg/fusion to load and run teachers. The
// losses are in pkg/heads; docs/distillation.md describes the whole.
package distill

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// ErrMismatch is returned, wrapped, for a teacher whose task differs from the student's.
var ErrMismatch = errors.New("teacher and student don't fit")

// Teacher is a trained model from which a student learns one task. It may have a
// different encoder and tokenizer.
type Teacher struct {
	dir   string
	model *fusion.Model
	tok   *tokenize.Tokenizer
	task  tasks.Task // of the teacher
	order [][]int    // by head of the student: the teacher's id of each label

	student tasks.Task

	// Damaged is told of a file in the cache that is damaged; the logits are then computed
	// again. It may be nil.
	Damaged func(err error)
}

// Open loads the model directory of a teacher for task, which is the student's. The
// teacher's task must have the same name, kind and heads, with the same labels in any
// order.
func Open(dir string, task tasks.Task, device gotch.Device) (*Teacher, error) {
	model, tok, err := fusion.Load(dir, device)
	if err != nil {
		return nil, fmt.Errorf("teacher of %s: %w", task.Name, err)
	}
	t := &Teacher{dir: filepath.Clean(dir), model: model, tok: tok}
	if err := t.match(model.Tasks, task); err != nil {
		model.Drop()
		return nil, fmt.Errorf("teacher of %s: %s: %w", task.Name, dir, err)
	}
	return t, nil
}

// Check returns the error of [Open] as far as it can be told without loading the model.
func Check(dir string, task tasks.Task) error {
	list, err := fusion.ReadTasks(dir)
	if err != nil {
		return fmt.Errorf("teacher of %s: %w", task.Name, err)
	}
	if err := new(Teacher).match(list, task); err != nil {
		return fmt.Errorf("teacher of %s: %s: %w", task.Name, dir, err)
	}
	return nil
}

// match maps the student's labels to those of the teacher, which has the tasks of list.
func (t *Teacher) match(list []tasks.Task, student tasks.Task) (err error) {
	t.student = student
	if t.task, err = tasks.Find(list, student.Name); err != nil {
		return fmt.Errorf("%w: %w", ErrMismatch, err)
	}
	if t.task.Kind != student.Kind || len(t.task.Heads) != len(student.Heads) {
		return fmt.Errorf("%w: a %s task of %d heads for a %s task of %d", ErrMismatch, t.task.Kind, len(t.task.Heads), student.Kind, len(student.Heads))
	}
	for h, head := range student.Heads {
		taught := t.task.Heads[h]
		if t.task.PerToken() && !tasks.SchemeOf(taught.Labels).Plain() {
			return fmt.Errorf("%w: the teacher labels words with tags (%s), a student learns the names of entities (%s), so its words can't imitate the teacher's",
				ErrMismatch, strings.Join(taught.Labels, ", "), strings.Join(head.Labels, ", "))
		}
		if taught.Name != head.Name || len(taught.Labels) != len(head.Labels) {
			return fmt.Errorf("%w: head %s of %d labels for head %s of %d%s", ErrMismatch, taught.Name, len(taught.Labels), head.Name, len(head.Labels), difference(taught, head))
		}
		order := make([]int, len(head.Labels))
		for i, label := range head.Labels {
			if order[i] = slices.Index(taught.Labels, label); order[i] < 0 {
				return fmt.Errorf("%w: head %s: the teacher doesn't know label %q", ErrMismatch, head.Name, label)
			}
		}
		t.order = append(t.order, order)
	}
	return nil
}

// difference names the labels that only one of two heads of the same name has.
func difference(teacher, student tasks.Head) string {
	if teacher.Name != student.Name {
		return ""
	}
	const most = 5
	var text strings.Builder
	for _, side := range []struct {
		who       string
		has, want []string
	}{{"teacher", teacher.Labels, student.Labels}, {"student", student.Labels, teacher.Labels}} {
		var missing []string
		for _, label := range side.want {
			if !slices.Contains(side.has, label) {
				missing = append(missing, datasets.ShowLabel(label))
			}
		}
		if len(missing) == 0 {
			continue
		}
		fmt.Fprintf(&text, "; the %s doesn't know %s", side.who, strings.Join(missing[:min(most, len(missing))], ", "))
		if more := len(missing) - most; more > 0 {
			fmt.Fprintf(&text, " and %d more", more)
		}
	}
	return text.String()
}

// Model returns the teacher's model, for its hidden states.
func (t *Teacher) Model() *fusion.Model { return t.model }

// SharesTokens returns an error if the teacher can't use a student's token ids, or if
// its hidden states can't be compared with the student's.
func (t *Teacher) SharesTokens(tok *tokenize.Tokenizer, dim int64, maxLength int) error {
	var why string
	switch {
	case !t.tok.Equal(tok):
		why = "it has another tokenizer"
	case t.model.Config.Dim != dim:
		why = fmt.Sprintf("its hidden states have %d dimensions, the student's %d", t.model.Config.Dim, dim)
	case t.model.Config.MaxPositions < int64(maxLength):
		why = fmt.Sprintf("it reads %d tokens, the student %d", t.model.Config.MaxPositions, maxLength)
	default:
		return nil
	}
	return fmt.Errorf("%w: the hidden states of %s can't be imitated: %s; set its hidden_weight to 0", ErrMismatch, t.dir, why)
}

// Warning returns a warning about the teacher's files, or "".
func (t *Teacher) Warning() string { return fusion.UnusedRows(t.model.Config, t.tok) }

// Drop frees the model.
func (t *Teacher) Drop() { t.model.Drop() }

// predict computes the teacher's logits for every record.
func (t *Teacher) predict(ctx context.Context, texts []datasets.Transcript, progress func(done, total int)) ([]fusion.Logits, error) {
	logits, err := fusion.NewPredictor(t.model, t.tok).TaskLogits(ctx, t.task.Name, texts, fusion.PredictOptions{Progress: progress})
	if err != nil {
		return nil, fmt.Errorf("ask the teacher of %s: %w", t.task.Name, err)
	}
	return logits, nil
}
