package fusion

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// checkLabels compares the labels of a single-task model, from [LabelMapsFile], with
// those in other files of dir: config.json, which transformers may have rewritten, and
// the files that the Python prototype reads. Missing files and the placeholders LABEL_0,
// LABEL_1, … are ignored.
func (a Architecture) checkLabels(dir string, d description) error {
	if len(a.Tasks) != 1 {
		return nil
	}
	heads := a.Tasks[0].Heads
	switch {
	case a.Tasks[0].Kind == tasks.Token:
		labelOf, err := d.labels()
		if err != nil {
			return err
		}
		if err := contradicts(heads[0].Labels, labelOf, ConfigFile); err != nil {
			return err
		}
		mapped, err := readLabelMappings(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return contradicts(heads[0].Labels, mapped, labelMappingsFile)
	case a.isSingle(tasks.SingleCLS(tasks.CaseLabels{}), prototypesClassify):
		for h, name := range caseLabelFiles {
			labels, from, err := listedLabels(dir, name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			labelOf, _ := labelIDs(labels)
			if err := contradicts(heads[h].Labels, labelOf, from); err != nil {
				return err
			}
		}
	}
	return nil
}

// contradicts returns the error that a file's labels differ from those of
// [LabelMapsFile].
func contradicts(labels []string, others map[string]string, file string) error {
	if len(others) == 0 || unnamed(others) {
		return nil
	}
	labelOf, _ := labelIDs(labels)
	if id, differ := differs(labelOf, others); differ {
		return fmt.Errorf("label %s is %q in %s, but %q in %s; %s, or, if you changed labels on purpose, change them in both",
			id, labelOf[id], LabelMapsFile, others[id], file, copyFolder)
	}
	return nil
}
