package plot

import (
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
)

// dotRadius is the radius of a marked point.
const dotRadius = 2.8

// dotted is the number of points up to which a line's points are marked.
const dotted = 30

// dashes distinguish lines of the same hue.
var dashes = [][]vg.Length{nil, {6, 3}, {1.5, 2.5}}

// Series is a line of a chart: points in the order in which they are joined.
// Low and High, both or neither, give each point an interval of Y.
type Series struct {
	Name      string
	X, Y      []float64
	Low, High []float64
}

// Lines draws series over each other, with a legend if they have names.
// Intervals are shaded. The caller must leave out points without numbers: NaN and
// infinite numbers are errors.
func Lines(title, x, y string, series []Series) (*Figure, error) {
	f, err := lines(title, x, y, series)
	if err != nil {
		return nil, fmt.Errorf("draw lines: %w", err)
	}
	return f, nil
}

func lines(title, x, y string, series []Series) (*Figure, error) {
	if len(series) == 0 {
		return nil, errors.New("no series")
	}
	if most := len(hues) * len(dashes); len(series) > most {
		return nil, fmt.Errorf("%d series; more than %d can't be told apart", len(series), most)
	}
	names := make([]string, len(series))
	kept := make([]Series, len(series))
	var xs, ys [][]float64
	for i, s := range series {
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("series %d: %w", i, err)
		}
		names[i] = s.Name
		kept[i] = Series{X: slices.Clone(s.X), Y: slices.Clone(s.Y), Low: slices.Clone(s.Low), High: slices.Clone(s.High)}
		xs, ys = append(xs, s.X), append(ys, s.Y, s.Low, s.High)
	}
	names, err := cleanAll("name", names)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for i, name := range names {
		if name != "" {
			entries = append(entries, entry{name: name, stroke: lineStroke(i), dot: len(kept[i].X) <= dotted})
		}
	}
	a, err := newAxes(plane{
		title: title, x: x, y: y, xs: around(xs...).widened(0.02), ys: around(ys...).widened(0.04),
		entries: entries, wide: 420, high: 270,
	})
	if err != nil {
		return nil, err
	}
	return &Figure{a.width, a.height, func(p pen) {
		a.draw(p)
		for i, s := range kept {
			band(p, a, s, i)
		}
		for i, s := range kept {
			drawLine(p, a, s.X, s.Y, lineStroke(i))
		}
	}}, nil
}

// check requires the same number of values of each kind, all of them drawable.
func (s Series) check() error {
	n := len(s.X)
	if n == 0 {
		return errors.New("no points")
	}
	if len(s.Y) != n {
		return fmt.Errorf("%d X but %d Y", n, len(s.Y))
	}
	if len(s.Low) != len(s.High) || len(s.Low) != 0 && len(s.Low) != n {
		return fmt.Errorf("%d points but %d Low and %d High", n, len(s.Low), len(s.High))
	}
	for i := range s.Low {
		if s.Low[i] > s.High[i] {
			return fmt.Errorf("point %d: Low %v is above High %v", i, s.Low[i], s.High[i])
		}
	}
	return errors.Join(checkNumbers("X", s.X), checkNumbers("Y", s.Y), checkNumbers("Low", s.Low), checkNumbers("High", s.High))
}

// lineStroke returns the i-th line's style.
func lineStroke(i int) stroke {
	return stroke{color: hues[i%len(hues)], width: 1.6, dashes: dashes[i/len(hues)%len(dashes)]}
}

// band shades a series' interval; that of a single point is a line.
func band(p pen, a *axes, s Series, i int) {
	if len(s.Low) == 0 {
		return
	}
	low, high := a.points(s.X, s.Low), a.points(s.X, s.High)
	if len(low) == 1 {
		p.line(stroke{color: hues[i%len(hues)], width: 0.8}, low[0].X, low[0].Y, high[0].X, high[0].Y)
		return
	}
	slices.Reverse(high)
	p.area(pale(hues[i%len(hues)]), append(low, high...))
}

// drawLine draws a curve, and its points if they are few.
func drawLine(p pen, a *axes, x, y []float64, s stroke) {
	points := a.points(x, y)
	p.curve(s, points)
	if len(points) > dotted {
		return
	}
	for _, pt := range points {
		p.dot(s.color, dotRadius, pt.X, pt.Y)
	}
}
