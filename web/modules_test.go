package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// alphabet has what texts and tables trip over: quotes, line ends, characters
// of two UTF-16 units, marks that combine, and marks of direction.
var alphabet = []rune("ab \",;\n\t😀𝒳e\u0301ع\u202e\u200d🇰🇪<>&'")

func randomText(r *rand.Rand, most int) string {
	var b strings.Builder
	for range r.IntN(most + 1) {
		b.WriteRune(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

// asJS writes a value as a JavaScript expression.
func asJS(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestModules(t *testing.T) {
	p := open(t, serve(t, predict(tinyModel(t))), desktop)
	t.Run("offsets", func(t *testing.T) { checkOffsets(t, p) })
	t.Run("csv", func(t *testing.T) { checkCSV(t, p) })
	t.Run("tables", func(t *testing.T) { checkTables(t, p) })
	t.Run("json", func(t *testing.T) { checkJSON(t, p) })
}

// checkOffsets compares the page's way of cutting a text with Go's runes.
func checkOffsets(t *testing.T, p *tab) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	type part struct {
		Text       string
		Start, End int
	}
	var parts []part
	for range 500 {
		text := randomText(r, 30)
		n := len([]rune(text))
		start := r.IntN(n + 1)
		parts = append(parts, part{text, start, start + r.IntN(n-start+1)})
	}
	got := ask[[]string](p, fmt.Sprintf("import('/text.js').then(({cutter}) => %s.map(({Text, Start, End}) => cutter(Text).cut(Start, End)))", asJS(t, parts)))
	for i, part := range parts {
		if want := string([]rune(part.Text)[part.Start:part.End]); got[i] != want {
			t.Errorf("part %d to %d of text %d: %q, want %q", part.Start, part.End, i, got[i], want)
		}
	}
}

// checkCSV compares the page's reader of tables with what Go's writer writes.
func checkCSV(t *testing.T, p *tab) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	var files []string
	var tables [][][]string
	for range 200 {
		var table [][]string
		columns := 2 + r.IntN(3)
		for range 1 + r.IntN(4) {
			var row []string
			for range columns {
				row = append(row, randomText(r, 6))
			}
			table = append(table, row)
		}
		var b strings.Builder
		w := csv.NewWriter(&b)
		if err := w.WriteAll(table); err != nil {
			t.Fatal(err)
		}
		file := b.String()
		if r.IntN(2) == 0 {
			file = strings.TrimSuffix(file, "\n")
		}
		files, tables = append(files, file), append(tables, table)
	}
	got := ask[[][][]string](p, fmt.Sprintf("import('/table.js').then(({parseTable}) => %s.map((file) => parseTable(file, ',')))", asJS(t, files)))
	for i := range tables {
		if asJS(t, got[i]) != asJS(t, tables[i]) {
			t.Errorf("table %d: %q, want %q", i, got[i], tables[i])
		}
	}
}

// checkTables compares the page's reader of tables with what Python's csv finds,
// by internal/table's golden file.
func checkTables(t *testing.T, p *tab) {
	t.Helper()
	data, err := os.ReadFile("../internal/table/testdata/python.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text, Separator string
		Rows            [][]string // nil: quotation marks are wrong
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	got := ask[[][][]string](p, fmt.Sprintf(`import('/table.js').then(({parseTable}) => %s.map(({text, separator}) => {
		try { return parseTable(text, separator); } catch { return null; }
	}))`, data))
	for i, test := range cases {
		if asJS(t, got[i]) != asJS(t, test.Rows) {
			t.Errorf("%q: %q, want %q", test.Text, got[i], test.Rows)
		}
	}
}

// checkJSON: numbers are kept as they are written, and what Python writes is
// read; other things are as JSON.parse has them.
func checkJSON(t *testing.T, p *tab) {
	t.Helper()
	for in, want := range map[string]string{
		`{"a":12345678901234567890,"b":-1.50e+3,"c":[0,NaN,-Infinity,Infinity]}`: `{"a":"number 12345678901234567890","b":"number -1.50e+3","c":["number 0",null,null,null]}`,
		`["NaN","5","\\\"7","\\\\",8]`:                                           `["NaN","5","\\\"7","\\\\","number 8"]`,
		`[true,null,"é😀"]`:                                                       `[true,null,"é😀"]`,
		"[\"\ue0005\",\"#5\",\"=5\",5,{\"#\":\"\\u00235\",\"digits\" :\n6}]":     "[\"\ue0005\",\"#5\",\"=5\",\"number 5\",{\"#\":\"#5\",\"digits\":\"number 6\"}]",
		`{1                      :2}`:                                            "error",
		`{1:2}`:                                                                  "error", `[01]`: "error", `[1.]`: "error", `[-]`: "error", `[1NaN]`: "error", `[NaNs]`: "error", `["5]`: "error", `[5 6]`: "error", `NaN:`: "error", "": "error",
	} {
		got := p.say(fmt.Sprintf("import('/json.js').then(({parse, numberOf}) => { try { return JSON.stringify(parse(%s), (name, value) => numberOf(value) === undefined ? value : 'number ' + numberOf(value)); } catch { return 'error'; } })", asJS(t, in)))
		if got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
}
