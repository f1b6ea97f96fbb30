package csvtext

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// rows reads all rows and the lines in which they begin.
func rows(content string, comma byte, most int) (all [][]string, lines []int, err error) {
	r := NewReader(bufio.NewReaderSize(iotest.OneByteReader(strings.NewReader(content)), 16), comma, most)
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, lines, nil
		}
		if err != nil {
			return all, lines, err
		}
		all, lines = append(all, row), append(lines, r.Line())
	}
}

// TestRowsEqualPython compares with what scripts/golden/csvrows.py wrote.
func TestRowsEqualPython(t *testing.T) {
	data, err := os.ReadFile("testdata/rows.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Comma, Content string
		Rows           [][]string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range cases {
		if got, _, err := rows(c.Content, c.Comma[0], 1<<20); err != nil || !reflect.DeepEqual(got, c.Rows) {
			t.Errorf("%q: got %q, %v; want %q", c.Content, got, err, c.Rows)
		}
	}
}

func TestLines(t *testing.T) {
	_, lines, err := rows("\na,b\r\n\r\n\"x\r\ny\n\",1\n2,3\r\n", ',', 100)
	if want := []int{2, 4, 7}; err != nil || !reflect.DeepEqual(lines, want) {
		t.Errorf("got %v, %v; want %v", lines, err, want)
	}
}

func TestErrors(t *testing.T) {
	broken := errors.New("the disk is broken")
	if _, _, err := rows("a\n\"b\n", ',', 100); !errors.Is(err, ErrQuote) {
		t.Errorf("got %v, want %v", err, ErrQuote)
	}
	if got, _, err := rows("abc,\n1,2\n", ',', 5); err != nil || len(got) != 2 {
		t.Errorf("rows of 5 bytes: got %q, %v", got, err)
	}
	if _, _, err := rows("a\n\"bcdefgh\n\n\n", ',', 5); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v, want %v", err, ErrTooLong)
	}
	for _, content := range []string{"", "\n", "a", "a\r", `"a`, `"a"`} {
		r := NewReader(bufio.NewReader(io.MultiReader(strings.NewReader(content), iotest.ErrReader(broken))), ',', 100)
		var err error
		for err == nil {
			_, err = r.Read()
		}
		if !errors.Is(err, broken) {
			t.Errorf("%q: got %v, want %v", content, err, broken)
		}
	}
}

// FuzzRows: what encoding/csv writes is read as it was, and no file hangs.
func FuzzRows(f *testing.F) {
	f.Add("a", "b\r\nc", "\"", ",")
	f.Add("", "", "x\ry", "\n")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		var file strings.Builder
		for _, cell := range []string{a, b, c, d} {
			file.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `",`)
		}
		got, _, err := rows(file.String(), ',', 1<<20)
		if want := [][]string{{a, b, c, d, ""}}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
		plain := a + b + c + d
		mine, _, err := rows(plain, ',', 1<<20)
		if err != nil || strings.ContainsAny(plain, "\"\r") {
			return
		}
		reader := csv.NewReader(strings.NewReader(plain))
		reader.FieldsPerRecord = -1
		if theirs, err := reader.ReadAll(); err == nil && !reflect.DeepEqual(mine, theirs) && len(mine)+len(theirs) > 0 {
			t.Errorf("%q: got %q, want %q", plain, mine, theirs)
		}
	})
}
