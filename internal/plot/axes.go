package plot

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// Sizes of text and gaps, in points.
const (
	titleSize = 13
	axisSize  = 11
	tickSize  = 9.5
	gap       = 5
)

// axes is a chart's plane between axes, with title and legend around it.
type axes struct {
	face        face
	title, x, y []string // lines
	xs, ys      scale
	xt, yt      []tick
	entries     []entry
	// The plane's edges, the place under which the x axis is named, and the
	// size of the whole.
	left, bottom, right, top vg.Length
	foot                     vg.Length
	width, height            vg.Length
}

// plane is a chart's content before layout.
type plane struct {
	title, x, y string
	xs, ys      scale
	entries     []entry
	wide, high  vg.Length
	// Space below the plane for another with the same x axis, and the width of the
	// numbers at its left.
	below, labels vg.Length
}

// newAxes lays out a chart.
func newAxes(c plane) (*axes, error) {
	f, err := newFace(tickSize)
	if err != nil {
		return nil, err
	}
	for _, text := range []struct {
		what string
		text *string
	}{{"title", &c.title}, {"x axis's name", &c.x}, {"y axis's name", &c.y}} {
		if *text.text, err = cleanTitle(text.what, *text.text); err != nil {
			return nil, err
		}
	}
	a := &axes{face: f, xs: c.xs, ys: c.ys, xt: c.xs.beside(f, c.wide), yt: c.ys.ticks(8), entries: c.entries}
	name := f.sized(axisSize)
	a.x, a.y = name.wrap(c.x, c.wide), name.wrap(c.y, c.high)
	a.left = margin + name.line()*vg.Length(len(a.y)) + gap + max(f.widest(labelsOf(a.yt)), c.labels) + gap
	a.right = a.left + c.wide
	a.width = a.right + margin + f.widest(labelsOf(a.xt))/2
	if len(a.entries) > 0 {
		a.width = max(a.width, a.right+2*margin+legendWidth(f, a.entries)+margin)
	}
	a.title = f.sized(titleSize).heavy().wrap(c.title, a.width-a.left-margin)
	a.foot = margin + name.line()*vg.Length(len(a.x)) + gap + f.line() + gap
	a.bottom = a.foot + c.below
	a.top = a.bottom + max(c.high, legendHeight(f, a.entries))
	a.width = vg.Length(math.Ceil(float64(a.width)))
	a.height = vg.Length(math.Ceil(float64(a.top + titleHeight(f, a.title) + margin)))
	return a, nil
}

// beside marks as many round numbers, up to ten, as fit beside each other.
func (s scale) beside(f face, wide vg.Length) []tick {
	for n := 10; n > 1; n-- {
		ticks := s.ticks(n)
		if vg.Length(n)*(f.widest(labelsOf(ticks))+2*gap) <= wide {
			return ticks
		}
	}
	return s.ticks(1)
}

// titleHeight is the height of the title above a plane.
func titleHeight(f face, title []string) vg.Length {
	if len(title) == 0 {
		return 0
	}
	return f.sized(titleSize).line()*vg.Length(len(title)) + 2*gap
}

// at places numbers in the plane.
func (a *axes) at(x, y float64) vg.Point {
	return vg.Point{X: a.xs.to(x, a.left, a.right), Y: a.ys.to(y, a.bottom, a.top)}
}

// points places a series' numbers.
func (a *axes) points(x, y []float64) []vg.Point {
	points := make([]vg.Point, len(x))
	for i := range x {
		points[i] = a.at(x[i], y[i])
	}
	return points
}

// draw draws everything but the data.
func (a *axes) draw(p pen) {
	p.lines(a.face.sized(titleSize).heavy(), a.left, a.height-margin, a.title)
	a.grid(p)
	name := a.face.sized(axisSize)
	below := a.foot - gap - a.face.line()/2
	for _, t := range a.xt {
		p.text(a.face, a.at(t.at, 0).X, below, 0.5, 0, t.label)
	}
	for i, s := range a.x {
		p.text(name, (a.left+a.right)/2, a.foot-2*gap-a.face.line()-name.line()*(vg.Length(i)+0.5), 0.5, 0, s)
	}
	drawLegend(p, a.face, a.entries, a.right+2*margin, a.top)
}

// grid draws the plane's lines and frame, and the labels at its left.
func (a *axes) grid(p pen) {
	thin := stroke{color: faint, width: 0.6}
	for _, t := range a.xt {
		x := a.at(t.at, 0).X
		p.line(thin, x, a.bottom, x, a.top)
	}
	for _, t := range a.yt {
		y := a.at(0, t.at).Y
		p.line(thin, a.left, y, a.right, y)
		p.text(a.face, a.left-gap, y, 1, 0, t.label)
	}
	p.frame(stroke{color: grey, width: 0.8}, a.left, a.bottom, a.right, a.top)
	name := a.face.sized(axisSize)
	for i, s := range a.y {
		p.text(name, margin+name.line()*(vg.Length(i)+0.5), (a.bottom+a.top)/2, 0.5, math.Pi/2, s)
	}
}
