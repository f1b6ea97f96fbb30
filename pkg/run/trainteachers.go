package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// role is what a run is to another one: a teacher to its student. Its data, its encoder
// and the lock on its folder are the student's.
type role struct {
	tags map[string]string // of its MLflow run
}

// Tags of MLflow runs that lead from a teacher to its student, and back.
const (
	parentTag      = "mlflow.parentRunId"
	teacherOfTag   = "teacher_of"
	studentTag     = "student"
	teacherRunTag  = "teacher_run_" // + name
	givenRunEnvVar = "MLFLOW_RUN_ID"
)

// env is how the run's tracker reads environment variables; nil: [os.Getenv]. A run id
// in MLFLOW_RUN_ID is the student's.
func (o *role) env() func(name string) string {
	if o == nil {
		return nil
	}
	return func(name string) string {
		if name == givenRunEnvVar {
			return ""
		}
		return os.Getenv(name)
	}
}

// teacherTags are the tags by which a teacher's run and its student's name each other.
func (r *Run) teacherTags() map[string]string {
	if r.role != nil {
		return r.role.tags
	}
	tags := map[string]string{}
	for name, id := range r.missing.runs {
		tags[teacherRunTag+name] = id
	}
	return tags
}

// teacherRun returns the run that trains a teacher of one of r's tasks. It isn't prepared
// yet.
func (r *Run) teacherRun(teacher missingTeacher) (*Run, error) {
	task := teacher.Task
	described, err := tasks.Find(r.data.tasks(), task)
	if err != nil {
		return nil, err
	}
	c := teacherConfig(r.config, described, teacher)
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", teacher.title(r.config), err)
	}
	o := r.options
	o.Resume, o.ResumeIfAny = false, false
	tags := map[string]string{"strategy": "single_task", teacherOfTag: task, studentTag: r.config.MLflow.RunName}
	if parent := os.Getenv(givenRunEnvVar); parent != "" {
		tags[parentTag] = parent
	}
	from := r.encoder
	from.asked = c.Backbone
	return &Run{
		config: c, options: o, team: r.team,
		encoder: from, data: r.data.only(task, c.Training.BatchSize), role: &role{tags},
	}, nil
}

// fitAfterTeachers trains the missing teachers, builds the student, and calls its fit.
func (r *Run) fitAfterTeachers(ctx context.Context, fit func(context.Context) error) error {
	if r.missing.Models == 0 {
		return fit(ctx)
	}
	pace := &pace{}
	if len(r.missing.Teachers) > 0 {
		if err := r.trainTeachers(ctx, pace); err != nil {
			return err
		}
	}
	r.sayModel(r.missing.Models, "student", r.config.Output.ModelDir, pace.left(r.steps()))
	r.console.SetSeries(trainer.Series{Number: r.missing.Models, Of: r.missing.Models})
	if len(r.missing.Teachers) > 0 {
		if err := r.build(ctx); err != nil {
			return r.explainBetween(ctx, err)
		}
	}
	return fit(ctx)
}

// trainTeachers trains the missing teachers, one after the other.
func (r *Run) trainTeachers(ctx context.Context, pace *pace) error {
	if r.team != nil {
		if err := r.useNCCL(); err != nil {
			return err
		}
	}
	if r.options.Place.Rank == 0 && !r.missing.Marked {
		settings, err := r.fingerprint()
		for _, teacher := range r.missing.Teachers { // its folder will change
			delete(settings, teacherPrefix+teacher.Task)
		}
		if err == nil {
			err = setAside(r.dir, r.options.Out)
		}
		if err == nil {
			err = teacherMark{Settings: settings}.write(r.dir)
		}
		if err != nil {
			return err
		}
		r.missing.Marked = true
	}
	if r.options.Place.Rank == 0 {
		if err := r.sayTeachers(); err != nil {
			return err
		}
	}
	steps, err := r.teacherSteps()
	if err != nil {
		return err
	}
	for i, teacher := range r.missing.Teachers {
		if ctx.Err() != nil {
			return r.explainBetween(ctx, ctx.Err())
		}
		rest := r.steps()
		for _, n := range steps[i:] {
			rest += n
		}
		r.sayModel(teacher.Number, teacher.title(r.config), teacher.path(r.config), pace.left(rest))
		if err := r.trainTeacher(ctx, teacher, rest-steps[i], pace); err != nil {
			return r.explainTeacher(ctx, err, teacher)
		}
	}
	return nil
}

// teacherSteps are the numbers of steps of the missing teachers, without early stopping.
func (r *Run) teacherSteps() ([]int, error) {
	var list []int
	for _, teacher := range r.missing.Teachers {
		run, err := r.teacherRun(teacher)
		if err != nil {
			return nil, err
		}
		_, steps, err := run.size()
		if err != nil {
			return nil, err
		}
		list = append(list, steps)
	}
	return list, nil
}

// trainTeacher trains one teacher, before models of so many steps, and notes on rank 0 that
// it is done.
func (r *Run) trainTeacher(ctx context.Context, teacher missingTeacher, stepsAfter int, pace *pace) error {
	run, err := r.teacherRun(teacher)
	if err != nil {
		return err
	}
	run.options.Resume = teacher.Resume
	defer run.Close()
	if err := run.prepare(ctx, false); err != nil {
		return err
	}
	run.console.SetSeries(trainer.Series{Number: teacher.Number, Of: r.missing.Models, StepsAfter: stepsAfter})
	if err := run.build(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := run.Fit(ctx); err != nil || r.options.Place.Rank > 0 {
		return err
	}
	if !teacher.Resume {
		pace.add(run.trainer.Progress().Step, time.Since(began))
	}
	r.warnOfWeak(run, teacher)
	if run.runID == "" {
		return nil
	}
	mark, _, err := readMark(r.dir)
	if err != nil {
		return err
	}
	if mark.Runs == nil {
		mark.Runs = map[string]string{}
	}
	mark.Runs[teacher.name()] = run.runID
	r.missing.runs = mark.Runs
	return mark.write(r.dir)
}

// warnOfWeak warns of a teacher that is no better than the majority class.
func (r *Run) warnOfWeak(run *Run, teacher missingTeacher) {
	best, ok := run.history.BestEvaluation()
	if !ok {
		return
	}
	for _, scores := range best.Val {
		figure := compare(scores, run.baselines)[0]
		if figure.Model <= figure.Baseline {
			fmt.Fprintf(r.options.Err, "train: warning: the %s is no better than the majority class (%s %.3f, majority class %.3f): a student learns nothing useful from it: train it longer, or set distill.teachers.%s.alpha to 0\n",
				teacher.title(r.config), figureTitle(figure), figure.Model, figure.Baseline, teacher.Task)
		}
	}
}

// sayModel prints which model of how many is trained next, and how long it and those
// after it take; 0: that isn't known.
func (r *Run) sayModel(number int, title, path string, left time.Duration) {
	text := fmt.Sprintf("\nModel %d of %d: %s, %s", number, r.missing.Models, title, path)
	if left > 0 {
		text += fmt.Sprintf(" (about %s left in all, without early stopping)", terminal.Rough(left))
	}
	fmt.Fprintln(r.options.Out, text)
}

// explainTeacher names the teacher in an error of its run.
func (r *Run) explainTeacher(ctx context.Context, err error, teacher missingTeacher) error {
	title := fmt.Sprintf("%s (model %d of %d)", teacher.title(r.config), teacher.Number, r.missing.Models)
	if stopped, ok := errors.AsType[*Stopped](err); ok {
		return &Stopped{title + ": " + stopped.message, stopped.cause}
	}
	return r.explainBetween(ctx, fmt.Errorf("%s: %w", title, err))
}

// explainBetween adds to the error of a run that is stopped where no model has a state of
// its own how to continue.
func (r *Run) explainBetween(ctx context.Context, err error) error {
	if !wasStopped(ctx, err) || r.options.Place.Rank > 0 {
		return err
	}
	return &Stopped{fmt.Sprintf("%v; the teachers trained so far are kept: go on with --resume", err), err}
}

// pace is how fast the models trained so far were.
type pace struct {
	steps int
	took  time.Duration
}

func (p *pace) add(steps int, took time.Duration) { p.steps, p.took = p.steps+steps, p.took+took }

// left estimates how long so many steps take, with validation; 0 if that isn't known.
func (p *pace) left(steps int) time.Duration {
	return terminal.Left(p.took, int64(p.steps), int64(steps))
}
