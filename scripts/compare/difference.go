package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/trident-nlp/trident/pkg/metrics"
	"github.com/trident-nlp/trident/pkg/report"
)

// bootstrap draws test calls for the intervals of differences.
func bootstrap() metrics.Bootstrap { return metrics.Bootstrap{Resamples: 1000, Seed: 42} }

// scored is a model's figure on any of a task's test calls.
type scored struct {
	records map[int]int // position of each record number
	of      func(positions []int) float64
}

// scores are the figures of a run, by the keys of Figures.
type scores map[string]scored

// readScores reads what a run's models said about their test calls.
func (c *compare) readScores(r result) (scores, error) {
	path := filepath.Join(c.Out, "outputs", r.Outputs)
	list, err := readOutputs(path)
	if err != nil {
		return nil, err
	}
	all := scores{}
	for _, o := range list {
		names, figures, err := report.Resample(o, report.Options{})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		records := map[int]int{}
		for at, number := range o.Records {
			records[number] = at
		}
		for i, name := range names {
			all[o.Task.Name+" "+name] = scored{records, func(positions []int) float64 { return figures(positions)[i] }}
		}
	}
	return all, nil
}

// pair are two recipes' scores on the same calls, after training with the same seed.
type pair struct {
	fold int
	a, b scores
}

// block are the calls of one fold and task, and the pairs that were scored on them.
type block struct {
	column  int
	numbers []int // records that all have scored
	pairs   [][2]scored
}

// difference returns, by the keys of a summary's figures, the mean over the pairs of a's figure
// minus b's, with the 95 % bootstrap interval over the calls: a draw holds the same calls for
// all pairs. With folds it is the mean over the folds.
func difference(ctx context.Context, pairs []pair) (map[string]figureValue, error) {
	blocks, records, err := newBlocks(pairs)
	if err != nil {
		return nil, err
	}
	measure := func(index []int) []float64 { return differences(blocks, index) }
	everything := make([]int, records)
	for i := range everything {
		everything[i] = i
	}
	intervals, err := bootstrap().Intervals(ctx, records, measure)
	if err != nil {
		return nil, err
	}
	byFigure := map[string]figureValue{}
	for i, value := range measure(everything) {
		byFigure[figureKeys()[i]] = figureValue{value, &intervals[i]}
	}
	return byFigure, nil
}

func newBlocks(pairs []pair) (blocks []block, records int, err error) {
	var folds []int
	for _, p := range pairs {
		folds = append(folds, p.fold)
	}
	slices.Sort(folds)
	for _, fold := range slices.Compact(folds) {
		for i, c := range columns() {
			b := block{column: i}
			for _, p := range pairs {
				if p.fold == fold {
					b.pairs = append(b.pairs, [2]scored{p.a[c.figure], p.b[c.figure]})
				}
			}
			if b.numbers = shared(b.pairs); len(b.numbers) == 0 {
				return nil, 0, fmt.Errorf("no test call was scored for %s by all of their models", c.title)
			}
			blocks, records = append(blocks, b), records+len(b.numbers)
		}
	}
	return blocks, records, nil
}

// shared lists the records that all have scored: a model leaves out calls that are too long.
func shared(pairs [][2]scored) []int {
	times := map[int]int{}
	for _, p := range pairs {
		for _, s := range p {
			for number := range s.records {
				times[number]++
			}
		}
	}
	var numbers []int
	for number, n := range times {
		if n == 2*len(pairs) {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// differences are the columns' differences and their mean for some records, numbered through
// all blocks. One that isn't defined for them is NaN.
func differences(blocks []block, index []int) []float64 {
	drawn := make([][]int, len(blocks))
	starts := make([]int, len(blocks)+1)
	for i, b := range blocks {
		starts[i+1] = starts[i] + len(b.numbers)
	}
	for _, at := range index {
		i, _ := slices.BinarySearch(starts, at+1) // the first block that starts after it
		i--
		drawn[i] = append(drawn[i], blocks[i].numbers[at-starts[i]])
	}
	sums, folds := make([]float64, len(columns())), make([]float64, len(columns()))
	for i, b := range blocks {
		sums[b.column] += b.difference(drawn[i])
		folds[b.column]++
	}
	total := 0.0
	for i := range sums {
		sums[i] /= folds[i]
		total += sums[i]
	}
	return append(sums, total/float64(len(sums)))
}

// difference is the mean difference of the block's pairs; NaN without records.
func (b block) difference(numbers []int) float64 {
	if len(numbers) == 0 {
		return math.NaN()
	}
	sum, positions := 0.0, make([]int, len(numbers))
	for _, p := range b.pairs {
		var values [2]float64
		for side, s := range p {
			for i, number := range numbers {
				positions[i] = s.records[number]
			}
			values[side] = s.of(positions)
		}
		sum += values[0] - values[1]
	}
	return sum / float64(len(b.pairs))
}
