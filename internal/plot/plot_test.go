package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// counts makes a matrix with a full diagonal, and some confusion beside it.
func counts(rows, columns int) [][]int {
	m := make([][]int, rows)
	for i := range m {
		m[i] = make([]int, columns)
		m[i][i%columns] = 100 + i
		m[i][(i*7+3)%columns] += i % 5
	}
	return m
}

// samples has a figure of each kind, small and large, and the texts that must
// stand in it.
func samples(t *testing.T) map[string]sample {
	t.Helper()
	sub := datasets.SubCategories()
	falling := make([]float64, len(sub))
	support := make([]int, len(sub))
	for i := range sub {
		falling[i], support[i] = 1-float64(i)/float64(len(sub)), 10*i
	}
	odd := []string{"a <b> & \"c\"", "የሕፃን መብት", "子供\tребёнок", "]]>\x00\xff\ufffe"}
	oddShown := []string{"a <b> & \"c\"", "የሕፃን መብት", "子供 ребёнок", "]]> \ufffd\ufffd"}
	all := map[string]sample{}
	add := func(name string, texts []string, f *Figure, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = sample{f, texts}
	}
	f, err := Confusion("Urgent", []string{"no", "yes"}, counts(2, 2))
	add("confusion 2", []string{"Urgent", "no", "yes", "truth", "predicted", "share of row", "sum", "100", "101"}, f, err)
	f, err = Confusion("Ten", sub[:10], counts(10, 10))
	add("confusion 10", sub[:10], f, err)
	unknown := append(datasets.Interventions(), "(not in the model)")
	f, err = Confusion("Sixteen", unknown, counts(17, 16))
	add("confusion 16+1", unknown, f, err)
	f, err = Confusion("All", sub, counts(77, 77))
	add("confusion 77", sub, f, err)
	f, err = Confusion("Odd", odd, counts(4, 4))
	add("confusion odd", oddShown, f, err)
	f, err = Confusion("One", []string{"a"}, [][]int{{0}})
	add("confusion of nothing", []string{"a", "0"}, f, err)
	f, err = Bars("F1", "F1", sub[:10], falling[:10], support[:10])
	add("bars 10", append([]string{"0.987", "n 10"}, sub[:10]...), f, err)
	f, err = Bars("F1", "F1", sub, falling, support)
	add("bars 77", append([]string{"1.000", "n 760"}, sub...), f, err)
	f, err = Bars("Latency", "ms", odd, []float64{0, 12.34, 4712.4, 1e80}, nil)
	add("bars odd", append([]string{"0.000", "12.34", "4712", "1e+80", "ms"}, oddShown...), f, err)
	f, err = Reliability("Urgent", []Bin{{0.9, 0.8, 20}, {math.NaN(), 0, 0}, {0.1, 0.2, 5}}, 0.0625)
	add("reliability", []string{"Urgent (ECE 0.062)", "20", "5", "confidence", "accuracy", "count"}, f, err)
	f, err = Sweep("Threshold", []Point{{0.5, 0.8, 0.7, 0.75}, {0.25, 0.6, 0.9, 0.72}}, 0.5)
	add("sweep", []string{"precision", "recall", "F1", "best threshold: 0.5", "threshold"}, f, err)
	f, err = Sweep("Threshold", []Point{{0.5, 0, 0, 0}}, 0.5)
	add("sweep of one", []string{"precision"}, f, err)
	f, err = Lines("Loss", "epoch", "loss", []Series{
		{Name: "train", X: []float64{1, 2, 3}, Y: []float64{3, 2, 1.5}},
		{Name: "validation", X: []float64{1, 2, 3}, Y: []float64{3, 2.5, 2}, Low: []float64{2, 2, 1}, High: []float64{4, 3, 3}},
	})
	add("lines", []string{"train", "validation", "epoch", "loss", "1", "2", "3"}, f, err)
	f, err = Lines("", "", "", []Series{{X: []float64{0}, Y: []float64{0}, Low: []float64{0}, High: []float64{0}}})
	add("lines of one point", nil, f, err)
	f, err = Intervals("Runs", []string{"plain", "taught by \"t\""}, []Estimates{
		{Title: "entity F1", Values: []float64{0.9, 0.95}, Low: []float64{0.88, 0.95}, High: []float64{0.92, 0.95}},
		{Title: "CLS accuracy", Values: []float64{1, -2}, Low: []float64{0, -3}, High: []float64{2, -1}},
	})
	add("intervals", []string{"Runs", "plain", "taught by \"t\"", "entity F1", "CLS accuracy", "0.88", "-2", "2"}, f, err)
	f, err = Intervals("", odd, []Estimates{{Values: make([]float64, 4), Low: make([]float64, 4), High: make([]float64, 4)}})
	add("intervals odd", oddShown, f, err)
	return all
}

type sample struct {
	figure *Figure
	texts  []string
}

func TestSave(t *testing.T) {
	again := samples(t)
	for name, s := range samples(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			base := filepath.Join(dir, "a.figure")
			names, err := s.figure.Save(base)
			if err != nil {
				t.Fatal(err)
			}
			if want := []string{base + ".png", base + ".svg"}; !slices.Equal(names, want) {
				t.Fatalf("names %q, want %q", names, want)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
				t.Errorf("the folder holds %v (%v), want the two files", entries, err)
			}
			img := readPNG(t, names[0])
			if w, h := int(2*s.figure.width), int(2*s.figure.height); img.Bounds() != image.Rect(0, 0, w, h) {
				t.Errorf("the image's bounds are %v, want %d × %d", img.Bounds(), w, h)
			}
			checkMargin(t, img)
			shown := readSVG(t, names[1])
			for _, text := range s.texts {
				if !slices.Contains(shown, text) {
					t.Errorf("the SVG lacks %q", text)
				}
			}
			checkSame(t, again[name].figure, names)
		})
	}
}

// checkSame wants a second figure to give the bytes of the first's files.
func checkSame(t *testing.T, f *Figure, names []string) {
	t.Helper()
	again, err := f.Save(filepath.Join(t.TempDir(), "b"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		if !bytes.Equal(read(t, names[i]), read(t, again[i])) {
			t.Errorf("%s: the same input gave other bytes", filepath.Ext(names[i]))
		}
	}
}

// checkMargin wants a drawing whose outermost 8 points are white: nothing is
// cut off.
func checkMargin(t *testing.T, img image.Image) {
	t.Helper()
	b := img.Bounds()
	inner := b.Inset(16)
	drawn := false
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			if r&g&bl == 0xFFFF {
				continue
			}
			drawn = true
			if !(image.Point{X: x, Y: y}).In(inner) {
				t.Fatalf("something is drawn at (%d, %d), on the margin of %v", x, y, b)
			}
		}
	}
	if !drawn {
		t.Error("the image is white")
	}
}

func TestFiguresGrowWithTheirLabels(t *testing.T) {
	all := samples(t)
	for _, names := range [][]string{{"confusion 2", "confusion 10", "confusion 16+1", "confusion 77"}, {"bars 10", "bars 77"}} {
		for i := 1; i < len(names); i++ {
			small, large := all[names[i-1]].figure, all[names[i]].figure
			if large.height <= small.height {
				t.Errorf("%s is %v high, %s %v", names[i-1], small.height, names[i], large.height)
			}
		}
	}
	// At 77 classes a row is as high as its label's line, and holds three digits.
	m, err := newMatrix("", datasets.SubCategories(), counts(77, 77))
	if err != nil {
		t.Fatal(err)
	}
	if m.label.size < 8 || m.cell < m.label.line() || !m.numbers || m.number.size < 6 {
		t.Errorf("labels of %v in cells of %v, numbers %v of %v", m.label.size, m.cell, m.numbers, m.number.size)
	}
}

func TestCountsAreLeftOutWhereTheyDontFit(t *testing.T) {
	labels := datasets.SubCategories()
	for _, c := range []struct {
		count int
		shown bool
	}{{99999, true}, {123456789, false}} {
		m := counts(77, 77)
		m[3][4] = c.count
		f, err := Confusion("", labels, m)
		if err != nil {
			t.Fatal(err)
		}
		data, err := f.svg()
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(texts(t, data), "101"); got != c.shown { // a count; no row has that sum
			t.Errorf("with a count of %d the counts are shown: %v", c.count, got)
		}
	}
}

func TestInputIsCopied(t *testing.T) {
	m, labels := counts(2, 2), []string{"a", "b"}
	f, err := Confusion("", labels, m)
	if err != nil {
		t.Fatal(err)
	}
	before, err := f.svg()
	if err != nil {
		t.Fatal(err)
	}
	m[0][0], labels[0] = 1, "c"
	if after, err := f.svg(); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the figure changed with its input (%v)", err)
	}
}

func TestSaveFails(t *testing.T) {
	f, err := Bars("", "", []string{"a"}, []float64{1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, base := range []string{"", ".", dir + "/", filepath.Join(dir, "missing", "a")} {
		if names, err := f.Save(base); err == nil {
			t.Errorf("Save(%q) wrote %q", base, names)
		}
	}
	broken := &Figure{100, 100, func(pen) { panic("font") }}
	if _, err := broken.Save(filepath.Join(dir, "a")); err == nil || !strings.Contains(err.Error(), "gonum: font") {
		t.Errorf("a panic while drawing gave %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("the folder holds %v (%v), want nothing", entries, err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func readPNG(t *testing.T, name string) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(read(t, name)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return img
}

func readSVG(t *testing.T, name string) []string {
	t.Helper()
	return texts(t, read(t, name))
}

// texts gives the texts of an SVG file, which must be well-formed.
func texts(t *testing.T, data []byte) []string {
	t.Helper()
	var found []string
	inText := false
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("the SVG isn't XML: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inText = token.Name.Local == "text"
		case xml.EndElement:
			inText = false
		case xml.CharData:
			if inText {
				found = append(found, string(token))
			}
		}
	}
}
