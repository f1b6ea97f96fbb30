package main

import (
	"fmt"

	"github.com/trident-nlp/trident/bench/protocol"
)

// target is one line of the table that the project set itself.
type target struct {
	what                 string
	oursCase             string   // of ours
	theirCase, theirName string   // what it is compared with
	fastestOf            []string // or the fastest of these in theirCase
	against              string   // the same in words
	atLeast              float64
	below                float64 // seconds, instead of a comparison
}

// targets are those of the project's issues on speed.
func targets() []target {
	list := []target{
		{what: "multi-task training, fp32", oursCase: "train_fp32", theirCase: "train_fp32", theirName: today, atLeast: 1.7},
		{what: "multi-task training, bf16", oursCase: "train_bf16", theirCase: "train_fp32", theirName: today, atLeast: 3.5},
		{what: "multi-task training, bf16", oursCase: "train_bf16", theirCase: "train_bf16", theirName: best, atLeast: 1.3},
	}
	precisions := []string{protocol.FP32, protocol.INT8}
	for _, precision := range precisions {
		for _, length := range lengths() {
			name := fmt.Sprintf("latency_%d_%s", length, precision)
			list = append(list, target{what: call(length, precision), oursCase: name, theirCase: name, fastestOf: peerNames(), atLeast: 1})
		}
	}
	for _, precision := range precisions {
		name := "batch_" + precision
		list = append(list, target{what: "batch inference, " + precision, oursCase: name, theirCase: name, fastestOf: peerNames(), atLeast: 1.1})
	}
	for _, precision := range precisions {
		for _, length := range []int{64, 256, 400} {
			list = append(list, target{what: call(length, precision), oursCase: fmt.Sprintf("latency_%d_%s", length, precision),
				theirCase: fmt.Sprintf("latency_%d_fp32", length), theirName: today, atLeast: map[string]float64{protocol.FP32: 3, protocol.INT8: 7}[precision]})
		}
	}
	list = append(list,
		target{what: "tokenizing, one thread", oursCase: "tokenize_one", theirCase: "tokenize_one", theirName: today, atLeast: 3},
		target{what: "tokenizing, all threads", oursCase: "tokenize_all", theirCase: "tokenize_all", theirName: today, atLeast: 3},
		target{what: "a new process to its first prediction", oursCase: "load", below: 1.5},
	)
	for i, t := range list {
		switch {
		case t.below > 0:
		case len(t.fastestOf) > 0:
			list[i].against = "the fastest of the others"
		default:
			list[i].against = inWords(t.theirName)
			if t.theirCase != t.oursCase {
				list[i].against += ", fp32"
			}
		}
	}
	return list
}

func call(length int, precision string) string {
	return fmt.Sprintf("all tasks for a call of %d tokens, %s", length, precision)
}

// inWords is what a worker is.
func inWords(worker string) string {
	return map[string]string{
		today: "the Python way", best: "the best Python setting", compiled: "torch.compile",
		onnx: "ONNX Runtime", openVINO: "OpenVINO", cTranslate: "CTranslate2",
	}[worker]
}
