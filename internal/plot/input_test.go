package plot

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

func TestBadInput(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	long := strings.Repeat("x", maxText+1)
	many := make([]string, maxLabels+1)
	ok := []Series{{Name: "a", X: []float64{1}, Y: []float64{1}}}
	tooMany := make([]Series, len(hues)*len(dashes)+1)
	for i := range tooMany {
		tooMany[i] = ok[0]
	}
	confusion := func(title string, labels []string, counts [][]int) func() (*Figure, error) {
		return func() (*Figure, error) { return Confusion(title, labels, counts) }
	}
	bars := func(title, axis string, labels []string, values []float64, support []int) func() (*Figure, error) {
		return func() (*Figure, error) { return Bars(title, axis, labels, values, support) }
	}
	reliability := func(ece float64, bins ...Bin) func() (*Figure, error) {
		return func() (*Figure, error) { return Reliability("", bins, ece) }
	}
	sweep := func(best float64, points ...Point) func() (*Figure, error) {
		return func() (*Figure, error) { return Sweep("", points, best) }
	}
	lines := func(series ...Series) func() (*Figure, error) {
		return func() (*Figure, error) { return Lines("", "", "", series) }
	}
	intervals := func(title string, labels []string, groups ...Estimates) func() (*Figure, error) {
		return func() (*Figure, error) { return Intervals(title, labels, groups) }
	}
	one := func(value, low, high float64) Estimates {
		return Estimates{Values: []float64{value}, Low: []float64{low}, High: []float64{high}}
	}
	two := []string{"a", "b"}
	for name, c := range map[string]struct {
		draw func() (*Figure, error)
		want string
	}{
		"confusion, no labels":       {confusion("", nil, nil), "no labels"},
		"confusion, too many labels": {confusion("", many, nil), "251 labels"},
		"confusion, too few rows":    {confusion("", two, [][]int{{1, 2}}), "2 labels but 1 rows"},
		"confusion, no columns":      {confusion("", []string{"a"}, [][]int{{}}), "0 columns"},
		"confusion, too many columns": {
			confusion("", two, [][]int{{1, 2, 3}, {1, 2, 3}}), "2 labels but 3 columns"},
		"confusion, ragged":    {confusion("", two, [][]int{{1, 2}, {1}}), "row 1 has 1 columns"},
		"confusion, negative":  {confusion("", two, [][]int{{1, 2}, {1, -1}}), "row 1, column 1"},
		"confusion, overflow":  {confusion("", two, [][]int{{1, math.MaxInt}, {1, 1}}), "row 0, column 1"},
		"confusion, label":     {confusion("", []string{"a", long}, [][]int{{1, 2}, {1, 1}}), "label 1 has 201 characters"},
		"confusion, title":     {confusion(long, two, [][]int{{1, 2}, {1, 1}}), "title has 201 characters"},
		"bars, no labels":      {bars("", "", nil, nil, nil), "no labels"},
		"bars, too many":       {bars("", "", many, make([]float64, len(many)), nil), "251 labels"},
		"bars, values":         {bars("", "", two, []float64{1}, nil), "2 labels, 1 values"},
		"bars, support":        {bars("", "", two, []float64{1, 1}, []int{1}), "1 numbers of examples"},
		"bars, NaN":            {bars("", "", two, []float64{1, nan}, nil), "value 1 is NaN"},
		"bars, negative":       {bars("", "", two, []float64{1, -1}, nil), "value 1 is -1"},
		"bars, title":          {bars(long, "", two, []float64{1, 1}, nil), "title has 201"},
		"bars, axis":           {bars("", long, two, []float64{1, 1}, nil), "axis's name has 201"},
		"bars, label":          {bars("", "", []string{long}, []float64{1}, nil), "label 0 has 201"},
		"reliability, no bins": {reliability(0), "no bin holds anything"},
		"reliability, empty":   {reliability(0, Bin{0.5, 0.5, 0}), "no bin holds anything"},
		"reliability, count":   {reliability(0, Bin{0.5, 0.5, -1}), "bin 0: the count is -1"},
		"reliability, NaN":     {reliability(0, Bin{0.5, nan, 1}), "bin 0: the accuracy is NaN"},
		"reliability, large":   {reliability(0, Bin{1.5, 0.5, 1}), "bin 0: the confidence is 1.5"},
		"reliability, ECE":     {reliability(nan, Bin{0.5, 0.5, 1}), "ECE is NaN"},
		"sweep, no points":     {sweep(0.5), "no points"},
		"sweep, threshold":     {sweep(0.5, Point{Threshold: nan}), "threshold 0 is NaN"},
		"sweep, precision":     {sweep(0.5, Point{Precision: nan}), "point 0: the precision is NaN"},
		"sweep, recall":        {sweep(0.5, Point{Recall: -0.5}), "point 0: the recall is -0.5"},
		"sweep, F1":            {sweep(0.5, Point{F1: inf}), "point 0: the F1 is +Inf"},
		"sweep, best":          {sweep(inf, Point{}), "best threshold 0 is +Inf"},
		"lines, no series":     {lines(), "no series"},
		"lines, too many":      {lines(tooMany...), "22 series"},
		"lines, no points":     {lines(ok[0], Series{}), "series 1: no points"},
		"lines, lengths":       {lines(Series{X: []float64{1, 2}, Y: []float64{1}}), "2 X but 1 Y"},
		"lines, NaN":           {lines(Series{X: []float64{1}, Y: []float64{nan}}), "Y 0 is NaN"},
		"lines, infinite":      {lines(Series{X: []float64{inf}, Y: []float64{1}}), "X 0 is +Inf"},
		"lines, absurd":        {lines(Series{X: []float64{1}, Y: []float64{-math.MaxFloat64}}), "can't be drawn"},
		"lines, half interval": {
			lines(Series{X: []float64{1}, Y: []float64{1}, Low: []float64{1}}), "1 Low and 0 High"},
		"lines, short interval": {
			lines(Series{X: []float64{1, 2}, Y: []float64{1, 2}, Low: []float64{1}, High: []float64{1}}), "1 Low and 1 High"},
		"lines, interval upside down": {
			lines(Series{X: []float64{1}, Y: []float64{1}, Low: []float64{2}, High: []float64{1}}), "Low 2 is above High 1"},
		"lines, NaN in the interval": {
			lines(Series{X: []float64{1}, Y: []float64{1}, Low: []float64{nan}, High: []float64{1}}), "Low 0 is NaN"},
		"intervals, no labels": {intervals("", nil, one(1, 1, 1)), "no labels"},
		"intervals, too many":  {intervals("", many, one(1, 1, 1)), "251 labels"},
		"intervals, no groups": {intervals("", []string{"a"}), "no groups"},
		"intervals, values":    {intervals("", two, one(1, 1, 1)), "group 0: 2 labels, but 1 values"},
		"intervals, NaN":       {intervals("", []string{"a"}, one(nan, 1, 1)), "value 0 is NaN"},
		"intervals, infinite":  {intervals("", []string{"a"}, one(1, 1, 1), one(1, 1, inf)), "group 1: High 0 is +Inf"},
		"intervals, outside":   {intervals("", []string{"a"}, one(1, 2, 3)), "value 0: 1 isn't within 2 and 3"},
		"intervals, title":     {intervals(long, []string{"a"}, one(1, 1, 1)), "title has 201"},
		"intervals, panel":     {intervals("", []string{"a"}, Estimates{Title: long, Values: []float64{1}, Low: []float64{1}, High: []float64{1}}), "group's title has 201"},
		"intervals, label":     {intervals("", []string{long}, one(1, 1, 1)), "label 0 has 201"},
		"lines, name":          {lines(Series{Name: long, X: []float64{1}, Y: []float64{1}}), "name 0 has 201"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := c.draw()
			if err == nil || f != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "draw ") {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		scale scale
		n     int
		want  string
	}{
		{scale{0, 1, false}, 5, "0 0.2 0.4 0.6 0.8 1.0"},
		{scale{0, 1, false}, 10, "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0"},
		{scale{0.82, 3.18, true}, 8, "1 2 3"},
		{scale{-250, 250, false}, 5, "-200 -100 0 100 200"},
		{scale{0, 5e-5, false}, 5, "0 1e-05 2e-05 3e-05 4e-05 5e-05"},
		{scale{-0.95, 3.05, false}, 2, "0 2"},
		{scale{123456700, 123456705, false}, 5, "123456700 123456701 123456702 123456703 123456704 123456705"},
		{scale{0, 5e80, false}, 5, "0 1e+80 2e+80 3e+80 4e+80 5e+80"},
		{around([]float64{3, 3}), 2, "2 3 4"},
		{around([]float64{0}, nil), 2, "-1 0 1"},
		{around([]float64{0.5}), 4, "0.48 0.50 0.52"},
	} {
		if got := strings.Join(labelsOf(c.scale.ticks(c.n)), " "); got != c.want {
			t.Errorf("%v in %d: %s, want %s", c.scale, c.n, got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	f, err := newFace(10)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "word", "several short words in a row", strings.Repeat("x", 60), "የሕፃን መብት " + strings.Repeat("子", 20)} {
		lines := f.wrap(text, 60)
		for _, line := range lines {
			if w := f.width(line); w > 60 || line == "" {
				t.Errorf("%q: a line %q of %v", text, line, w)
			}
		}
		if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != strings.ReplaceAll(text, " ", "") {
			t.Errorf("%q became %q", text, lines)
		}
	}
	if lines := f.wrap("xy", 1); len(lines) != 2 {
		t.Errorf("narrower than a character: %q", lines)
	}
}

func TestOnesStandApart(t *testing.T) {
	f, err := newFace(6)
	if err != nil {
		t.Fatal(err)
	}
	if eleven, ten := f.width("3111"), f.width("3000"); math.Abs(float64(eleven-ten)) > 1e-6 {
		t.Errorf("3111 is %v wide, 3000 %v", eleven, ten)
	}
	if got := unkerned("a 1113 1"); strings.Join(got, "|") != "a 1|1|13 1" {
		t.Errorf("parts %q", got)
	}
}

// A character that the font lacks is drawn as a box in PNG, and keeps its room.
func TestMissingCharacters(t *testing.T) {
	f, err := newFace(10)
	if err != nil {
		t.Fatal(err)
	}
	if shown, missing := f.shown("aሕя子", tofu); shown != "a□я□" || missing != 2 {
		t.Errorf("%q, %d missing", shown, missing)
	}
	if shown, missing := f.shown(string(tofu), 'x'); missing != 0 {
		t.Errorf("the font lacks the box itself: %q", shown)
	}
	if w := f.width("子"); w != 10 {
		t.Errorf("a missing character has %v points", w)
	}
}

// Wherever a series lies and however it is scaled, it is drawn, with ticks
// that fit.
func FuzzLines(f *testing.F) {
	for _, v := range []float64{0, 1, -1, 1e-300, 5e-324, 1e100, -1e100, 1e15, 123456789.125, 0.1} {
		f.Add(v, v, "a name")
		f.Add(v, -v/3, "\xff\x00&")
		f.Add(v, math.Nextafter(v, math.Inf(1)), "子供")
	}
	f.Fuzz(func(t *testing.T, a, b float64, name string) {
		figure, err := Lines(name, name, name, []Series{{Name: name, X: []float64{a, b}, Y: []float64{b, a}}})
		if err != nil {
			return
		}
		if figure.width > 2000 || figure.height > 2000 {
			t.Errorf("%v × %v", figure.width, figure.height)
		}
		data, err := figure.svg()
		if err != nil {
			t.Fatal(err)
		}
		texts(t, data)
		for _, s := range []scale{around([]float64{a, b}), around([]float64{a, b}).widened(0.04)} {
			for n := 1; n <= 10; n++ {
				if ticks := s.ticks(n); len(ticks) > n+1 {
					t.Errorf("%v: %d ticks for %d", s, len(ticks), n)
				}
			}
			if at := s.to(a, 0, 100); !(at >= -vg.Length(0.01) && at <= 100.01) {
				t.Errorf("%v: %v lies at %v", s, a, at)
			}
		}
	})
}
