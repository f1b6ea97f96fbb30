package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// readCSV reads a table, separated by commas, whose first row names its
// columns.
func readCSV(in *bufio.Reader, _ *meter) records {
	return func(yield func(record, error) bool) {
		table := csv.NewReader(in)
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
			row, err := table.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(record{}, csvProblem(err, number+1))
				return
			}
			number, _ = table.FieldPos(0)
			var id any
			if columns.id >= 0 && row[columns.id] != "" {
				id = strings.ToValidUTF8(row[columns.id], "\uFFFD")
			}
			r, err := newRecord(row[columns.text], id)
			if err != nil {
				yield(r, fmt.Errorf("line %d: %w", number, err))
				return
			}
			if !yield(r, nil) {
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

// csvProblem names the line that the row begins in; after is at least that of
// the row before.
func csvProblem(err error, after int) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("line %d: %w", parse.StartLine, parse.Err)
	}
	return fmt.Errorf("line %d: %w", after, err)
}
