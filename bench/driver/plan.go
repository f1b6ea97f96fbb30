package main

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/bench/protocol"
)

// The workers, as --worker names them.
const (
	ours  = "ours"
	today = "today" // the Python way
	best  = "best"  // the best that a Python user could reach
	onnx  = "onnx"  // ONNX Runtime

	compiled   = "compiled" // best through torch.compile
	openVINO   = "openvino"
	cTranslate = "ctranslate2"
)

// workerNames lists the workers, in the order in which they are shown.
func workerNames() []string { return []string{ours, today, best, compiled, onnx, openVINO, cTranslate} }

// peerNames lists the workers whose fastest ours is compared with.
func peerNames() []string { return []string{best, compiled, onnx, openVINO, cTranslate} }

// lengths are the tokens of the single calls.
func lengths() []int { return []int{16, 64, 128, 256, 400, 512} }

// peakFrom is the length from which on the matrix products of a call are timed
// alone: shorter calls are about other things.
const peakFrom = 256

// unit is what a case's figure is, and which way is better.
type unit string

const (
	perSample unit = "ms/call"   // less is better
	samples   unit = "samples/s" // more is better
	tokens    unit = "tokens/s"  // more is better
	process   unit = "s"         // less is better
)

// figure is what one run of a case gives.
func (u unit) figure(r protocol.Response) float64 {
	switch u {
	case perSample:
		return 1000 * r.Seconds / float64(r.Samples)
	case samples:
		return float64(r.Samples) / r.Seconds
	case tokens:
		return float64(r.Tokens) / r.Seconds
	default:
		return r.Seconds
	}
}

// speedup is how many times faster a is than b, both figures of this unit.
func (u unit) speedup(a, b float64) float64 {
	if u == samples || u == tokens {
		return a / b
	}
	return b / a
}

// benchCase is something that several workers do in turn.
type benchCase struct {
	name    string // as --cases selects it
	group   string // cases of a group are interleaved
	title   string
	unit    unit
	request protocol.Request
	workers []string
}

// allCases are the benchmark.
func allCases() []benchCase {
	var list []benchCase
	add := func(group, title string, u unit, arg int, workers map[string][]string) {
		for _, precision := range []string{protocol.FP32, protocol.BF16, protocol.INT8} {
			if workers[precision] == nil {
				continue
			}
			name := group
			if arg > 0 {
				name = fmt.Sprintf("%s_%d", group, arg)
			}
			list = append(list, benchCase{
				name: name + "_" + precision, group: name, title: title + ", " + precision, unit: u,
				request: protocol.Request{Case: group, Precision: precision, Arg: arg}, workers: workers[precision],
			})
		}
	}
	plain := func(name, title string, u unit, workers ...string) {
		list = append(list, benchCase{name, name, title, u, protocol.Request{Case: name}, workers})
	}
	batch := map[string][]string{
		protocol.FP32: {ours, today, best, onnx, openVINO, cTranslate},
		protocol.BF16: {ours, best, openVINO},
		protocol.INT8: {ours, onnx, openVINO, cTranslate},
	}
	single := maps.Clone(batch)
	single[protocol.FP32] = workerNames()
	plain(protocol.TokenizeOne, "tokenizing, one thread", tokens, ours, today, best)
	plain(protocol.TokenizeAll, "tokenizing, all threads", tokens, ours, today, best)
	plain(protocol.Load, "a new process to its first prediction", process, ours, today, best)
	for _, length := range lengths() {
		add(protocol.Latency, fmt.Sprintf("one call of %d tokens", length), perSample, length, single)
		if length >= peakFrom {
			list = append(list, benchCase{
				name: fmt.Sprintf("products_%d", length), group: fmt.Sprintf("latency_%d", length), unit: perSample,
				title:   fmt.Sprintf("matrix products of a call of %d tokens, fp32", length),
				request: protocol.Request{Case: protocol.Products, Precision: protocol.FP32, Arg: length}, workers: []string{best},
			})
		}
	}
	add(protocol.Batch, "batch inference", samples, 0, batch)
	add(protocol.Train, "multi-task training", samples, 0, map[string][]string{
		protocol.FP32: {ours, today, best}, protocol.BF16: {ours, best},
	})
	return list
}

// choose leaves the cases that match one of the patterns, with those workers;
// no pattern and no worker choose all. whole says that nothing was left out.
func choose(all []benchCase, patterns, workers []string) (chosen []benchCase, whole bool, err error) {
	for _, pattern := range patterns {
		used := false
		for _, c := range all {
			matches, err := path.Match(pattern, c.name)
			if err != nil {
				return nil, false, fmt.Errorf("cases %q: %w", pattern, err)
			}
			used = used || matches
		}
		if !used {
			return nil, false, fmt.Errorf("no case matches %q; there are %s", pattern, strings.Join(caseNames(all), ", "))
		}
	}
	for _, worker := range workers {
		if !slices.Contains(workerNames(), worker) {
			return nil, false, fmt.Errorf("no worker %q; there are %s", worker, strings.Join(workerNames(), ", "))
		}
	}
	whole = true
	for _, c := range all {
		wanted := len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool {
			matches, _ := path.Match(pattern, c.name) // checked above
			return matches
		})
		left := slices.DeleteFunc(slices.Clone(c.workers), func(name string) bool {
			return len(workers) > 0 && !slices.Contains(workers, name)
		})
		whole = whole && wanted && len(left) == len(c.workers)
		if wanted && len(left) > 0 {
			c.workers = left
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return nil, false, fmt.Errorf("none of the workers %s runs any of these cases", strings.Join(workers, ", "))
	}
	return chosen, whole, nil
}

// without leaves out what workers lack: a worker's cases in those precisions.
func without(cases []benchCase, lacks map[string][]string) []benchCase {
	var left []benchCase
	for _, c := range cases {
		c.workers = slices.DeleteFunc(slices.Clone(c.workers), func(name string) bool {
			return slices.Contains(lacks[name], c.request.Precision)
		})
		if len(c.workers) > 0 {
			left = append(left, c)
		}
	}
	return left
}

func caseNames(list []benchCase) []string {
	var names []string
	for _, c := range list {
		names = append(names, c.name)
	}
	return names
}
