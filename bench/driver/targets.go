package main

import "fmt"

// target is one line of the table that the project set itself.
type target struct {
	what                 string
	oursCase             string // of ours
	theirCase, theirName string // what it is compared with
	against              string // the same in words
	atLeast              float64
	below                float64 // seconds, instead of a comparison
}

// targets are those of the project's issue on speed.
func targets() []target {
	list := []target{
		{what: "multi-task training, fp32", oursCase: "train_fp32", theirCase: "train_fp32", theirName: today, atLeast: 1.7},
		{what: "multi-task training, bf16", oursCase: "train_bf16", theirCase: "train_fp32", theirName: today, atLeast: 3.5},
		{what: "multi-task training, bf16", oursCase: "train_bf16", theirCase: "train_bf16", theirName: best, atLeast: 1.3},
	}
	for _, length := range []int{64, 256, 400} {
		list = append(list, target{what: fmt.Sprintf("all tasks for a call of %d tokens, fp32", length),
			oursCase: fmt.Sprintf("latency_%d_fp32", length), theirCase: fmt.Sprintf("latency_%d_fp32", length), theirName: today, atLeast: 3})
	}
	for _, length := range []int{64, 256, 400} {
		list = append(list, target{what: fmt.Sprintf("all tasks for a call of %d tokens, int8", length),
			oursCase: fmt.Sprintf("latency_%d_int8", length), theirCase: fmt.Sprintf("latency_%d_fp32", length), theirName: today, atLeast: 7})
	}
	list = append(list,
		target{what: "batch inference, fp32", oursCase: "batch_fp32", theirCase: "batch_fp32", theirName: onnx, atLeast: 1.1},
		target{what: "batch inference, int8", oursCase: "batch_int8", theirCase: "batch_int8", theirName: onnx, atLeast: 1},
		target{what: "tokenizing, one thread", oursCase: "tokenize_one", theirCase: "tokenize_one", theirName: today, atLeast: 3},
		target{what: "tokenizing, all threads", oursCase: "tokenize_all", theirCase: "tokenize_all", theirName: today, atLeast: 3},
		target{what: "a new process to its first prediction", oursCase: "load", below: 1.5},
	)
	words := map[string]string{today: "the Python way", best: "the best Python setting", onnx: "ONNX Runtime"}
	for i, t := range list {
		if t.below > 0 {
			continue
		}
		list[i].against = words[t.theirName]
		if t.theirName == onnx {
			list[i].against += " " + t.theirCase[len("batch_"):]
		} else if t.theirCase != t.oursCase {
			list[i].against += ", fp32"
		}
	}
	return list
}
