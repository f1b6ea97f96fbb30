package plot

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"
)

// Bin is a group of predictions of similar confidence: their mean confidence, the share
// that is correct, and their number.
type Bin struct {
	Confidence, Accuracy float64
	Count                int
}

// Reliability draws accuracy against confidence, with the diagonal on which a
// calibrated model lies and each bin's distance from it, and the bins' counts
// below. Empty bins are left out. ece, the expected calibration error, is in the
// title.
func Reliability(title string, bins []Bin, ece float64) (*Figure, error) {
	f, err := reliability(title, bins, ece)
	if err != nil {
		return nil, fmt.Errorf("draw a reliability diagram: %w", err)
	}
	return f, nil
}

// Heights of the histogram and of the gap above it.
const (
	histogramHeight = 90
	histogramGap    = 16
)

func reliability(title string, bins []Bin, ece float64) (*Figure, error) {
	if err := checkShare("ECE", ece); err != nil {
		return nil, err
	}
	var full []Bin
	for i, b := range bins {
		if b.Count < 0 {
			return nil, fmt.Errorf("bin %d: the count is %d", i, b.Count)
		}
		if b.Count == 0 {
			continue
		}
		if err := errors.Join(checkShare("confidence", b.Confidence), checkShare("accuracy", b.Accuracy)); err != nil {
			return nil, fmt.Errorf("bin %d: %w", i, err)
		}
		full = append(full, b)
	}
	if len(full) == 0 {
		return nil, errors.New("no bin holds anything")
	}
	slices.SortStableFunc(full, func(a, b Bin) int { return cmp.Compare(a.Confidence, b.Confidence) })

	unit := scale{lo: 0, hi: 1}
	observed := stroke{color: hues[blue], width: 1.6}
	ideal := stroke{color: grey, width: 1, dashes: []vg.Length{4, 3}}
	distance := stroke{color: pale(hues[vermilion]), width: 6}
	counts, most := countScale(full)
	f, err := newFace(tickSize)
	if err != nil {
		return nil, err
	}
	a, err := newAxes(plane{
		title: fmt.Sprintf("%s (ECE %.3f)", title, ece), x: "confidence", y: "accuracy", xs: unit, ys: unit,
		entries: []entry{{"accuracy of a bin", observed, true}, {"perfect calibration", ideal, false}, {"distance from it", distance, false}},
		wide:    300, high: 300, below: histogramHeight + histogramGap, labels: f.widest(labelsOf(counts.ticks(5))),
	})
	if err != nil {
		return nil, err
	}
	h := a.histogram(counts)
	return &Figure{a.width, a.height, func(p pen) {
		a.draw(p)
		for _, b := range full {
			x, diagonal, accuracy := a.at(b.Confidence, 0).X, a.at(0, b.Confidence).Y, a.at(0, b.Accuracy).Y
			p.line(distance, x, diagonal, x, accuracy)
		}
		p.line(ideal, a.left, a.bottom, a.right, a.top)
		var x, y []float64
		for _, b := range full {
			x, y = append(x, b.Confidence), append(y, b.Accuracy)
		}
		drawLine(p, a, x, y, observed)
		h.drawHistogram(p, full, barWidth(h, full, len(bins)), most)
	}}, nil
}

// countScale is the scale of bins' counts, with room for numbers on the bars,
// and the largest count.
func countScale(bins []Bin) (scale, int) {
	most := slices.MaxFunc(bins, func(a, b Bin) int { return cmp.Compare(a.Count, b.Count) }).Count
	return scale{lo: 0, hi: 1.18 * float64(most), whole: true}, most
}

// histogram is the plane below a's for the counts.
func (a *axes) histogram(counts scale) *axes {
	h := *a
	h.ys, h.yt, h.y = counts, counts.ticks(5), []string{"count"}
	h.top = a.bottom - histogramGap
	h.bottom = h.top - histogramHeight
	return &h
}

// barWidth returns the width of one of n bins over the whole axis, or less if bars would
// overlap.
func barWidth(h *axes, bins []Bin, n int) vg.Length {
	w := 0.85 * (h.right - h.left) / vg.Length(n)
	for i := 1; i < len(bins); i++ {
		w = min(w, 0.92*(h.at(bins[i].Confidence, 0).X-h.at(bins[i-1].Confidence, 0).X))
	}
	return max(w, 2)
}

// drawHistogram draws the counts, and writes them if all of them fit.
func (a *axes) drawHistogram(p pen, bins []Bin, width vg.Length, most int) {
	a.grid(p)
	small := a.face.sized(7.5)
	fits := small.width(strconv.Itoa(most)) <= width*1.05
	for _, b := range bins {
		top := a.at(b.Confidence, float64(b.Count))
		left, right := max(a.left, top.X-width/2), min(a.right, top.X+width/2)
		p.rect(hues[blue], left, a.bottom, right, top.Y)
		if fits {
			p.text(small, (left+right)/2, top.Y+small.line()/2, 0.5, 0, strconv.Itoa(b.Count))
		}
	}
}
