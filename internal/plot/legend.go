package plot

import "gonum.org/v1/plot/vg"

// Sizes of a legend, in points.
const (
	sampleWidth = 26
	legendText  = 200 // where its text wraps
)

// entry is a line of a legend: a sample of what is drawn, and its name.
type entry struct {
	name   string
	stroke stroke
	dot    bool
}

// wrapped is the entry's name in lines.
func (e entry) wrapped(f face) []string { return f.wrap(e.name, legendText) }

func legendWidth(f face, entries []entry) vg.Length {
	var w vg.Length
	for _, e := range entries {
		w = max(w, f.widest(e.wrapped(f)))
	}
	return sampleWidth + gap + w
}

func legendHeight(f face, entries []entry) vg.Length {
	var h vg.Length
	for _, e := range entries {
		h += f.line()*vg.Length(max(1, len(e.wrapped(f)))) + gap
	}
	return h
}

// drawLegend draws entries below each other; their upper left is (x, y).
func drawLegend(p pen, f face, entries []entry, x, y vg.Length) {
	for _, e := range entries {
		lines := e.wrapped(f)
		middle := y - f.line()/2
		if e.stroke.width > 0 {
			p.line(e.stroke, x, middle, x+sampleWidth, middle)
		}
		if e.dot {
			p.dot(e.stroke.color, dotRadius, x+sampleWidth/2, middle)
		}
		p.lines(f, x+sampleWidth+gap, y, lines)
		y -= f.line()*vg.Length(max(1, len(lines))) + gap
	}
}
