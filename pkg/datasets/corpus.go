package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Source is a file of records, and the tasks that learn from them. Several
// tasks may share it: then one pass through the encoder serves them all. They
// read the same text.
type Source struct {
	Path  string
	Tasks []tasks.Task // a head without labels takes the sorted distinct ones in the records

	// KeepUnknown makes a class that isn't among a head's labels
	// [tasks.UnknownClass], for evaluation; otherwise it is an error.
	KeepUnknown bool
}

// Records are a source's records, as read.
type Records struct {
	Source
	Texts  []Transcript
	labels [][]labels // by record, of each task
}

// Load reads a source. An error names the file and the line or record.
func Load(ctx context.Context, source Source) (Records, error) {
	r := Records{Source: source}
	if err := r.check(); err != nil {
		return Records{}, fmt.Errorf("read data: %s: %w", source.Path, err)
	}
	err := readFile(source.Path, func(raw json.RawMessage) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return r.add(raw)
	})
	if err != nil {
		return Records{}, err
	}
	if err := r.findLabels(); err != nil {
		return Records{}, fmt.Errorf("read data: %s: %w", source.Path, err)
	}
	return r, nil
}

func (r *Records) check() error {
	if len(r.Tasks) == 0 {
		return errors.New("no task reads it")
	}
	for _, task := range r.Tasks[1:] {
		if task.Text != r.Tasks[0].Text {
			return fmt.Errorf("tasks %s and %s share records, but read the texts %s and %s", r.Tasks[0].Name, task.Name, r.Tasks[0].Text, task.Text)
		}
	}
	return nil
}

// add reads one record.
func (r *Records) add(raw json.RawMessage) error {
	record, err := parseFields(raw)
	if err != nil {
		return err
	}
	text, err := record.text(r.Tasks[0].Text)
	if err != nil {
		return err
	}
	list := make([]labels, len(r.Tasks))
	for t, task := range r.Tasks {
		if list[t], err = parseLabels(record, task, text); err != nil {
			return err
		}
	}
	r.Texts = append(r.Texts, text)
	r.labels = append(r.labels, list)
	return nil
}

// longestLabel is how long a label may be, in characters. Labels are written
// into the model's files and reports; a transcript mustn't be.
const longestLabel = 200

// findLabels gives heads without labels those that the records have.
func (r *Records) findLabels() (err error) {
	list := slices.Clone(r.Tasks)
	for t := range list {
		task := &list[t]
		task.Heads = slices.Clone(task.Heads)
		for h := range task.Heads {
			head := &task.Heads[h]
			if len(head.Labels) > 0 {
				continue
			}
			if head.Labels, err = r.labelsIn(t, h); err != nil {
				return fmt.Errorf("task %s: head %s, field %s: %w", task.Name, head.Name, head.Source, err)
			}
			if task.Kind == tasks.Token {
				head.Labels = slices.Insert(head.Labels, 0, tasks.OutsideLabel)
			}
		}
	}
	r.Tasks = list
	return nil
}

// labelsIn are the sorted distinct labels that the records have for head h of
// task t.
func (r *Records) labelsIn(t, h int) ([]string, error) {
	seen := map[string]bool{}
	for _, record := range r.labels {
		record[t].collect(r.Tasks[t].Kind, h, seen)
	}
	delete(seen, tasks.OutsideLabel)
	delete(seen, "") // an entity without label: an error when it is encoded
	found := slices.Sorted(maps.Keys(seen))
	for _, label := range found {
		if n := utf8.RuneCountInString(label); n > longestLabel {
			return nil, fmt.Errorf("a label of %d characters: does the field hold texts?", n)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no record has a label")
	}
	return found, nil
}

// Texts yields every transcript of several sources, to make a vocabulary from.
func Texts(all []Records) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, r := range all {
			for _, text := range r.Texts {
				if !yield(string(text)) {
					return
				}
			}
		}
	}
}

// Digest identifies a data file's contents: the first 8 bytes of its SHA-256,
// in hex, as MLflow shows a data set.
func Digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("digest of data: %w", err)
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", fmt.Errorf("digest of data: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8]), nil
}
