package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/trident-nlp/trident/bench/protocol"
)

// tolerance is how far the workers' logits may be apart.
const tolerance = 1e-3

// checkSame has all workers compute the same logits: else their times mean
// nothing.
func checkSame(workers map[string]asker, names []string) error {
	var first []float64
	for _, name := range names {
		r, err := workers[name].ask(protocol.Request{Case: protocol.Check})
		if err != nil {
			return err
		}
		if len(r.Values) == 0 {
			return fmt.Errorf("worker %s: no logits to compare", name)
		}
		if first == nil {
			first = r.Values
		}
		if len(r.Values) != len(first) {
			return fmt.Errorf("worker %s gives %d logits, %s %d", name, len(r.Values), names[0], len(first))
		}
		for i, x := range r.Values {
			if !(math.Abs(x-first[i]) <= tolerance) {
				return fmt.Errorf("worker %s computes something else than %s: logit %d is %g, not %g", name, names[0], i, x, first[i])
			}
		}
	}
	return nil
}

// agreement is how many of a worker's labels in a lower precision differ from
// its own in float32.
type agreement struct {
	Worker    string `json:"worker"`
	Precision string `json:"precision"`
	Task      string `json:"task"`
	Labels    int    `json:"labels"`
	Differ    int    `json:"differ"`
}

// kind is what a is about, without its figures.
func (a agreement) kind() agreement {
	return agreement{Worker: a.Worker, Precision: a.Precision, Task: a.Task}
}

func (a agreement) share() float64 { return float64(a.Differ) / float64(max(1, a.Labels)) }

// reduced are the lower precisions in which a worker reads texts in these cases.
func reduced(cases []benchCase, name string) []string {
	var list []string
	for _, c := range cases {
		reads := c.request.Case == protocol.Latency || c.request.Case == protocol.Batch
		if p := c.request.Precision; reads && p != protocol.FP32 && slices.Contains(c.workers, name) && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// agree compares labels of the first calls (0: of all) for the workers that read
// in a lower precision in these cases.
func agree(workers map[string]asker, cases []benchCase, calls int) ([]agreement, error) {
	var list []agreement
	for _, name := range namesOf(cases) {
		precisions := reduced(cases, name)
		if len(precisions) == 0 {
			continue
		}
		full, err := workers[name].ask(protocol.Request{Case: protocol.Labels, Precision: protocol.FP32, Arg: calls})
		if err != nil {
			return nil, err
		}
		for _, precision := range precisions {
			r, err := workers[name].ask(protocol.Request{Case: protocol.Labels, Precision: precision, Arg: calls})
			if err != nil {
				return nil, err
			}
			compared, err := compareLabels(full.Labels, r.Labels)
			if err != nil {
				return nil, fmt.Errorf("worker %s, labels in %s: %w", name, precision, err)
			}
			for _, a := range compared {
				a.Worker, a.Precision = name, precision
				list = append(list, a)
			}
		}
	}
	return list, nil
}

func compareLabels(full, lower map[string][]int) ([]agreement, error) {
	var list []agreement
	for _, task := range []string{"ner", "cls", "qa"} {
		a, b := full[task], lower[task]
		if len(a) == 0 || len(a) != len(b) {
			return nil, fmt.Errorf("%d labels of %s to compare with %d", len(b), task, len(a))
		}
		one := agreement{Task: task, Labels: len(a)}
		for i := range a {
			if a[i] != b[i] {
				one.Differ++
			}
		}
		list = append(list, one)
	}
	return list, nil
}

// namesOf lists the workers of the cases, in the order of the plan.
func namesOf(cases []benchCase) []string {
	var names []string
	for _, name := range workerNames() {
		if slices.ContainsFunc(cases, func(c benchCase) bool { return slices.Contains(c.workers, name) }) {
			names = append(names, name)
		}
	}
	return names
}
