package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
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
	got := ask[[][][]string](p, fmt.Sprintf("import('/calls.js').then(({parseCSV}) => %s.map((file) => parseCSV(file)))", asJS(t, files)))
	for i := range tables {
		if asJS(t, got[i]) != asJS(t, tables[i]) {
			t.Errorf("table %d: %q, want %q", i, got[i], tables[i])
		}
	}
}
