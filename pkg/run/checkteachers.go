package run

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/trident-nlp/trident/internal/modeldir"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/distill"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// checkTeachers refuses teachers from which a student of the tasks can't learn: missing
// ones that aren't to be trained, those without the task or its labels, and folders that
// the run would overwrite. It warns of teachers whose training was stopped. It reads no
// weights and locks nothing.
func checkTeachers(c config.Config, list []tasks.Task, stderr io.Writer) error {
	wanted := wantedTeachers(c, tasks.Names(list))
	if slices.ContainsFunc(wanted, func(m missingTeacher) bool { return c.Distill.Teachers[m.Task].Alpha > 0 }) { // whose logits are kept
		if _, err := cacheDir(c.Distill.CacheDir); err != nil {
			return err
		}
	}
	places := teacherPlaces{}
	for _, teacher := range wanted {
		task, err := tasks.Find(list, teacher.Task)
		if err != nil {
			return err
		}
		status, err := teacher.status(c)
		if err != nil && c.Distill.TrainTeachers {
			return teacher.explain(c, err)
		}
		train := c.Distill.TrainTeachers && status != teacherTrained
		if err := places.add(c, teacher, train); err != nil {
			return err
		}
		if train {
			continue
		}
		if err := checkTeacher(c, teacher, task, status); err != nil {
			return err
		}
		if status == teacherStopped {
			fmt.Fprintf(stderr, "train: warning: %s: the training of %s was stopped, or isn't over: the student learns from its best model so far; %s\n", teacher.title(c), teacher.path(c), finishTeacher)
		}
	}
	return nil
}

// finishTeacher says how to finish the training of a teacher.
const finishTeacher = "continue it with --resume and distill.train_teachers=true"

// checkTeacher refuses a teacher that isn't to be trained and doesn't teach the task.
func checkTeacher(c config.Config, teacher missingTeacher, task tasks.Task, status teacherStatus) error {
	err := distill.Check(teacher.path(c), task)
	switch {
	case err == nil || errors.Is(err, distill.ErrMismatch) || c.Distill.TrainTeachers:
		return err
	case status == teacherStopped:
		return fmt.Errorf("%w; its training was stopped, or isn't over: %s", err, finishTeacher)
	}
	return fmt.Errorf("%w; set %s to a trained model, or distill.train_teachers=true to train it first", err, teacher.key(c))
}

// status looks into the teacher's folder.
func (m missingTeacher) status(c config.Config) (teacherStatus, error) {
	names := modelNames(c.Output)
	dir, err := modeldir.Find(m.path(c), names)
	if err != nil {
		return teacherMissing, err
	}
	return statusIn(dir, names)
}

// explain names the teacher in an error that is about its folder.
func (m missingTeacher) explain(c config.Config, err error) error {
	return fmt.Errorf("%s, whose output.model_dir is %s: %w", m.title(c), m.key(c), err)
}

// teacherPlaces are the teachers of a run, by the real paths of their folders.
type teacherPlaces map[string][]placedTeacher

type placedTeacher struct {
	missingTeacher
	train bool // it is to be trained
}

// add refuses a teacher in the student's folder, or where an earlier student's model is
// moved to; one that is named twice for a task; and one that is to be trained in another's
// folder.
func (p teacherPlaces) add(c config.Config, teacher missingTeacher, train bool) error {
	key, path := teacher.key(c), teacher.path(c)
	at, student := realPath(path), realPath(c.Output.ModelDir)
	dir, err := modeldir.Find(c.Output.ModelDir, modelNames(c.Output))
	if err != nil {
		return err
	}
	const alone = "a teacher trained here has one task and a folder of its own"
	switch {
	case at == student && train:
		return fmt.Errorf("%s: %s is to be trained, and is also output.model_dir: %s", key, path, alone)
	case at == student:
		return fmt.Errorf("%s: %s is also output.model_dir, where the student would replace its teacher: name another folder in output.model_dir", key, path)
	case at == realPath(dir.Previous()):
		return fmt.Errorf("%s: %s is where an earlier model of output.model_dir is moved to, which would replace the teacher: move the teacher, or name another folder in output.model_dir", key, path)
	}
	for _, other := range p[at] {
		switch {
		case other.Task == teacher.Task:
			return fmt.Errorf("%s: %s is also %s (%s): name each model once", key, path, other.key(c), other.path(c))
		case train || other.train:
			return fmt.Errorf("%s: %s is to be trained, and is also %s: %s", key, path, other.key(c), alone)
		}
	}
	p[at] = append(p[at], placedTeacher{teacher, train})
	return nil
}

// realPath returns the absolute path without links; the end of the path needn't exist.
func realPath(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	rest := ""
	for at := path; ; at = filepath.Dir(at) {
		target, err := filepath.EvalSymlinks(at)
		switch {
		case err == nil:
			return filepath.Join(target, rest)
		case !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at):
			return path
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}
