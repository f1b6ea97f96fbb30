// Package heldout names and reads the lists of a model's held-out records, which train
// writes into its folder: held_out_ner.csv, or held_out_cls+mood.csv for tasks that share
// a file.
package heldout

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Columns of a list, which has others too.
const (
	RecordColumn = "record" // the record's number, from 1
	ShareColumn  = "share"  // Validation or Test
)

// Values of ShareColumn.
const (
	Validation = "validation"
	Test       = "test"
)

const prefix, extension = "held_out_", ".csv"

// Name is the name of the list of tasks that share a file, which are joined by "+".
func Name(tasks string) string { return prefix + tasks + extension }

// tasksOf returns the tasks of the list called name, joined by "+", and whether it is one.
func tasksOf(name string) (string, bool) {
	name, isList := strings.CutPrefix(name, prefix)
	name, isCSV := strings.CutSuffix(name, extension)
	return name, isList && isCSV
}

// IsList reports whether a file's name is that of a list.
func IsList(name string) bool {
	_, isList := tasksOf(name)
	return isList
}

// ErrNoList is the error of a folder that has no list of a task.
var ErrNoList = errors.New("no list of held-out records")

// Find returns the path of a task's list in a model's folder, or [ErrNoList].
func Find(dir, task string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if tasks, isList := tasksOf(entry.Name()); isList && slices.Contains(strings.Split(tasks, "+"), task) {
			return filepath.Join(dir, entry.Name()), nil
		}
	}
	return "", ErrNoList
}

// Records are numbers of records, from 1.
type Records map[int]bool

// List is the records of a list.
type List struct {
	All     Records
	ByShare map[string]Records // empty if the list has no ShareColumn
}

// Read reads a list. Errors contain neither its path nor its texts.
func Read(path string) (List, error) {
	f, err := os.Open(path)
	if err != nil {
		return List{}, errors.Unwrap(err) // the caller names the file
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return List{}, err
	}
	list := List{All: Records{}, ByShare: map[string]Records{}}
	if len(rows) < 2 {
		return list, nil
	}
	column, share := slices.Index(rows[0], RecordColumn), slices.Index(rows[0], ShareColumn)
	if column < 0 {
		return List{}, fmt.Errorf("it has no column %q", RecordColumn)
	}
	for i, row := range rows[1:] {
		number, err := strconv.Atoi(row[column])
		if err != nil || number < 1 {
			return List{}, fmt.Errorf("row %d: column %q holds no record number", i+2, RecordColumn)
		}
		list.All[number] = true
		if share >= 0 {
			if list.ByShare[row[share]] == nil {
				list.ByShare[row[share]] = Records{}
			}
			list.ByShare[row[share]][number] = true
		}
	}
	return list, nil
}
