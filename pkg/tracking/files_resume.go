package tracking

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// resumeFileRun reopens a run and repairs what a crash may have left.
func resumeFileRun(root, id string) (*fileStore, usedKeys, error) {
	var used usedKeys
	absolute, err := filepath.Abs(root)
	if err != nil {
		return nil, used, fmt.Errorf("MLflow file store %s: %w", root, err)
	}
	if !isRunID(id) {
		return nil, used, fmt.Errorf("%w: %q is not a run id", ErrRunNotFound, id)
	}
	places, err := filepath.Glob(filepath.Join(globEscape(absolute), "*", id, metaFile))
	if err != nil {
		return nil, used, fmt.Errorf("MLflow file store %s: %w", root, err)
	}
	if len(places) == 0 {
		return nil, used, fmt.Errorf("%w: %s is not in %s", ErrRunNotFound, id, root)
	}
	s := &fileStore{root: root, run: id, dir: filepath.Dir(places[0])}
	s.experiment = filepath.Base(filepath.Dir(s.dir))
	if used, err = s.reopen(); err != nil {
		return nil, used, fmt.Errorf("resuming MLflow run %s in %s: %w", id, root, err)
	}
	return s, used, nil
}

func (s *fileStore) reopen() (usedKeys, error) {
	used := usedKeys{lastStep: map[string]int64{}}
	info, err := readMeta(s.dir)
	if err != nil {
		return used, err
	}
	if info.text("lifecycle_stage") == "deleted" {
		return used, fmt.Errorf("%w: it was deleted", ErrRunNotFound)
	}
	info["status"], info["end_time"] = statusNumbers[Running], nil
	err = errors.Join(s.makeFolders(), writeMeta(s.dir, info), s.removeLeftovers())
	if err != nil {
		return used, err
	}
	if used.params, err = s.keys(paramsFolder); err != nil {
		return used, err
	}
	if used.tags, err = s.keys(tagsFolder); err != nil {
		return used, err
	}
	metrics, err := s.keys(metricsFolder)
	if err != nil {
		return used, err
	}
	for _, key := range metrics {
		points, err := repairMetric(s.path(metricsFolder, key))
		if err != nil {
			return used, err
		}
		for _, p := range points {
			if last, known := used.lastStep[key]; !known || p.step > last {
				used.lastStep[key] = p.step
			}
		}
	}
	return used, nil
}

// removeLeftovers deletes temporary files of a process that was killed.
func (s *fileStore) removeLeftovers() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() && entry.Name() != metaFile && strings.HasPrefix(entry.Name(), ".") {
			err = errors.Join(err, os.Remove(filepath.Join(s.dir, entry.Name())))
		}
	}
	return err
}

// keys lists the keys of one kind: the files below its folder.
func (s *fileStore) keys(kind string) ([]string, error) {
	var keys []string
	folder := filepath.Join(s.dir, kind)
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		key, err := filepath.Rel(folder, name)
		keys = append(keys, filepath.ToSlash(key))
		return err
	})
	return keys, err
}
