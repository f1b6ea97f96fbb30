package run

import (
	"context"
	"fmt"
	"io"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/distill"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// heldTexts are the texts that are held out of a task's training, by task,
// [datasets.Transcript.Normalised].
type heldTexts map[string]map[datasets.Transcript]bool

func newHeldTexts(d *data) heldTexts {
	all := heldTexts{}
	for _, s := range d.sources {
		texts := map[datasets.Transcript]bool{}
		for _, share := range [][]datasets.Example{s.split.Val, s.split.Test} {
			for _, ex := range share {
				texts[s.records.Texts[ex.Record-1].Normalised()] = true
			}
		}
		for _, task := range s.set.Tasks {
			all[task.Name] = texts
		}
	}
	return all
}

// of reports which examples, made from the texts, a task holds out.
func (h heldTexts) of(task string, texts []datasets.Transcript) func(datasets.Example) bool {
	return func(ex datasets.Example) bool { return h[task][texts[ex.Record-1].Normalised()] }
}

// teachOthers gives a teacher's targets to the training examples that have no labels of
// its task: with distill.every_call those of the other files, and unlabelled calls. A call
// with a text that the task holds out isn't taught: its scores would flatter the model.
func (r *Run) teachOthers(ctx context.Context, members distill.Ensemble, task tasks.Task, held heldTexts) error {
	dir, err := cacheDir(r.config.Distill.CacheDir)
	if err != nil {
		return err
	}
	taught := 0
	teach := func(to *datasets.Loader, texts []datasets.Transcript, ask func(progress func(done, total int)) (distill.Targets, bool, error)) error {
		progress, done := newAsking(r.options.Err, r.options.Out, task.Name)
		targets, _, err := ask(progress)
		done()
		if err == nil {
			_, err = targets.Teach(texts, r.data.tokenizer, to.Examples, held.of(task.Name, texts))
		}
		if err != nil {
			return err
		}
		to.Taught = append(to.Taught, task)
		taught += countTaught(to.Examples, len(to.Taught)-1)
		return nil
	}
	for i := range r.data.sources {
		s := &r.data.sources[i]
		if !r.config.Distill.EveryCall || hasTask(s.set.Tasks, task.Name) {
			continue
		}
		if err := teach(&s.train, s.records.Texts, func(progress func(done, total int)) (distill.Targets, bool, error) {
			return members.Targets(ctx, s.records, dir, progress)
		}); err != nil {
			return err
		}
	}
	if u := r.data.unlabelled; u != nil {
		if err := teach(&u.train, u.texts, func(progress func(done, total int)) (distill.Targets, bool, error) {
			return members.TextTargets(ctx, u.texts, dir, progress)
		}); err != nil {
			return err
		}
	}
	if r.config.Distill.EveryCall || r.data.unlabelled != nil {
		fmt.Fprintf(r.options.Out, "Teacher of %-4s also teaches %s calls without labels of the task\n", task.Name+":", numbers.Thousands(int64(taught)))
	}
	return nil
}

func hasTask(list []tasks.Task, name string) bool {
	_, err := tasks.Find(list, name)
	return err == nil
}

// countTaught counts the examples with targets of a task.
func countTaught(examples []datasets.Example, at int) (n int) {
	for _, ex := range examples {
		if ex.Taught[at] != nil {
			n++
		}
	}
	return n
}

// sayTeaching prints what a run learns from its teachers beside its labels, if that isn't
// only the soft labels of the labelled calls.
func sayTeaching(c config.Config, names []string, out io.Writer) {
	for _, task := range taught(c, names) {
		if text := annealingText(c.Distill.Teachers[task]); text != "" {
			fmt.Fprintf(out, "Teacher of %s%s\n", task, text)
		}
	}
	if c.Distill.EveryCall {
		fmt.Fprintf(out, "Every call is taught for all tasks with a teacher (weight %g without labels)\n", c.Distill.SoftWeight)
	}
}
