package plot

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
)

// Point is a classifier's scores at one threshold, in [0, 1].
type Point struct{ Threshold, Precision, Recall, F1 float64 }

// Sweep draws precision, recall and F1 against the threshold, in its order,
// with a line at the best threshold.
func Sweep(title string, points []Point, best float64) (*Figure, error) {
	f, err := sweep(title, points, best)
	if err != nil {
		return nil, fmt.Errorf("draw a threshold sweep: %w", err)
	}
	return f, nil
}

func sweep(title string, points []Point, best float64) (*Figure, error) {
	if len(points) == 0 {
		return nil, errors.New("no points")
	}
	for i, pt := range points {
		if err := errors.Join(checkNumbers("threshold", []float64{pt.Threshold}), checkShare("precision", pt.Precision),
			checkShare("recall", pt.Recall), checkShare("F1", pt.F1)); err != nil {
			return nil, fmt.Errorf("point %d: %w", i, err)
		}
	}
	if err := checkNumbers("best threshold", []float64{best}); err != nil {
		return nil, err
	}
	points = slices.SortedStableFunc(slices.Values(points), func(a, b Point) int { return cmp.Compare(a.Threshold, b.Threshold) })
	var x []float64
	var y [3][]float64
	for _, pt := range points {
		x = append(x, pt.Threshold)
		for i, v := range []float64{pt.Precision, pt.Recall, pt.F1} {
			y[i] = append(y[i], v)
		}
	}
	strokes := []stroke{
		{color: hues[blue], width: 1.5, dashes: []vg.Length{6, 3}},
		{color: hues[vermilion], width: 1.5, dashes: []vg.Length{1.5, 2.5}},
		{color: ink, width: 2.2},
	}
	mark := stroke{color: hues[green], width: 1.6}
	few := len(x) <= dotted
	a, err := newAxes(plane{title: title, x: "threshold", y: "score", xs: thresholds(append([]float64{best}, x...)), ys: scale{lo: 0, hi: 1}, entries: []entry{
		{"precision", strokes[0], few}, {"recall", strokes[1], few}, {"F1", strokes[2], few},
		{fmt.Sprintf("best threshold: %.4g", best), mark, false},
	}, wide: 400, high: 270})
	if err != nil {
		return nil, err
	}
	return &Figure{a.width, a.height, func(p pen) {
		a.draw(p)
		at := a.at(best, 0).X
		p.line(mark, at, a.bottom, at, a.top)
		for i, s := range strokes {
			drawLine(p, a, x, y[i], s)
		}
	}}, nil
}

// thresholds returns the axis of thresholds: from 0 to 1, or fitted to them if they are
// close together or not all in that range.
func thresholds(x []float64) scale {
	s := around(x)
	if s.lo >= 0 && s.hi <= 1 && s.hi-s.lo > 0.5 {
		return scale{lo: 0, hi: 1}
	}
	return s.widened(0.02)
}
