package evaluate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// recordNumbers are numbers of records, from 1.
type recordNumbers map[int]bool

// of returns the examples of these records.
func (n recordNumbers) of(examples []datasets.Example) []datasets.Example {
	return slices.DeleteFunc(slices.Clone(examples), func(ex datasets.Example) bool { return !n[ex.Record] })
}

// records returns the records to score in a file of count records, and a description of
// them.
func (s source) records(count int) (recordNumbers, string, error) {
	if s.list == "" {
		all := recordNumbers{}
		for number := range count {
			all[number+1] = true
		}
		return all, "all", nil
	}
	listed, share, err := readRecordNumbers(s.list)
	if err != nil {
		return nil, "", fmt.Errorf("read the list of records %s: %w", s.list, err)
	}
	for number := range listed {
		if number > count {
			return nil, "", fmt.Errorf("%s lists record %d; %s has only %d: is it of another data file?", s.list, number, s.Path, count)
		}
	}
	return listed, strings.TrimSpace(share+" records") + " of " + s.list, nil
}

// dropped returns how many of a number of records task t of a set can't be scored on
// because they exceed limit tokens. Encode has skipped them, or truncated them and
// removed the labels of the words if other tasks can use them.
func dropped(set datasets.Set, t, of, limit int) int {
	n := of - len(set.Examples)
	if !set.Tasks[t].PerToken() {
		return n
	}
	for _, ex := range set.Examples {
		labelled := slices.ContainsFunc(ex.Labels[t].Classes, func(class int64) bool { return class != tasks.IgnoreToken })
		if len(ex.IDs) == limit && !labelled {
			n++
		}
	}
	return n
}

// heldOutList finds train's list of a task's held-out records: held_out_ner.csv, or
// held_out_cls+mood.csv for tasks that share a file.
func heldOutList(dir, task string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("--held-out: %w", err)
	}
	for _, entry := range entries {
		name, isList := strings.CutPrefix(entry.Name(), "held_out_")
		name, isCSV := strings.CutSuffix(name, ".csv")
		if isList && isCSV && slices.Contains(strings.Split(name, "+"), task) {
			return filepath.Join(dir, entry.Name()), nil
		}
	}
	return "", fmt.Errorf("--held-out: %s has no held_out_*.csv of task %s", dir, task)
}

// readRecordNumbers reads the column "record" of a CSV file. If a column "share"
// distinguishes validation from test records and there are both, only test records are
// used: validation selected the weights. share is the one used, "" if it is unknown or
// mixed. Errors don't contain the file's texts.
func readRecordNumbers(path string) (listed recordNumbers, share string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", errors.Unwrap(err) // the caller names the file
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, "", err
	}
	if len(rows) < 2 {
		return nil, "", errors.New("it lists no record")
	}
	column, shareColumn := slices.Index(rows[0], "record"), slices.Index(rows[0], "share")
	if column < 0 {
		return nil, "", errors.New(`it has no column "record"`)
	}
	byShare := map[string]recordNumbers{}
	listed = recordNumbers{}
	for i, row := range rows[1:] {
		number, err := strconv.Atoi(row[column])
		if err != nil || number < 1 {
			return nil, "", fmt.Errorf(`row %d: column "record" holds no record number`, i+2)
		}
		listed[number] = true
		if shareColumn >= 0 {
			share = row[shareColumn]
			if byShare[share] == nil {
				byShare[share] = recordNumbers{}
			}
			byShare[share][number] = true
		}
	}
	switch {
	case len(byShare["test"]) > 0:
		return byShare["test"], "test", nil
	case len(byShare["validation"]) == len(listed):
		return listed, "validation", nil
	}
	return listed, "", nil
}
