package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// readCSV reads a table, separated by commas, whose first row names its
// columns.
func readCSV(in *input) records {
	return func(yield func(record, error) bool) {
		table := csv.NewReader(in.Reader)
		table.ReuseRecord = true
		names, err := table.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(record{}, csvProblem(err, 1))
			return
		}
		columns := findColumns(names)
		if columns.text < 0 {
			yield(record{}, errors.New("line 1: no column is called text or narrative (columns are separated by commas)"))
			return
		}
		for number := 1; ; {
			start := table.InputOffset()
			row, err := table.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil && !errors.Is(err, csv.ErrFieldCount) {
				yield(record{start: start}, csvProblem(err, number+1))
				return
			}
			number, _ = table.FieldPos(0)
			r, err := columns.record(row, err)
			r.start = start
			if err != nil {
				err = badRecord{fmt.Errorf("line %d: %w", number, err)}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// columns are where a table holds what; -1 means nowhere.
type columns struct{ text, id int }

// findColumns doesn't care for case or for space around a name.
func findColumns(header []string) columns {
	names := make([]string, len(header))
	for i, name := range header {
		names[i] = strings.ToLower(strings.TrimSpace(name))
	}
	find := func(wanted []string) int {
		for _, name := range wanted {
			if i := slices.Index(names, name); i >= 0 {
				return i
			}
		}
		return -1
	}
	return columns{text: find(textFields), id: find(idFields)}
}

// record is the call in a row, unless the row was read with an error.
func (c columns) record(row []string, err error) (record, error) {
	if err != nil {
		return record{}, csv.ErrFieldCount
	}
	var id any
	if c.id >= 0 && row[c.id] != "" {
		id = strings.ToValidUTF8(row[c.id], "\uFFFD")
	}
	return newRecord(row[c.text], id)
}

// csvProblem names the line that the row begins in; after is at least that of
// the row before.
func csvProblem(err error, after int) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("line %d: %w", parse.StartLine, parse.Err)
	}
	return fmt.Errorf("line %d: %w", after, err)
}
