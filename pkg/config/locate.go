package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// locate looks up input files and folders: relative to the working directory, or else to
// dir, the configuration's folder. Paths in --set and output paths are only relative to
// the working directory.
func (c *Config) locate(dir string, overrides []string) []Note {
	var notes []Note
	look := func(key string, path *string, there func(path string) bool) {
		if *path == "" || filepath.IsAbs(*path) || overridden(key, overrides) {
			return
		}
		beside := filepath.Join(dir, *path)
		switch here := there(*path); {
		case !there(beside) || here && sameFile(*path, beside):
		case here:
			notes = append(notes, Note{Warning: true, Text: fmt.Sprintf("%s: both %s and %s are there; the former is read, as the working directory goes first", key, *path, beside)})
		default:
			notes = append(notes, Note{Text: fmt.Sprintf("%s: reading %s (%s from the configuration's folder)", key, beside, *path)})
			*path = beside
		}
	}
	look("data.ner_path", &c.Data.NERPath, exists)
	look("data.classification_path", &c.Data.ClassificationPath, exists)
	look("data.qa_path", &c.Data.QAPath, exists)
	look("data.reviews", &c.Data.Reviews, exists)
	for i := range c.Tasks {
		look(fmt.Sprintf("tasks[%d].file", i+1), &c.Tasks[i].File, exists)
	}
	for i := range c.Data.PretrainPath {
		look(fmt.Sprintf("data.pretrain_path[%d]", i+1), &c.Data.PretrainPath[i], found)
	}
	for i := range c.Distill.UnlabelledPath {
		look(fmt.Sprintf("distill.unlabelled_path[%d]", i+1), &c.Distill.UnlabelledPath[i], found)
	}
	if e := c.Distill.Encoder; e != nil {
		look("distill.encoder.model", &e.Model, isModel)
	}
	if c.Backbone.Init == InitPretrained {
		look("backbone.model_name", &c.Backbone.ModelName, isModel)
	}
	for name, teacher := range c.Distill.Teachers {
		for i := range teacher.Model {
			look(teacher.ModelKey("distill.teachers."+name, i), &teacher.Model[i], exists)
		}
	}
	slices.SortStableFunc(notes, func(a, b Note) int { return strings.Compare(a.Text, b.Text) })
	return notes
}

// overridden reports whether --set sets the key, or a section that contains it.
func overridden(key string, overrides []string) bool {
	return slices.ContainsFunc(overrides, func(o string) bool {
		name, _, _ := strings.Cut(o, "=")
		rest, found := strings.CutPrefix(key, name)
		return found && (rest == "" || strings.ContainsAny(rest[:1], ".["))
	})
}

// TriedBeside reports whether a configured data file is also looked up in the
// configuration's folder; see [Load].
func (c Config) TriedBeside(path string, overrides []string) bool {
	keys := map[string]string{"data.ner_path": c.Data.NERPath, "data.classification_path": c.Data.ClassificationPath, "data.qa_path": c.Data.QAPath}
	for i, task := range c.Tasks {
		keys[fmt.Sprintf("tasks[%d].file", i+1)] = task.File
	}
	for key, named := range keys {
		if named == path && !filepath.IsAbs(path) && !overridden(key, overrides) {
			return true
		}
	}
	return false
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// found is exists for a path that may be a pattern.
func found(path string) bool {
	paths, err := filepath.Glob(path)
	return exists(path) || err == nil && len(paths) > 0
}

// isModel distinguishes a model's folder from one that has the same name as a model on
// the hub.
func isModel(dir string) bool { return exists(filepath.Join(dir, "config.json")) }

func sameFile(a, b string) bool {
	first, errA := os.Stat(a)
	second, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(first, second)
}
