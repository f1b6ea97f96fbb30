package evaluate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/heldout"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// those returns the examples of the listed records.
func those(listed heldout.Records, examples []datasets.Example) []datasets.Example {
	return slices.DeleteFunc(slices.Clone(examples), func(ex datasets.Example) bool { return !listed[ex.Record] })
}

// records returns the records to score in a file of count records, and a description of
// them.
func (s source) records(count int) (heldout.Records, string, error) {
	if s.list == "" {
		all := heldout.Records{}
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

// heldOutList finds train's list of a task's held-out records.
func heldOutList(dir, task string) (string, error) {
	path, err := heldout.Find(dir, task)
	switch {
	case errors.Is(err, heldout.ErrNoList):
		return "", fmt.Errorf("--held-out: %s has no held_out_*.csv of task %s", dir, task)
	case err != nil:
		return "", fmt.Errorf("--held-out: %w", err)
	}
	return path, nil
}

// readRecordNumbers reads a list of records. If it distinguishes validation from test
// records and there are both, only test records are used: validation selected the
// weights. share is the one used, "" if it is unknown or mixed. Errors don't contain the
// file's texts.
func readRecordNumbers(path string) (listed heldout.Records, share string, err error) {
	list, err := heldout.Read(path)
	switch {
	case err != nil:
		return nil, "", err
	case len(list.All) == 0:
		return nil, "", errors.New("it lists no record")
	case len(list.ByShare[heldout.Test]) > 0:
		return list.ByShare[heldout.Test], heldout.Test, nil
	case len(list.ByShare[heldout.Validation]) == len(list.All):
		return list.All, heldout.Validation, nil
	}
	return list.All, "", nil
}
