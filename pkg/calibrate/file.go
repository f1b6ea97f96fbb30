package calibrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/outfile"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// FileName is the name of a calibration in a model's folder.
const FileName = "calibration.json"

// Calibration is the calibration of a model.
type Calibration struct {
	Model         string `json:"model"`                   // SHA-256 of the model's files
	LanguageField string `json:"language_field,omitzero"` // the field of a record with its language

	Heads      map[string]map[string]Head `json:"heads"` // by task and name of the head
	Thresholds []Threshold                `json:"thresholds,omitzero"`
}

// Temperature returns a head's temperature; 1 if it has none. c may be nil.
func (c *Calibration) Temperature(task, head string) float64 {
	if c == nil {
		return 1
	}
	if h, known := c.Heads[task][head]; known {
		return h.Temperature
	}
	return 1
}

// Sets returns a head's sets for calls of a language: those of the language if it has any,
// otherwise those of all calls. c may be nil.
func (c *Calibration) Sets(task, head, language string) []Set {
	if c == nil {
		return nil
	}
	h := c.Heads[task][head]
	if sets := h.Languages[language]; sets != nil {
		return sets
	}
	return h.Sets
}

// Path returns where the calibration of the model in a folder is.
func Path(dir string) string { return filepath.Join(atomicdir.Current(dir), FileName) }

// LanguageField returns the field of a call with its language, for the calibration in a
// model's folder; "" if it has none, or can't be read ([Read] says why).
func LanguageField(dir string) string {
	data, err := os.ReadFile(Path(dir))
	if err != nil {
		return ""
	}
	c, err := parse(data)
	if err != nil {
		return ""
	}
	return c.LanguageField
}

// ErrOtherModel marks the error of [Read] for a calibration of another model.
var ErrOtherModel = errors.New("it is of another model")

// advice is what to do about a file that can't be used.
const advice = "calibrate the model again with eval --calibrate, or remove the file"

// Read reads the calibration in a model's folder; nil if there is none. hash returns the
// SHA-256 of the model's files, and is only called if there is a file: it takes long. list
// are the model's tasks. Errors name the file.
func Read(dir string, hash func() (string, error), list []tasks.Task) (*Calibration, error) {
	path := Path(dir)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var c *Calibration
	if err == nil {
		c, err = parse(data)
	}
	if err == nil {
		err = c.check(list)
	}
	if err != nil {
		return nil, fmt.Errorf("read the calibration: %s: %w; %s", path, err, advice)
	}
	model, err := hash()
	if err != nil {
		return nil, fmt.Errorf("read the calibration: %w", err)
	}
	if model != c.Model {
		return nil, fmt.Errorf("read the calibration: %s: %w; %s", path, ErrOtherModel, advice)
	}
	return c, nil
}

func parse(data []byte) (*Calibration, error) {
	c := &Calibration{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, errors.New("it isn't JSON of the form that eval --calibrate writes")
	}
	return c, nil
}

// check returns an error for what doesn't match the tasks, or isn't a probability.
func (c *Calibration) check(list []tasks.Task) error {
	if c.Heads == nil {
		return errors.New(`it has no "heads"`)
	}
	for name, heads := range c.Heads {
		for head, h := range heads {
			if _, err := findHead(list, name, head); err != nil {
				return err
			}
			if !(h.Temperature >= lowest && h.Temperature <= highest) {
				return fmt.Errorf("the temperature of %s.%s is %g; want %g to %d", name, head, h.Temperature, lowest, highest)
			}
			sets := slices.Clone(h.Sets)
			for _, more := range h.Languages {
				sets = append(sets, more...)
			}
			for _, s := range sets {
				if !(s.Coverage > 0 && s.Coverage < 1 && s.Score >= 0 && s.Score <= 1) {
					return fmt.Errorf("a set of %s.%s has the coverage %g and the score %g; want them between 0 and 1", name, head, s.Coverage, s.Score)
				}
			}
		}
	}
	for _, t := range c.Thresholds {
		head, err := findHead(list, t.Task, t.Head)
		switch {
		case err != nil:
			return err
		case !slices.Contains(head.Labels, t.Label):
			return fmt.Errorf("%s.%s has no label %q", t.Task, t.Head, t.Label)
		case !(t.Probability >= 0 && t.Probability <= 1):
			return fmt.Errorf("the threshold of %s.%s=%s is %g; want 0 to 1", t.Task, t.Head, t.Label, t.Probability)
		}
	}
	return nil
}

// findHead returns the head of a task, by its name.
func findHead(list []tasks.Task, task, head string) (tasks.Head, error) {
	t, err := tasks.Find(list, task)
	if err != nil {
		return tasks.Head{}, err
	}
	i := slices.IndexFunc(t.Heads, func(h tasks.Head) bool { return h.Name == head })
	if i < 0 {
		return tasks.Head{}, fmt.Errorf("task %s has no head %q", task, head)
	}
	return t.Heads[i], nil
}

// Write puts the calibration into a model's folder, whole or not at all.
func (c *Calibration) Write(dir string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(c)
	if err == nil {
		err = write(Path(dir), b.Bytes())
	}
	if err != nil {
		return fmt.Errorf("write the calibration into %s: %w", dir, err)
	}
	return nil
}

func write(path string, data []byte) error {
	f, err := outfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}
