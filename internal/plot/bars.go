package plot

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"
)

// Bars draws a horizontal bar for each label, from the top in the order given,
// with its value and, if there is any, its support (the number of examples)
// at the bar's end. The axis runs from 0 to 1 unless a value is above 1.
func Bars(title, axis string, labels []string, values []float64, support []int) (*Figure, error) {
	b, err := newBars(title, axis, labels, values, support)
	if err != nil {
		return nil, fmt.Errorf("draw bars: %w", err)
	}
	return &Figure{b.width, b.height, b.draw}, nil
}

// barLength is the length of the axis.
const barLength = 320

// bars is a bar chart laid out.
type bars struct {
	title, axis   []string
	labels        []string
	values        []float64
	texts, ns     []string // at the bars' ends
	label         face
	pitch         vg.Length
	scale         scale
	ticks         []tick
	left, bottom  vg.Length
	right, top    vg.Length
	width, height vg.Length
}

func newBars(title, axis string, labels []string, values []float64, support []int) (*bars, error) {
	n := len(labels)
	switch {
	case n == 0:
		return nil, errors.New("no labels")
	case n > maxLabels:
		return nil, fmt.Errorf("%d labels, more than %d", n, maxLabels)
	case len(values) != n || len(support) != 0 && len(support) != n:
		return nil, fmt.Errorf("%d labels, %d values and %d numbers of examples", n, len(values), len(support))
	}
	if err := checkNumbers("value", values); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(values, func(v float64) bool { return v < 0 }); i >= 0 {
		return nil, fmt.Errorf("value %d is %v, below 0", i, values[i])
	}
	title, err := cleanTitle("title", title)
	if err != nil {
		return nil, err
	}
	if axis, err = cleanTitle("axis's name", axis); err != nil {
		return nil, err
	}
	if labels, err = cleanAll("label", labels); err != nil {
		return nil, err
	}
	f, err := newFace(10)
	if err != nil {
		return nil, err
	}
	b := &bars{labels: labels, values: slices.Clone(values), label: f, pitch: 19}
	if b.many() {
		b.label, b.pitch = f.sized(9), 14
	}
	for _, v := range values {
		b.texts = append(b.texts, valueText(v))
	}
	for _, s := range support {
		b.ns = append(b.ns, "n "+strconv.Itoa(s))
	}
	b.place(title, axis)
	return b, nil
}

// valueText formats a share with three decimals, and larger values with four digits or
// as a whole number.
func valueText(v float64) string {
	switch {
	case v <= 1:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case v >= 1000 && v < 1e9:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// place computes the total size and the positions.
func (b *bars) place(title, axis string) {
	b.scale = scale{lo: 0, hi: max(1, slices.Max(b.values))}
	b.ticks = b.scale.ticks(5)
	tickFace, name := b.label.sized(tickSize), b.label.sized(axisSize)
	b.left = vg.Length(math.Ceil(float64(margin + b.label.widest(b.labels) + gap)))
	b.right = b.left + barLength
	edge := b.right + tickFace.widest(labelsOf(b.ticks))/2
	for i := range b.values {
		edge = max(edge, b.nAt(i)+b.label.width(b.n(i)))
	}
	b.width = vg.Length(math.Ceil(float64(edge + margin)))
	b.title = name.sized(titleSize).heavy().wrap(title, b.width-2*margin)
	b.axis = name.wrap(axis, barLength)
	b.bottom = vg.Length(math.Ceil(float64(margin + name.line()*vg.Length(len(b.axis)) + gap + tickFace.line() + gap)))
	b.top = b.bottom + b.pitch*vg.Length(len(b.labels))
	above := titleHeight(name, b.title) + margin
	if b.many() {
		above += gap + tickFace.line()
	}
	b.height = vg.Length(math.Ceil(float64(b.top + above)))
}

// end returns the end of the i-th bar.
func (b *bars) end(i int) vg.Length { return b.scale.to(b.values[i], b.left, b.right) }

// nAt returns the position of the i-th bar's support.
func (b *bars) nAt(i int) vg.Length { return b.end(i) + gap + b.label.width(b.texts[i]) + 8 }

// many reports whether the bars need an axis at the top too.
func (b *bars) many() bool { return len(b.labels) > 20 }

// n returns the text of the i-th bar's support, if there is one.
func (b *bars) n(i int) string {
	if len(b.ns) == 0 {
		return ""
	}
	return b.ns[i]
}

func (b *bars) draw(p pen) {
	p.lines(b.label.sized(titleSize).heavy(), margin, b.height-margin, b.title)
	tickFace, name := b.label.sized(tickSize), b.label.sized(axisSize)
	for _, t := range b.ticks {
		x := b.scale.to(t.at, b.left, b.right)
		p.line(stroke{color: faint, width: 0.6}, x, b.bottom, x, b.top)
		p.text(tickFace, x, b.bottom-gap-tickFace.line()/2, 0.5, 0, t.label)
		if b.many() {
			p.text(tickFace, x, b.top+gap+tickFace.line()/2, 0.5, 0, t.label)
		}
	}
	for i, s := range b.axis {
		p.text(name, (b.left+b.right)/2, b.bottom-2*gap-tickFace.line()-name.line()*(vg.Length(i)+0.5), 0.5, 0, s)
	}
	for i, label := range b.labels {
		y := b.top - b.pitch*(vg.Length(i)+0.5)
		half := 0.34 * b.pitch
		p.rect(hues[blue], b.left, y-half, b.end(i), y+half)
		p.text(b.label, b.left-gap, y, 1, 0, label)
		p.rect(white, b.end(i)+gap-1, y-half, b.nAt(i)+b.label.width(b.n(i))+1, y+half)
		p.text(b.label, b.end(i)+gap, y, 0, 0, b.texts[i])
		p.text(b.label.inked(grey), b.nAt(i), y, 0, 0, b.n(i))
	}
	p.line(stroke{color: grey, width: 0.8}, b.left, b.bottom, b.left, b.top)
}
