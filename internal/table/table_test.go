package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll returns a table's rows before the first error, and that.
func readAll(in io.Reader, separator byte) (rows [][]string, r *Reader, err error) {
	r = NewReader(bufio.NewReaderSize(in, 16), separator)
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, r, nil
		}
		if err != nil {
			return rows, r, err
		}
		rows = append(rows, slices.Clone(row))
	}
}

// TestCellsEqualPython: each cell is the one that Python's csv finds. The file is
// written by scripts/golden/table_cells.py.
func TestCellsEqualPython(t *testing.T) {
	data, err := os.ReadFile("testdata/python.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text      string
		Separator string
		Rows      *[][]string // nil: quotation marks are wrong
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for _, test := range cases {
		for how, in := range map[string]io.Reader{"at once": strings.NewReader(test.Text), "byte by byte": iotest.OneByteReader(strings.NewReader(test.Text))} {
			rows, r, err := readAll(in, test.Separator[0])
			switch {
			case test.Rows == nil:
				wrong++
				if !errors.Is(err, csv.ErrQuote) {
					t.Errorf("%q, %s: error %v, want that of a quotation mark", test.Text, how, err)
				}
			case err != nil || len(rows) != len(*test.Rows) || len(rows) > 0 && !reflect.DeepEqual(rows, *test.Rows):
				t.Errorf("%q, %s: %q, %v; want %q", test.Text, how, rows, err, *test.Rows)
			case r.Offset() != int64(len(test.Text)):
				t.Errorf("%q, %s: %d bytes were read of %d", test.Text, how, r.Offset(), len(test.Text))
			}
		}
	}
	if len(cases) < 600 || wrong < 50 {
		t.Errorf("%d cases, %d wrong ones: too little to look at", len(cases), wrong)
	}
}

func TestLines(t *testing.T) {
	r := NewReader(bufio.NewReader(strings.NewReader("a,b\r\n\r\n\"1\r\n2\n3\r4\",x\r\nc,d\re,\"f")), ',')
	for _, want := range []struct {
		line int
		row  []string
		err  error
	}{
		{1, []string{"a", "b"}, nil}, {3, []string{"1\r\n2\n3\r4", "x"}, nil}, {7, []string{"c", "d"}, nil}, {8, nil, csv.ErrQuote},
	} {
		row, err := r.Read()
		if !slices.Equal(row, want.row) || !errors.Is(err, want.err) || r.Line() != want.line {
			t.Errorf("line %d: %q, %v; want line %d: %q, %v", r.Line(), row, err, want.line, want.row, want.err)
		}
	}
}

func TestReadError(t *testing.T) {
	broken := errors.New("the disk is broken")
	for _, text := range []string{"", "a", "a,", "a,b\n", "\"a", "\"a\"", "a\r", "\n"} {
		_, _, err := readAll(io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), ',')
		if !errors.Is(err, broken) {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

// FuzzReader compares with the standard library, which makes LF of CRLF in
// cells; and what is written anew is read as the same.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"id,text\r\n1,\"a\r\nb\"\r\n", "a\tb\n\"\"\"\"\tx\r", "a \"b\",c\n", "\n\n\"\"\n,\n"} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, input []byte, tabs bool) {
		separator := byte(',')
		if tabs {
			separator = '\t'
		}
		rows, _, err := readAll(bytes.NewReader(input), separator)
		if err == nil {
			again, _, err := readAll(bytes.NewReader(write(rows, separator)), separator)
			if err != nil || !reflect.DeepEqual(again, rows) {
				t.Errorf("%q: %q written anew is %q, %v", input, rows, again, err)
			}
		}
		folded := bytes.ReplaceAll(input, []byte("\r\n"), []byte("\n"))
		if bytes.ContainsRune(folded, '\r') {
			return // ends a row for us alone
		}
		theirs := csv.NewReader(bytes.NewReader(folded))
		theirs.Comma, theirs.FieldsPerRecord = rune(separator), -1
		want, theirErr := theirs.ReadAll()
		if errors.Is(theirErr, csv.ErrBareQuote) {
			return // a character like any other for us
		}
		if (theirErr == nil) != (err == nil) {
			t.Fatalf("%q: error %v, the standard library's %v", input, err, theirErr)
		}
		if err != nil {
			return
		}
		for _, row := range rows {
			for i := range row {
				row[i] = strings.ReplaceAll(row[i], "\r\n", "\n")
			}
		}
		if len(rows) != len(want) || len(rows) > 0 && !reflect.DeepEqual(rows, want) {
			t.Errorf("%q: %q, the standard library's %q", input, rows, want)
		}
	})
}

// write quotes every cell.
func write(rows [][]string, separator byte) []byte {
	var b bytes.Buffer
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				b.WriteByte(separator)
			}
			b.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
		}
		b.WriteString("\r\n")
	}
	return b.Bytes()
}
