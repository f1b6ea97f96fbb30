package plot

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// pen draws on a canvas whose origin is at the lower left. Lengths are points.
type pen struct {
	c vg.Canvas
	// Text is rendered here, not in a viewer with other fonts: characters that our font
	// lacks are drawn as boxes.
	pixels bool
}

// tofu replaces a character that the font lacks.
const tofu = '\u25A1'

// stroke is a line's style.
type stroke struct {
	color  color.Color
	width  vg.Length
	dashes []vg.Length
}

// rect fills the rectangle between two corners.
func (p pen) rect(fill color.Color, x0, y0, x1, y1 vg.Length) {
	p.area(fill, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}

// frame draws the outline of the rectangle between two corners.
func (p pen) frame(s stroke, x0, y0, x1, y1 vg.Length) {
	p.outline(s, closed([]vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}))
}

// area fills a polygon.
func (p pen) area(fill color.Color, corners []vg.Point) {
	p.c.SetColor(fill)
	p.c.Fill(closed(corners))
}

// line joins two points.
func (p pen) line(s stroke, x0, y0, x1, y1 vg.Length) {
	p.curve(s, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y1}})
}

// curve joins points in their order.
func (p pen) curve(s stroke, points []vg.Point) {
	p.outline(s, open(points))
}

// dot fills a circle with a white rim, which parts it from lines below.
func (p pen) dot(fill color.Color, radius, x, y vg.Length) {
	for _, ring := range []struct {
		color  color.Color
		radius vg.Length
	}{{white, radius + 0.75}, {fill, radius}} {
		var path vg.Path
		path.Move(vg.Point{X: x + ring.radius, Y: y})
		path.Arc(vg.Point{X: x, Y: y}, ring.radius, 0, 2*math.Pi)
		path.Close()
		p.c.SetColor(ring.color)
		p.c.Fill(path)
	}
}

func (p pen) outline(s stroke, path vg.Path) {
	p.c.SetColor(s.color)
	p.c.SetLineWidth(s.width)
	p.c.SetLineDash(s.dashes, 0)
	p.c.Stroke(path)
}

// open is the path through points.
func open(points []vg.Point) vg.Path {
	var path vg.Path
	for i, pt := range points {
		if i == 0 {
			path.Move(pt)
			continue
		}
		path.Line(pt)
	}
	return path
}

// closed is the path through points and back to the first.
func closed(points []vg.Point) vg.Path {
	path := open(points)
	path.Close()
	return path
}

// text writes one line. The point is at the fraction along of the line (0 start, 0.5
// middle, 1 end), at half the height of capitals; the line is rotated about it
// anticlockwise, in radians.
func (p pen) text(f face, x, y vg.Length, along, turn float64, s string) {
	if s == "" {
		return
	}
	parts := []string{s}
	if p.pixels {
		s, _ = f.shown(s, tofu)
		parts = unkerned(s)
	}
	p.c.Push()
	defer p.c.Pop()
	p.c.SetColor(f.color)
	p.c.Translate(vg.Point{X: x, Y: y})
	if turn != 0 {
		p.c.Rotate(turn)
	}
	at := vg.Point{X: -vg.Length(along) * f.width(s), Y: -capital / 2 * f.size}
	for _, part := range parts {
		p.c.FillString(f.lookup(), at, part)
		at.X += f.width(part)
	}
}

// lines writes lines below each other from their left, the first one's top
// at y.
func (p pen) lines(f face, x, y vg.Length, lines []string) {
	for i, s := range lines {
		p.text(f, x, y-f.line()*(vg.Length(i)+0.5), 0, 0, s)
	}
}
