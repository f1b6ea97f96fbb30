package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/internal/modeldir"
)

// teachersFile marks, in the folder of a student's state, that its teachers are being
// trained, or that the student's own training hasn't stored a state since.
const teachersFile = "teachers.json"

// teacherMark is the contents of teachersFile.
type teacherMark struct {
	Settings map[string]string `json:"settings"` // the student's fingerprint: what must not change between the models
	Runs     map[string]string `json:"runs"`     // the teachers' MLflow runs, by name
}

// readMark returns the mark of a run; found is false if there is none.
func readMark(of modeldir.Dir) (mark teacherMark, found bool, err error) {
	path := filepath.Join(of.Run(), teachersFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return mark, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &mark)
	}
	if err != nil {
		return mark, false, fmt.Errorf("read how far the teachers' training is: %w; if %s is damaged, remove it and start without --resume: finished teachers stay", err, path)
	}
	return mark, true, nil
}

// write writes the mark in one step.
func (m teacherMark) write(of modeldir.Dir) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = renameio.WriteFile(filepath.Join(of.Run(), teachersFile), data, 0o666, renameio.WithTempDir(of.Run()))
	}
	if err != nil {
		return fmt.Errorf("note how far the teachers' training is: %w", err)
	}
	return nil
}

// hasState reports whether a stopped run has left a state, damaged or not.
func hasState(of modeldir.Dir) (bool, error) {
	entries, err := os.ReadDir(of.Run())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("look for a stopped run's state: %w", err)
	}
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return !strings.HasPrefix(e.Name(), ".") && stateName.MatchString(e.Name())
	}), nil
}

// keptFiles are the files of the run's folder that a student which begins keeps until it
// has finished.
func (r *Run) keptFiles() []string {
	if r.missing.Marked {
		return []string{teachersFile}
	}
	return nil
}
