package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Source is a file of records, and the tasks that learn from it. Several tasks may share
// it if they read the same text: one pass through the encoder then serves all of them.
type Source struct {
	Path  string
	Tasks []tasks.Task // a head without labels gets the sorted distinct ones in the records

	// KeepUnknown, for evaluation, converts classes that aren't among a head's labels to
	// [tasks.UnknownClass]; otherwise they are problems.
	KeepUnknown bool
	// Language is the field with a record's language, such as "sw"; "": none.
	Language string
	// SkipBad skips records that can't be used; otherwise they are an error.
	SkipBad bool
	// Reviewed, for training, are calls that people have checked; nil: none.
	Reviewed *Reviewed
}

// Records are a source's records, as read.
type Records struct {
	Source
	Texts []Transcript // by record; "" if it can't be used
	// Languages are those of the file's records, if Source.Language is set; "" if a record
	// has none.
	Languages []string
	FromFile  int          // the number of records in the file; those after them are reviewed calls
	Reviews   ReviewCounts // what became of [Source].Reviewed
	Problems  Problems     // of the records that can't be used
	Warnings  []string     // about the file as a whole, one line each
	labels    [][]labels   // by record and task; nil if the record can't be used
	survey    survey
	lines     []int          // by record: the line in which it begins
	ids       map[string]int // records, from 0, by id; only with Reviewed
}

// Usable reports whether the record with that number, from 1, can be used.
func (r Records) Usable(number int) bool { return r.labels[number-1] != nil }

// Load reads a source; see [LoadAll].
func Load(ctx context.Context, source Source) (Records, error) {
	all, err := LoadAll(ctx, []Source{source})
	if len(all) == 0 {
		return Records{}, err
	}
	return all[0], err
}

// LoadAll reads sources. All records that can't be used are one error, a [BadRecords],
// returned together with the usable records; with SkipBad they are an error only if the
// rest of their file can't be read. For other errors, which name the file and may be
// joined with that one, no records are returned.
func LoadAll(ctx context.Context, sources []Source) ([]Records, error) {
	var all []Records
	var found Problems
	var others error
	for _, source := range sources {
		r, err := loadOne(ctx, source)
		var problems *BadRecords
		switch {
		case errors.As(err, &problems):
			found.Add(problems.Problems)
		case err != nil:
			others = errors.Join(others, fmt.Errorf("read data: %s: %w", source.Path, err))
		}
		if ctx.Err() != nil {
			return nil, others
		}
		all = append(all, r)
	}
	switch {
	case found.Total() == 0 && others == nil:
		return all, nil
	case others == nil:
		return all, &BadRecords{found}
	case found.Total() == 0:
		return nil, others
	}
	return nil, errors.Join(&BadRecords{found}, others)
}

func loadOne(ctx context.Context, source Source) (Records, error) {
	r := Records{Source: source}
	if err := r.check(); err != nil {
		return r, err
	}
	f, err := os.Open(r.Path)
	if err != nil {
		return r, errors.Unwrap(err) // LoadAll adds the file
	}
	defer f.Close()
	if err := r.read(ctx, f); err != nil {
		return r, err
	}
	r.applyReviews()
	if err := r.dropContradictions(); err != nil {
		return r, err
	}
	count, wrong := len(r.Texts), r.Problems.Total()
	if count == 0 && wrong == 0 {
		return r, errors.New("the file holds no records")
	}
	missing := r.missing()
	if missing == nil {
		err = r.findLabels()
	}
	switch {
	case missing != nil && missing.required:
		return r, missing
	case wrong > 0 && (!r.SkipBad || r.Problems.Unreadable):
		return r, &BadRecords{r.Problems}
	case count == wrong:
		return r, fmt.Errorf("none of its %d records can be used (%s); the first: %s", count, r.Problems.ByKind(), r.Problems.First[0].Message)
	case missing != nil:
		return r, missing
	}
	if err == nil {
		var more []string
		more, err = r.doubts()
		r.Warnings = append(r.Warnings, more...)
	}
	return r, err
}

// read reads all records of a file.
func (r *Records) read(ctx context.Context, file io.Reader) error {
	known, seen := labelIDs(r.Tasks), map[string]int{}
	in, err := newReader(file)
	if err == nil {
		err = in.openTable(r.Path, r.wants())
	}
	if in != nil {
		err = r.note(in, err)
	}
	for err == nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		var raw []byte
		if raw, err = in.next(); err == nil {
			if err = r.add(raw, known, seen); err == nil {
				r.lines = append(r.lines, in.line)
			}
		}
		err = r.note(in, err)
	}
	if r.Reviewed != nil {
		r.ids = numberIDs(seen)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// wants returns the fields that the tasks read.
func (r *Records) wants() wants {
	want := wants{text: r.Tasks[0].Text}
	for _, task := range r.Tasks {
		for _, head := range task.Heads {
			want.others = append(want.others, head.Source)
		}
	}
	if r.Language != "" {
		want.others = append(want.others, r.Language)
	}
	return want
}

// note records the problem of the record that in has just read. It returns io.EOF after
// the last readable record, and errors that aren't about the data.
func (r *Records) note(in *reader, err error) error {
	var about *recordError
	if !errors.As(err, &about) {
		return err
	}
	p := Problem{File: r.Path, Record: in.records, Line: in.line, Kind: about.kind, Message: err.Error()}
	var outside unreadableError
	if errors.As(err, &outside) {
		p.Record = 0
	} else {
		if r.Language != "" {
			r.Languages = append(r.Languages, "")
		}
		r.Texts, r.labels, r.lines = append(r.Texts, ""), append(r.labels, nil), append(r.lines, in.line)
	}
	if p.Record == 0 || in.array && p.Kind == KindJSON {
		p.Message += "; nothing after that can be read"
		r.Problems.Unreadable, err = true, io.EOF
	} else {
		err = nil
	}
	r.Problems.add(p)
	return err
}

func (r *Records) check() error {
	if len(r.Tasks) == 0 {
		return errors.New("no task reads it")
	}
	for _, task := range r.Tasks {
		if err := task.CheckFollows(); err != nil {
			return fmt.Errorf("task %s: %w", task.Name, err)
		}
	}
	for _, task := range r.Tasks[1:] {
		if task.Text != r.Tasks[0].Text {
			return fmt.Errorf("tasks %s and %s share records, but read the texts %s and %s", r.Tasks[0].Name, task.Name, r.Tasks[0].Text, task.Text)
		}
	}
	return nil
}

// idFields are the fields that must be unique in a file.
var idFields = []string{"uniqueid", "sample_id"}

// add parses one record. Its error is a [recordError]. known has the ids of labels that
// the tasks define; seen has the numbers of the records by id.
func (r *Records) add(raw []byte, known [][]map[string]int64, seen map[string]int) error {
	record, err := parseFields(raw)
	if err != nil {
		return err
	}
	r.survey.note(record, r.Tasks)
	text, err := record.text(r.Tasks[0].Text)
	if err != nil {
		return err
	}
	list := make([]labels, len(r.Tasks))
	for t, task := range r.Tasks {
		if list[t], err = parseLabels(record, len(r.Texts)+1, task, text, &r.survey.tasks[t]); err != nil {
			return err
		}
		if err := r.checkKnown(list[t], task, known[t]); err != nil {
			return fmt.Errorf("task %s: %w", task.Name, err)
		}
	}
	if err := r.checkID(record, text, seen); err != nil {
		return err
	}
	if r.Language != "" {
		language, err := record.language(r.Language)
		if err != nil {
			return err
		}
		r.Languages = append(r.Languages, language)
	}
	r.Texts = append(r.Texts, text)
	r.labels = append(r.labels, list)
	return nil
}

// checkID returns an error if an earlier record has the same id.
func (r *Records) checkID(record *fields, text Transcript, seen map[string]int) error {
	for _, name := range idFields {
		value := string(record.values[name])
		if value == "" || value == "null" || value == `""` || value == notFinite {
			continue
		}
		id := name + value
		if other, twice := seen[id]; twice {
			with := "another"
			if r.Texts[other-1] == text {
				with = "the same"
			}
			return bad(KindDuplicate, "the %s of record %d, with %s text", name, other, with)
		}
		seen[id] = len(r.Texts) + 1
	}
	return nil
}

// manyLabels is the number of labels from which it is suspicious that at least every
// other record has its own.
const manyLabels = 100

// findLabels sets the labels of heads without labels to those in the records.
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
			if task.PerToken() {
				if err := tasks.CheckNames(append([]string{tasks.OutsideLabel}, head.Labels...)); err != nil {
					return fmt.Errorf("task %s: field %s: %w", task.Name, head.Source, err)
				}
				head.Labels = slices.Insert(head.Labels, 0, tasks.OutsideLabel)
			}
		}
	}
	r.Tasks = list
	r.findFollows()
	return nil
}

// labelsIn returns the sorted distinct labels in the records for head h of task t.
func (r *Records) labelsIn(t, h int) ([]string, error) {
	seen := map[string]bool{}
	for _, record := range r.labels {
		if record != nil {
			record[t].collect(r.Tasks[t].Kind, h, seen)
		}
	}
	delete(seen, tasks.OutsideLabel)
	found := slices.Sorted(maps.Keys(seen))
	switch n := len(found); {
	case n == 0:
		return nil, errors.New("no record has a label")
	case n > manyLabels && 2*n > len(r.labels):
		return nil, fmt.Errorf("%d different labels in %d records: does the field hold texts?", n, len(r.labels))
	}
	return found, nil
}

// Texts yields all transcripts of several sources, for building a vocabulary.
func Texts(all []Records) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, r := range all {
			for i, text := range r.Texts {
				if r.Usable(i+1) && !yield(string(text)) {
					return
				}
			}
		}
	}
}

// Digest identifies a data file's contents: the first 8 bytes of its SHA-256, in hex, as
// MLflow shows for a data set.
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
