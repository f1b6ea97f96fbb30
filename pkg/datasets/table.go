package datasets

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trident-nlp/trident/internal/table"
)

// rows reads the records of a CSV or TSV file. Its first line has the names of the
// columns, which are the records' fields.
type rows struct {
	table   *table.Reader
	limit   *rowLimit
	columns [][]string // names, dotted ones in parts; nil for columns without a name
}

// rowLimit is the read error for a row that doesn't end.
type rowLimit struct {
	in   io.Reader
	left int
}

var errRowTooLong = errors.New("a row is too long")

func (l *rowLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errRowTooLong
	}
	n, err := l.in.Read(p)
	l.left -= n
	return n, err
}

// read returns the next row.
func (r *rows) read() ([]string, error) {
	r.limit.left = maxRecord
	return r.table.Read()
}

// wants are the required fields.
type wants struct {
	text   string
	others []string
}

// openTable reads the header of a file that is a table, and does nothing for other
// files. The separator is the one that gives a column for the text.
func (r *reader) openTable(path string, want wants) error {
	head, err := r.in.Peek(1 << 16)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case r.array || len(bytes.TrimLeft(head, blanks)) == 0 || bytes.HasPrefix(bytes.TrimLeft(head, blanks), []byte("{")):
		return nil
	}
	isTable := slices.Contains([]string{".csv", ".tsv", ".tab"}, strings.ToLower(filepath.Ext(path)))
	object, _, _ := strings.Cut(want.text, ".")
	var header []string
	for _, separator := range []byte(",;\t") {
		cells := trimmed(table.FirstRow(head, separator))
		if slices.Contains(cells, want.text) || slices.Contains(cells, object) {
			return r.readHeader(separator)
		}
		if len(cells) > max(len(header), 1) {
			header = cells
		}
	}
	if isTable || looksLikeHeader(header, head) {
		return unreadable(KindTable, "this looks like CSV, but has no column %q%s", want.text, columnsFor(header, want))
	}
	return nil
}

func trimmed(cells []string) []string {
	names := make([]string, len(cells))
	for i := range cells {
		names[i] = strings.TrimSpace(cells[i])
	}
	return names
}

// columnName matches column names of a plausible header.
var columnName = regexp.MustCompile(`^[\pL_][\pL\pM\pN_ .()/-]{0,39}$`)

// looksLikeHeader reports whether the first line of a file looks like column names, and
// no line like JSON.
func looksLikeHeader(cells []string, head []byte) bool {
	strange := func(cell string) bool { return cell != "" && !columnName.MatchString(cell) }
	return len(cells) > 1 && !slices.ContainsFunc(cells, strange) && !bytes.Contains(head, []byte("\n{"))
}

// columnsFor lists the columns if one is similar to a required field. Otherwise the line
// may not be a header, but text from a call.
func columnsFor(header []string, want wants) string {
	for _, cell := range header {
		for _, field := range append(want.others, want.text) {
			if name, _, _ := strings.Cut(field, "."); nearly(cell) == nearly(field) || nearly(cell) == nearly(name) {
				shown := make([]string, len(header))
				for i := range header {
					shown[i] = shownName(header[i])
				}
				return "; its columns are " + strings.Join(shown, ", ")
			}
		}
	}
	return "; its first line must name the columns"
}

// readHeader sets up the columns.
func (r *reader) readHeader(separator byte) error {
	limit := &rowLimit{in: r.in}
	t := &rows{table: table.NewReader(bufio.NewReaderSize(limit, 1<<16), separator), limit: limit}
	header, err := t.read()
	if err != nil {
		return r.rowError(t, err)
	}
	t.columns = make([][]string, len(header))
	seen := map[string]bool{}
	for i, name := range trimmed(header) {
		switch {
		case !utf8.ValidString(name):
			return unreadable(KindUTF8, "the header isn't valid UTF-8; save the file in UTF-8")
		case seen[name] && name != "":
			return unreadable(KindTable, "two columns have the name %s", shownName(name))
		case name != "":
			t.columns[i] = strings.Split(name, ".")
		}
		seen[name] = true
	}
	for i, parts := range t.columns {
		for n := 1; n < len(parts); n++ {
			if seen[strings.Join(parts[:n], ".")] { // "reporter.gender" can't be inside a cell "reporter"
				t.columns[i] = []string{strings.Join(parts, ".")}
				break
			}
		}
	}
	r.rows = t
	return nil
}

// nextRow converts the next row to a JSON object, without empty cells.
func (r *reader) nextRow() ([]byte, error) {
	row, err := r.rows.read()
	r.line = r.rows.table.Line()
	if err != nil {
		return nil, r.rowError(r.rows, err)
	}
	r.records++
	if n := len(r.rows.columns); len(row) < n || slices.ContainsFunc(row[n:], func(cell string) bool { return cell != "" }) {
		return nil, bad(KindTable, "%d cells, but there are %d columns", len(row), n)
	}
	object := map[string]any{}
	for i, path := range r.rows.columns {
		switch {
		case !utf8.ValidString(row[i]):
			return nil, bad(KindUTF8, "not valid UTF-8; save the file in UTF-8")
		case path != nil && row[i] != "":
			put(object, path, row[i])
		}
	}
	if r.buffer, err = json.Marshal(object); err != nil {
		return nil, fmt.Errorf("row to JSON: %w", err) // never for strings
	}
	return r.buffer, nil
}

// put sets a field of an object, or of a nested one, to a cell.
func put(object map[string]any, path []string, cell string) {
	for _, name := range path[:len(path)-1] {
		inner, ok := object[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			object[name] = inner
		}
		object = inner
	}
	object[path[len(path)-1]] = cell
}

// rowError returns the error about an unreadable row.
func (r *reader) rowError(t *rows, err error) error {
	r.line = max(t.table.Line(), 1)
	switch {
	case errors.Is(err, csv.ErrQuote):
		return unreadable(KindTable, "not valid CSV: in the row that begins here a closing quote is missing, or something stands behind one")
	case errors.Is(err, errRowTooLong):
		return unreadable(KindTooLong, "a row longer than %d MiB, as if a closing quote were missing", maxRecord>>20)
	}
	return err
}
