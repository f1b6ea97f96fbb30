package label

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/table"
)

// tableReader returns a reader for tables with that separator and a header row.
func tableReader(separator byte) func(*input) records {
	return func(in *input) records {
		return func(yield func(record, error) bool) { readTable(in, separator, yield) }
	}
}

func readTable(in *input, separator byte, yield func(record, error) bool) {
	separator = separatorOf(firstLine(in.Reader), separator)
	rows := table.NewReader(in.Reader, separator)
	names, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return
	}
	if err != nil {
		yield(record{}, fmt.Errorf("line %d: %w", rows.Line(), err))
		return
	}
	columns, count := findColumns(names), len(names)
	columns.language = languageColumn(names, in.language)
	if len(columns.texts) == 0 {
		yield(record{}, fmt.Errorf("line %d: no column is called text or narrative (columns are separated by %s)", rows.Line(), separators[separator]))
		return
	}
	for {
		start := rows.Offset()
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(record{start: start}, fmt.Errorf("line %d: %w", rows.Line(), err))
			return
		}
		var r record
		if len(row) != count {
			err = csv.ErrFieldCount
		} else {
			r, err = columns.record(row)
		}
		r.start = start
		if err != nil {
			err = badRecord{fmt.Errorf("line %d: %w", rows.Line(), err)}
		}
		if !yield(r, err) {
			return
		}
	}
}

// separatorOf detects a table's separator from its first row, whatever the file's
// extension: in locales with a decimal comma, spreadsheets write semicolons.
func separatorOf(header string, named byte) byte {
	for _, separator := range []byte{named, ',', ';', '\t'} {
		if len(findColumns(table.FirstRow([]byte(header), separator)).texts) > 0 {
			return separator
		}
	}
	return named
}

// separators are the separators' names.
var separators = map[byte]string{',': "commas", ';': "semicolons", '\t': "tabs"}

// columns are the indices of a table's relevant columns.
type columns struct {
	texts []int // the first non-blank one is used
	id    int   // -1: none

	language int // -1: none
}

// findColumns ignores case and surrounding space.
func findColumns(header []string) columns {
	names := make([]string, len(header))
	for i, name := range header {
		names[i] = strings.ToLower(strings.TrimSpace(name))
	}
	find := func(wanted []string) (found []int) {
		for _, name := range wanted {
			if i := slices.Index(names, name); i >= 0 {
				found = append(found, i)
			}
		}
		return found
	}
	return columns{texts: find(textFields), id: append(find(idFields), -1)[0], language: -1}
}

// record returns the call in a row.
func (c columns) record(row []string) (record, error) {
	var id any
	if c.id >= 0 && row[c.id] != "" {
		id = strings.ToValidUTF8(row[c.id], "\uFFFD")
	}
	text := ""
	for _, i := range c.texts {
		if text = row[i]; strings.TrimSpace(text) != "" {
			break
		}
	}
	r, err := newPlainRecord(text, id)
	if c.language >= 0 {
		r.language = strings.TrimSpace(row[c.language])
	}
	return r, err
}

// languageColumn returns the index of the column of that name; -1 if there is none.
func languageColumn(header []string, name string) int {
	return slices.IndexFunc(header, func(column string) bool { return name != "" && strings.EqualFold(strings.TrimSpace(column), name) })
}
