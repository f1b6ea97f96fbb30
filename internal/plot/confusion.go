package plot

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"
)

// maxLabels is the number of labels up to which a figure is drawn.
const maxLabels = 250

// Confusion draws counts[truth][predicted] as a square of cells. A cell's
// colour is its share of its row; its count is written in it while all counts
// fit. Each row's sum is at its right. There is a label for each row; the columns have
// the same labels, without the last if there is one more row than columns (for classes
// that the model doesn't know).
func Confusion(title string, labels []string, counts [][]int) (*Figure, error) {
	m, err := newMatrix(title, labels, counts)
	if err != nil {
		return nil, fmt.Errorf("draw a confusion matrix: %w", err)
	}
	return &Figure{m.width, m.height, m.draw}, nil
}

// matrix is a confusion matrix laid out.
type matrix struct {
	rows, columns []string
	counts        [][]int
	sums          []int
	title         []string
	label, number face
	cell          vg.Length
	turn          float64 // of the column's labels
	numbers       bool    // written in the cells
	// The cells' edges, where the colour scale is, and the size of the whole.
	left, bottom, right, top vg.Length
	scale                    vg.Length
	width, height            vg.Length
}

// checkCounts requires len(labels) rows, all of that length or all shorter by one.
func checkCounts(labels []string, counts [][]int) error {
	n := len(labels)
	switch {
	case n == 0:
		return errors.New("no labels")
	case n > maxLabels:
		return fmt.Errorf("%d labels, more than %d", n, maxLabels)
	case len(counts) != n:
		return fmt.Errorf("%d labels but %d rows", n, len(counts))
	}
	columns := len(counts[0])
	if columns == 0 || columns != n && columns != n-1 {
		return fmt.Errorf("%d labels but %d columns", n, columns)
	}
	for i, row := range counts {
		if len(row) != columns {
			return fmt.Errorf("row %d has %d columns, row 0 has %d", i, len(row), columns)
		}
		sum := 0
		for j, count := range row {
			if count < 0 || count > math.MaxInt-sum {
				return fmt.Errorf("row %d, column %d: the count is %d", i, j, count)
			}
			sum += count
		}
	}
	return nil
}

func newMatrix(title string, labels []string, counts [][]int) (*matrix, error) {
	if err := checkCounts(labels, counts); err != nil {
		return nil, err
	}
	title, err := cleanTitle("title", title)
	if err != nil {
		return nil, err
	}
	rows, err := cleanAll("label", labels)
	if err != nil {
		return nil, err
	}
	f, err := newFace(largestLabel)
	if err != nil {
		return nil, err
	}
	m := &matrix{rows: rows, columns: rows[:len(counts[0])], label: f}
	for _, row := range counts {
		m.counts = append(m.counts, slices.Clone(row))
		sum := 0
		for _, count := range row {
			sum += count
		}
		m.sums = append(m.sums, sum)
	}
	m.chooseCell()
	m.place(title)
	return m, nil
}

// largestLabel is the size of labels if there is space.
const largestLabel = 10

// chooseCell sets the cells' size, larger for long counts, and with it the labels' size;
// it reports whether the counts fit.
func (m *matrix) chooseCell() {
	const smallest, largest, room = 6, 11, 2.5
	n := len(m.rows)
	switch {
	case n <= 4:
		m.cell = 54
	case n <= 12:
		m.cell = 38
	case n <= 20:
		m.cell = 28
	case n <= 40:
		m.cell = 20
	default:
		m.cell = 13
	}
	digits := ""
	for _, row := range m.counts {
		if s := strconv.Itoa(slices.Max(row)); len(s) > len(digits) {
			digits = s
		}
	}
	perPoint := m.label.sized(1).width(digits)
	if need := vg.Length(math.Ceil(float64(smallest*perPoint + room))); need <= 24 {
		m.cell = max(m.cell, need)
	}
	size := min(largest, 0.55*m.cell, (m.cell-room)/perPoint)
	m.numbers = size >= smallest-0.01
	m.number = m.label.sized(size)
	m.label = m.label.sized(min(largestLabel, max(8, 0.6*m.cell)))
}

// place computes the total size and the positions.
func (m *matrix) place(title string) {
	f, name := m.label, m.label.sized(axisSize)
	columnsWide := f.widest(m.columns)
	reach := columnsWide // of labels below the cells
	switch {
	case columnsWide <= m.cell-4:
		m.turn, reach = 0, f.line()
	case m.cell*math.Sqrt2/2 >= 1.2*f.size:
		m.turn, reach = math.Pi/4, (columnsWide+f.size)*math.Sqrt2/2
	default:
		m.turn = math.Pi / 2
	}
	m.left = margin + name.line() + gap + f.widest(m.rows) + gap
	if m.turn == math.Pi/4 {
		for i, s := range m.columns {
			m.left = max(m.left, margin+(f.width(s)+f.size)*math.Sqrt2/2-(vg.Length(i)+0.5)*m.cell)
		}
	}
	m.left = vg.Length(math.Ceil(float64(m.left)))
	m.bottom = vg.Length(math.Ceil(float64(margin + name.line() + gap + reach + gap)))
	m.right = m.left + m.cell*vg.Length(len(m.columns))
	m.top = m.bottom + m.cell*vg.Length(len(m.rows))
	m.scale = m.right + gap + f.widest(m.sumLabels()) + 2*margin
	small := f.sized(tickSize)
	m.width = vg.Length(math.Ceil(float64(m.scale + max(scaleWidth+gap+small.width("100%"), small.width(scaleName)) + margin)))
	m.title = f.sized(titleSize).heavy().wrap(title, m.width-2*margin)
	m.height = vg.Length(math.Ceil(float64(m.top + 1.5*f.line() + titleHeight(f, m.title) + margin)))
}

// The colour scale's width, and its title.
const (
	scaleWidth = 14
	scaleName  = "share of row"
)

// sumLabels are the rows' sums, with their head last.
func (m *matrix) sumLabels() []string {
	var labels []string
	for _, sum := range m.sums {
		labels = append(labels, strconv.Itoa(sum))
	}
	return append(labels, "sum")
}

func (m *matrix) draw(p pen) {
	p.lines(m.label.sized(titleSize).heavy(), margin, m.height-margin, m.title)
	m.drawCells(p)
	m.drawLabels(p)
	m.drawScale(p)
}

// drawCells fills the non-empty cells and draws the grid.
func (m *matrix) drawCells(p pen) {
	for i, row := range m.counts {
		top := m.top - m.cell*vg.Length(i)
		for j, count := range row {
			if count == 0 {
				continue
			}
			fill := shade(float64(count) / float64(m.sums[i]))
			left := m.left + m.cell*vg.Length(j)
			p.rect(fill, left, top-m.cell, left+m.cell, top)
			if m.numbers {
				p.text(m.number.inked(on(fill)), left+m.cell/2, top-m.cell/2, 0.5, 0, strconv.Itoa(count))
			}
		}
	}
	thin := stroke{color: faint, width: 0.5}
	for i := range len(m.rows) {
		y := m.top - m.cell*vg.Length(i)
		p.line(thin, m.left, y, m.right, y)
	}
	for j := range len(m.columns) {
		x := m.left + m.cell*vg.Length(j)
		p.line(thin, x, m.bottom, x, m.top)
	}
	edge := stroke{color: grey, width: 0.8}
	for i := range len(m.columns) {
		x, y := m.left+m.cell*vg.Length(i), m.top-m.cell*vg.Length(i)
		p.frame(stroke{color: grey, width: 0.5}, x, y-m.cell, x+m.cell, y)
	}
	if len(m.rows) > len(m.columns) {
		p.line(edge, m.left, m.bottom+m.cell, m.right, m.bottom+m.cell)
	}
	p.frame(edge, m.left, m.bottom, m.right, m.top)
}

// drawLabels writes the classes, the rows' sums and the axis titles.
func (m *matrix) drawLabels(p pen) {
	sums := m.sumLabels()
	for i, s := range m.rows {
		y := m.top - m.cell*(vg.Length(i)+0.5)
		p.text(m.label, m.left-gap, y, 1, 0, s)
		p.text(m.label.inked(grey), m.scale-2*margin, y, 1, 0, sums[i])
	}
	p.text(m.label.inked(grey), m.scale-2*margin, m.top+m.label.line()/2, 1, 0, sums[len(sums)-1])
	for j, s := range m.columns {
		x := m.left + m.cell*(vg.Length(j)+0.5)
		if m.turn == 0 {
			p.text(m.label, x, m.bottom-gap-m.label.line()/2, 0.5, 0, s)
			continue
		}
		p.text(m.label, x, m.bottom-gap, 1, m.turn, s)
	}
	name := m.label.sized(axisSize)
	p.text(name, (m.left+m.right)/2, margin+name.line()/2, 0.5, 0, "predicted")
	p.text(name, margin+name.line()/2, (m.bottom+m.top)/2, 0.5, math.Pi/2, "truth")
}

// drawScale draws the colour scale.
func (m *matrix) drawScale(p pen) {
	const steps = 50
	small := m.label.sized(tickSize)
	high := min(m.top-m.bottom, 200)
	low := m.top - high
	for i := range steps { // each over the upper part of the last: no seams
		p.rect(shade((float64(i)+0.5)/steps), m.scale, low+high*vg.Length(i)/steps, m.scale+scaleWidth, m.top)
	}
	p.frame(stroke{color: grey, width: 0.8}, m.scale, low, m.scale+scaleWidth, m.top)
	parts := vg.Length(4)
	if high < 5*small.line() {
		parts = 1
	}
	for i := vg.Length(0); i <= parts; i++ {
		p.text(small, m.scale+scaleWidth+gap, low+high*i/parts, 0, 0, fmt.Sprintf("%.0f%%", 100*float64(i/parts)))
	}
	p.text(small, m.scale, m.top+1.1*small.line(), 0, 0, scaleName)
}
