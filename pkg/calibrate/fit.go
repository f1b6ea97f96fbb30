package calibrate

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/trident-nlp/trident/pkg/metrics"
)

// LeastRecords is how many labelled records a head needs.
const LeastRecords = 50

// ErrTooFew means that a head has fewer than [LeastRecords] labelled records.
var ErrTooFew = errors.New("too few labelled records")

// Change is a figure with temperature 1, and with the fitted one.
type Change struct {
	Before float64 `json:"before"`
	After  float64 `json:"after"`
}

// Head is the calibration of one head.
type Head struct {
	Records     int     `json:"records"`     // with a label
	Temperature float64 `json:"temperature"` // of the logits; 1 if none is best
	// NLL and ECE are the mean negative log-likelihood in nats and the expected
	// calibration error. After is measured on halves of the records, each with the
	// temperature fitted on the other half.
	NLL Change `json:"nll"`
	ECE Change `json:"ece"`

	Sets      []Set            `json:"sets,omitzero"`      // multiclass heads; by coverage
	Languages map[string][]Set `json:"languages,omitzero"` // the same for records of one language, if there are enough
}

// Fitted is a [Head] with what its figures were computed from.
type Fitted struct {
	Head
	Before, After metrics.Calibration
	Best          bool // a temperature was fitted
}

// Fit calibrates a head. sets asks for sets of labels, which yes/no outputs and words don't
// have. With fewer than [LeastRecords] labelled records the error is [ErrTooFew], wrapped.
func Fit(o Outputs, sets bool) (Fitted, error) {
	if err := o.check(); err != nil {
		return Fitted{}, err
	}
	f := Fitted{Head: Head{Records: o.labelled()}}
	if f.Records < LeastRecords {
		return f, fmt.Errorf("%w: %d, want %d or more", ErrTooFew, f.Records, LeastRecords)
	}
	var err error
	if f.Temperature, err = o.Temperature(); err != nil && !errors.Is(err, ErrNoTemperature) {
		return f, err
	}
	f.Best = err == nil
	f.Before = o.Calibration(1)
	f.NLL.Before, f.ECE.Before = o.NLL(1), f.Before.ECE
	f.measure(o)
	if sets && !o.YesNo {
		f.Sets = fitSets(o, f.Temperature)
		f.Languages = byLanguage(o, f.Temperature)
	}
	return f, nil
}

// halves splits the records into two, by turns.
func (o Outputs) halves() [2]Outputs {
	order := map[int]int{} // of the records
	for i, record := range slices.Compact(slices.Sorted(slices.Values(o.Records))) {
		order[record] = i
	}
	return [2]Outputs{
		o.part(func(i int) bool { return order[o.Records[i]]%2 == 0 }),
		o.part(func(i int) bool { return order[o.Records[i]]%2 == 1 }),
	}
}

// measure computes the figures with the temperature of the other half.
func (f *Fitted) measure(o Outputs) {
	var p []float32
	var happened []bool
	var nll, weight float64
	halves := o.halves()
	for i, half := range halves {
		t, _ := halves[1-i].Temperature() // 1 if none is best
		some, came := half.outcomes(t)
		p, happened = append(p, some...), append(happened, came...)
		if len(some) > 0 {
			nll += half.NLL(t) * float64(len(some))
			weight += float64(len(some))
		}
	}
	f.After = metrics.Calibrate(p, happened, metrics.DefaultBins)
	f.NLL.After, f.ECE.After = nll/weight, f.After.ECE
}

// fitSets returns the sets for which there are enough records.
func fitSets(o Outputs, t float64) []Set {
	var list []Set
	all, halves := o.scores(t), o.halves()
	for _, coverage := range Coverages() {
		q, ok := Quantile(all, coverage)
		if !ok {
			continue
		}
		s := Set{Coverage: coverage, Score: q}
		hits, size, rows := 0, 0, 0
		for i, half := range halves {
			score, ok := Quantile(halves[1-i].scores(t), coverage)
			if !ok {
				score = 1 // all labels
			}
			h, n, r := Set{Score: score}.hits(half, t)
			hits, size, rows = hits+h, size+n, rows+r
		}
		s.Measured, s.Size = float64(hits)/float64(rows), float64(size)/float64(rows)
		list = append(list, s)
	}
	return list
}

// byLanguage returns the sets of each language with enough records.
func byLanguage(o Outputs, t float64) map[string][]Set {
	names := map[string]bool{}
	for _, name := range o.Groups {
		if name != "" {
			names[name] = true
		}
	}
	languages := map[string][]Set{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		part := o.part(func(i int) bool { return o.Groups[i] == name })
		if part.labelled() < LeastRecords {
			continue
		}
		if sets := fitSets(part, t); sets != nil {
			languages[name] = sets
		}
	}
	if len(languages) == 0 {
		return nil
	}
	return languages
}
