package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/trident-nlp/trident/internal/heldout"
	"github.com/trident-nlp/trident/pkg/config"
)

// learntFrom is what a model's metrics file says of a task's data, so that a later student
// of the model can compare it with its own.
type learntFrom struct {
	Digest  string `json:"digest"`            // of the file's contents
	Records int    `json:"records"`           // in the file
	Trained int    `json:"trained"`           // records that the model was trained on
	MadeUp  bool   `json:"made_up,omitempty"` // the file is datagen's: demo calls
}

// learnt describes the data of each task. The files must have been identified.
func (d *data) learnt() map[string]learntFrom {
	all := map[string]learntFrom{}
	for _, s := range d.sources {
		for _, task := range s.set.Tasks {
			all[task.Name] = learntFrom{s.digest, len(s.records.Texts), len(s.split.Train), s.madeUp}
		}
	}
	return all
}

// warnOfKnownRecords warns of teachers that were trained on records which this run holds
// out. Only teachers whose folders say so can be compared: those trained by this program,
// on the same file. The files must have been identified.
func (r *Run) warnOfKnownRecords(w io.Writer) {
	for _, task := range r.data.tasks() {
		teacher := r.config.Distill.Teachers[task.Name]
		if !teacher.Used() {
			continue
		}
		s, _ := r.data.find(task.Name)
		for _, dir := range teacher.Model {
			r.warnOfKnown(w, dir, task.Name, s)
		}
	}
}

// warnOfKnown warns of one teacher of a task.
func (r *Run) warnOfKnown(w io.Writer, dir, task string, s source) {
	known, exact, err := knownRecords(dir, r.config.Output, task, s)
	switch {
	case err != nil:
		fmt.Fprintf(w, "train: warning: can't tell whether the teacher of %s was trained on calls that this run holds out: %v\n", task, err)
	case known > 0:
		count := strconv.Itoa(known)
		if !exact {
			count = "up to " + count
		}
		fmt.Fprintf(w, "train: warning: %s: the teacher of %s was trained on %s of the %d calls that this run holds out: the student's scores are too good; train the teacher with this run's settings of data, or in a new folder with distill.train_teachers\n",
			dir, task, count, len(s.split.Val)+len(s.split.Test))
	}
}

// knownRecords counts the records that s holds out and a model's training didn't. They are
// those that it was trained on (exact), unless it left out others, such as those that were
// too long. 0 if the model's folder doesn't say what it was trained on, or if that was
// another file.
func knownRecords(dir string, names config.Output, task string, s source) (known int, exact bool, err error) {
	var metrics struct {
		Data map[string]learntFrom `json:"data"`
	}
	data, err := os.ReadFile(filepath.Join(dir, names.MetricsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	if json.Unmarshal(data, &metrics) != nil { // not Trident's
		return 0, false, nil
	}
	from, said := metrics.Data[task]
	if !said || from.Digest != s.digest {
		return 0, false, nil
	}
	path, err := heldout.Find(dir, task)
	if errors.Is(err, heldout.ErrNoList) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	held, err := heldout.Read(path)
	if err != nil {
		return 0, false, fmt.Errorf("read %s: %w", path, err)
	}
	for _, ex := range slices.Concat(s.split.Val, s.split.Test) {
		if !held.All[ex.Record] {
			known++
		}
	}
	return min(known, from.Trained), from.Trained+len(held.All) == from.Records, nil
}
