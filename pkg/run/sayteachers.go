package run

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// sayTeachers prints, if distill.train_teachers is set, the models of the run in the
// order in which they are trained, with their sizes and steps.
func (r *Run) sayTeachers() error {
	if !r.config.Distill.TrainTeachers {
		return nil
	}
	return sayModels(r.config, tasks.Names(r.data.tasks()), r.options.Out, func(teacher *missingTeacher) (string, error) {
		if teacher == nil {
			return sizeText(r.parameters, r.steps()), nil
		}
		run, err := r.teacherRun(*teacher)
		if err != nil {
			return "", err
		}
		parameters, steps, err := run.size()
		return sizeText(parameters, steps), err
	})
}

// sayTeachersToTrain is sayTeachers for a check of the data, without sizes.
func sayTeachersToTrain(c config.Config, out io.Writer) error {
	if !c.Distill.TrainTeachers {
		return nil
	}
	return sayModels(c, c.TaskNames(), out, func(*missingTeacher) (string, error) { return "to be trained", nil })
}

// sayModels prints a line for each model of a run whose teachers are trained first; names
// are its tasks. size describes what is to be trained: a teacher, or if that is nil the
// student.
func sayModels(c config.Config, names []string, out io.Writer, size func(teacher *missingTeacher) (string, error)) error {
	wanted := wantedTeachers(c, names)
	fmt.Fprintln(out, "\nModels, in the order of their training:")
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for i := range len(wanted) + 1 {
		title, path, status := "student", c.Output.ModelDir, teacherMissing
		var teacher *missingTeacher
		if i < len(wanted) {
			teacher = &wanted[i]
			title, path = teacher.title(c), teacher.path(c)
			var err error
			if status, err = teacher.status(c); err != nil {
				return fmt.Errorf("%s: %w", title, err)
			}
		}
		what := "is there"
		if status != teacherTrained {
			var err error
			if what, err = size(teacher); err != nil {
				return err
			}
		}
		if status == teacherStopped {
			what += ", was stopped: --resume continues it"
		}
		fmt.Fprintf(table, "  %d of %d\t%s\t%s\t%s\n", i+1, len(wanted)+1, title, path, what)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the models to train: %w", err)
	}
	return nil
}

func sizeText(parameters int64, steps int) string {
	return fmt.Sprintf("%s parameters, %s steps", numbers.Thousands(parameters), numbers.Thousands(int64(steps)))
}

// steps is the number of a prepared run's steps, without early stopping.
func (r *Run) steps() int { return trainer.NewPlan(r.settings, r.data.train()).Schedule.Total }

// size returns the numbers of parameters and of steps of a teacher's run that isn't
// prepared, and won't be.
func (r *Run) size() (parameters int64, steps int, err error) {
	c := r.config
	architecture, err := r.encoder.architecture(encoderName(c.Task), r.data, c.Tokenizer)
	if err != nil {
		return 0, 0, err
	}
	r.data.enlargeBatches(r.options.Place.Size * c.Training.AccumulationSteps)
	r.settings = settings(c, r.data.tasks(), torchx.FP32)
	parameters, err = fusion.CountParameters(architecture)
	return parameters, r.steps(), err
}
