package plot

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// Estimates are values of one figure, each with an interval around it.
type Estimates struct {
	Title             string
	Values, Low, High []float64
}

// Intervals draws a panel for each group, side by side, with a row for each label: a dot at
// the value, on a line from Low to High. Each panel has its own scale.
func Intervals(title string, labels []string, groups []Estimates) (*Figure, error) {
	c, err := newIntervals(title, labels, groups)
	if err != nil {
		return nil, fmt.Errorf("draw intervals: %w", err)
	}
	return &Figure{c.width, c.height, c.draw}, nil
}

// Sizes of the panels, in points.
const (
	panelWidth = 170
	panelGap   = 18
	rowPitch   = 19
)

// panel is a group laid out.
type panel struct {
	Estimates
	title       []string
	scale       scale
	ticks       []tick
	left, right vg.Length
}

// intervals is the chart laid out.
type intervals struct {
	title, labels []string
	panels        []panel
	label         face
	bottom, top   vg.Length
	width, height vg.Length
}

func newIntervals(title string, labels []string, groups []Estimates) (*intervals, error) {
	switch {
	case len(labels) == 0:
		return nil, errors.New("no labels")
	case len(labels) > maxLabels:
		return nil, fmt.Errorf("%d labels, more than %d", len(labels), maxLabels)
	case len(groups) == 0:
		return nil, errors.New("no groups")
	}
	title, err := cleanTitle("title", title)
	if err != nil {
		return nil, err
	}
	if labels, err = cleanAll("label", labels); err != nil {
		return nil, err
	}
	f, err := newFace(10)
	if err != nil {
		return nil, err
	}
	c := &intervals{labels: labels, label: f}
	left, lines := vg.Length(math.Ceil(float64(margin+f.widest(labels)+gap))), 1
	name := f.sized(axisSize)
	for i, g := range groups {
		if err := g.check(len(labels)); err != nil {
			return nil, fmt.Errorf("group %d: %w", i, err)
		}
		if g.Title, err = cleanTitle("group's title", g.Title); err != nil {
			return nil, err
		}
		p := panel{Estimates: g, title: name.wrap(g.Title, panelWidth), scale: around(g.Values, g.Low, g.High).widened(0.05), left: left, right: left + panelWidth}
		p.Values, p.Low, p.High = slices.Clone(g.Values), slices.Clone(g.Low), slices.Clone(g.High)
		p.ticks = p.scale.beside(f.sized(tickSize), panelWidth)
		c.panels, left, lines = append(c.panels, p), p.right+panelGap, max(lines, len(p.title))
	}
	c.width = vg.Length(math.Ceil(float64(left - panelGap + margin + f.sized(tickSize).line())))
	c.title = f.sized(titleSize).heavy().wrap(title, c.width-2*margin)
	c.bottom = margin + f.sized(tickSize).line() + gap
	c.top = c.bottom + rowPitch*vg.Length(len(labels))
	c.height = vg.Length(math.Ceil(float64(c.top + gap + name.line()*vg.Length(lines) + gap + titleHeight(f, c.title) + margin)))
	return c, nil
}

// check requires n values, each within its interval.
func (e Estimates) check(n int) error {
	if len(e.Values) != n || len(e.Low) != n || len(e.High) != n {
		return fmt.Errorf("%d labels, but %d values, %d Low and %d High", n, len(e.Values), len(e.Low), len(e.High))
	}
	if err := errors.Join(checkNumbers("value", e.Values), checkNumbers("Low", e.Low), checkNumbers("High", e.High)); err != nil {
		return err
	}
	for i, v := range e.Values {
		if v < e.Low[i] || v > e.High[i] {
			return fmt.Errorf("value %d: %v isn't within %v and %v", i, v, e.Low[i], e.High[i])
		}
	}
	return nil
}

func (c *intervals) draw(p pen) {
	p.lines(c.label.sized(titleSize).heavy(), margin, c.height-margin, c.title)
	for i, label := range c.labels {
		p.text(c.label, c.panels[0].left-gap, c.y(i), 1, 0, label)
	}
	for _, panel := range c.panels {
		c.drawPanel(p, panel)
	}
}

// y is the middle of the i-th row.
func (c *intervals) y(i int) vg.Length { return c.top - rowPitch*(vg.Length(i)+0.5) }

func (c *intervals) drawPanel(p pen, panel panel) {
	tickFace, name := c.label.sized(tickSize), c.label.sized(axisSize)
	p.lines(name, panel.left, c.top+gap+name.line()*vg.Length(len(panel.title)), panel.title)
	at := func(v float64) vg.Length { return panel.scale.to(v, panel.left, panel.right) }
	for _, t := range panel.ticks {
		p.line(stroke{color: faint, width: 0.6}, at(t.at), c.bottom, at(t.at), c.top)
		p.text(tickFace, at(t.at), c.bottom-gap-tickFace.line()/2, 0.5, 0, t.label)
	}
	p.frame(stroke{color: grey, width: 0.8}, panel.left, c.bottom, panel.right, c.top)
	for i, v := range panel.Values {
		p.line(stroke{color: hues[blue], width: 1.6}, at(panel.Low[i]), c.y(i), at(panel.High[i]), c.y(i))
		p.dot(hues[blue], dotRadius, at(v), c.y(i))
	}
}
