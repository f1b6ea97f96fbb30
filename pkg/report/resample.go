package report

import "fmt"

// Resample returns the names of the figures that the headline of a report on o has, and a
// function that computes them for records: index contains positions in o.Records, which may
// be repeated. An undefined figure is NaN. The function reuses the slice that it returns.
// With it, several models' figures can be computed for the same draws of records.
func Resample(o Outputs, opt Options) (names []string, of func(index []int) []float64, err error) {
	_, m, err := measured(o, opt)
	if err != nil {
		return nil, nil, fmt.Errorf("figures of task %s: %w", o.Task.Name, err)
	}
	return m.names, m.of, nil
}
