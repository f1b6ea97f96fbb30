package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/modeldir"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/distill"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// teacherPlan are the teachers that a run has to train before its student. Rank 0 makes
// it for all.
type teacherPlan struct {
	Teachers []missingTeacher
	Models   int  // of the whole: all teachers, trained or not, and the student
	Marked   bool // the run has a teachersFile: it continues one that was stopped before the student had a state, or Fit has begun

	runs map[string]string // the MLflow runs of teachers trained so far, by name; on rank 0
}

// missingTeacher is a teacher to be trained.
type missingTeacher struct {
	Task   string
	Member int  // of the models of the task's teacher, from 0
	Number int  // among the models of the whole, from 1
	Resume bool // its training was stopped
}

// wantedTeachers lists the models of the teachers that a run opens, of which names are the
// tasks, in the order of their training.
func wantedTeachers(c config.Config, names []string) []missingTeacher {
	var list []missingTeacher
	for _, task := range taught(c, names) {
		for member := range c.Distill.Teachers[task].Model {
			list = append(list, missingTeacher{Task: task, Member: member, Number: len(list) + 1})
		}
	}
	return list
}

// path is the teacher's folder.
func (m missingTeacher) path(c config.Config) string {
	return c.Distill.Teachers[m.Task].Model[m.Member]
}

// key is the key of that folder.
func (m missingTeacher) key(c config.Config) string {
	return c.Distill.Teachers[m.Task].ModelKey("distill.teachers."+m.Task, m.Member)
}

// name tells the teachers of a run apart.
func (m missingTeacher) name() string {
	if m.Member == 0 {
		return m.Task
	}
	return fmt.Sprintf("%s-%d", m.Task, m.Member+1)
}

// title names the teacher in messages.
func (m missingTeacher) title(c config.Config) string {
	if of := len(c.Distill.Teachers[m.Task].Model); of > 1 {
		return fmt.Sprintf("teacher of %s, %d of %d", m.Task, m.Member+1, of)
	}
	return "teacher of " + m.Task
}

// teacherStatus is what the folder of a teacher holds.
type teacherStatus int

const (
	teacherMissing teacherStatus = iota
	teacherStopped               // the state of a stopped training, with or without a model
	teacherTrained
)

// statusIn looks into a teacher's folder.
func statusIn(of modeldir.Dir, names modeldir.Names) (teacherStatus, error) {
	stopped, err := hasState(of)
	if err != nil || stopped {
		return teacherStopped, err
	}
	entries, err := os.ReadDir(of.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return teacherMissing, err
	}
	for _, e := range entries {
		if names.Weights(e.Name()) {
			return teacherTrained, nil
		}
	}
	return teacherMissing, nil
}

// planTeachers determines which teachers Fit has to train first, and locks their folders.
// Without distill.train_teachers there are none.
func (r *Run) planTeachers() error {
	if !r.config.Distill.TrainTeachers {
		return nil
	}
	if err := r.data.identify(); err != nil {
		return err
	}
	var message []byte
	if r.options.Place.Rank == 0 {
		var err error
		if r.missing, err = r.findMissing(); err != nil {
			return err
		}
		if message, err = json.Marshal(r.missing); err != nil {
			return fmt.Errorf("tell the other ranks of the teachers to train: %w", err)
		}
	}
	if r.team == nil {
		return nil
	}
	message, err := r.team.Share(message)
	if err != nil || r.options.Place.Rank == 0 {
		return err
	}
	if err := json.Unmarshal(message, &r.missing); err != nil {
		return fmt.Errorf("read rank 0's list of the teachers to train: %w", err)
	}
	return nil
}

// findMissing is planTeachers on rank 0.
func (r *Run) findMissing() (teacherPlan, error) {
	o := r.options
	resuming := o.Resume || o.ResumeIfAny
	if stopped, err := hasState(r.dir); err != nil || stopped && resuming { // the teachers were trained before
		return teacherPlan{Models: len(wantedTeachers(r.config, tasks.Names(r.data.tasks()))) + 1}, err
	}
	plan, err := r.lockMissing(resuming)
	if err != nil || !resuming {
		return plan, err
	}
	mark, marked, err := readMark(r.dir)
	if err != nil {
		return plan, err
	}
	plan.Marked, plan.runs = marked, mark.Runs
	for _, teacher := range plan.Teachers {
		marked = marked || teacher.Resume
	}
	switch {
	case marked: // the student itself begins
		r.options.Resume, r.options.ResumeIfAny = false, false
	case o.Resume && len(plan.Teachers) > 0:
		return plan, fmt.Errorf("%w in %s, nor of a teacher: start the run without --resume", trainer.ErrNoState, r.dir.Run())
	}
	if !plan.Marked {
		return plan, nil
	}
	return plan, r.checkMark(mark)
}

// checkMark refuses to continue with a student other than the one whose teachers were
// being trained, unless it is forced.
func (r *Run) checkMark(mark teacherMark) error {
	now, err := r.fingerprint()
	if err != nil {
		return err
	}
	before, err := completed(mark.Settings, now)
	if err != nil {
		return err
	}
	list := changes(before, now)
	if len(list) == 0 {
		return nil
	}
	text := strings.Join(list, "; ")
	if !r.options.Force {
		return fmt.Errorf("resume %s, whose teachers were being trained: %w: %s; put that back, or start anew without --resume, or go on all the same with --force", r.dir.Run(), errChanged, text)
	}
	fmt.Fprintf(r.options.Out, "Changed since the teachers' training was stopped: %s.\n", text)
	return nil
}

// lockMissing lists the teachers that aren't trained, and locks their folders. It looks
// at a folder once it is locked, so no other run is training that teacher.
func (r *Run) lockMissing(resuming bool) (teacherPlan, error) {
	wanted := wantedTeachers(r.config, tasks.Names(r.data.tasks()))
	plan := teacherPlan{Models: len(wanted) + 1}
	for _, teacher := range wanted {
		path := teacher.path(r.config)
		explain := func(err error) error { return teacher.explain(r.config, err) }
		dir, err := modeldir.Find(path, r.names)
		if err != nil {
			return plan, explain(err)
		}
		status, err := statusIn(dir, r.names)
		if err != nil {
			return plan, explain(err)
		}
		if status == teacherTrained {
			continue
		}
		release, err := occupy(dir, teacher.key(r.config), r.names, false, foldersForOthers(r.config)...)
		if err != nil {
			return plan, explain(err)
		}
		r.held = append(r.held, release)
		if status, err = statusIn(dir, r.names); err != nil {
			return plan, explain(err)
		}
		switch {
		case status == teacherTrained: // by another run, until now
			continue
		case status == teacherStopped && !resuming:
			return plan, fmt.Errorf("%s: the training of %s was stopped: continue it with --resume; or remove %s and %s, to train it anew", teacher.title(r.config), path, dir.Run(), path)
		}
		teacher.Resume = status == teacherStopped
		plan.Teachers = append(plan.Teachers, teacher)
	}
	return plan, nil
}

// tryModels builds the student and opens the teachers that are there, and drops them
// again: errors in these are found before other teachers are trained.
func (r *Run) tryModels() error {
	before := len(r.held)
	err := r.makeModel()
	for _, release := range slices.Backward(r.held[before:]) {
		release()
	}
	r.held, r.model = r.held[:before], nil
	if err != nil {
		return err
	}
	for _, task := range r.data.tasks() {
		for _, wanted := range wantedTeachers(r.config, []string{task.Name}) {
			if slices.ContainsFunc(r.missing.Teachers, func(m missingTeacher) bool { return m.Task == task.Name && m.Member == wanted.Member }) {
				continue
			}
			teacher, err := distill.Open(wanted.path(r.config), task, r.device)
			if err != nil {
				return err
			}
			teacher.Drop()
		}
	}
	return nil
}
