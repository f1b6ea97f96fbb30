// Package protocol is how the benchmark's driver and its workers talk: a
// worker says once what it is, then answers each line on its standard input,
// a [Request], by one line on its standard output, a [Response]. It ends when
// its input does. Everything else it has to say goes to standard error.
//
// bench/python/worker.py speaks the same.
package protocol

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The cases that a worker may know.
const (
	Train       = "train"        // one pass over the training batches
	Latency     = "latency"      // texts of Arg tokens, one call after the other, all tasks
	Products    = "products"     // the matrix products of a text of Arg tokens alone, as often as Latency has texts
	Batch       = "batch"        // all calls at once, all tasks
	TokenizeOne = "tokenize_one" // on one thread
	TokenizeAll = "tokenize_all" // on all threads
	Load        = "load"         // a new process, up to its first prediction
	Check       = "check"        // logits of some texts, to see that all workers compute the same
	Labels      = "labels"       // predicted labels of the first Arg calls; 0: of all
)

// The precisions of a case.
const (
	FP32 = "fp32"
	BF16 = "bf16"
	INT8 = "int8"
)

// Hello is a worker's first line.
type Hello struct {
	Ready    bool              `json:"ready"`
	Versions map[string]string `json:"versions"`       // of the libraries underneath
	Lacks    []string          `json:"lacks,omitzero"` // precisions that it has elsewhere, but not on this machine
}

// Request asks a worker to run a case once.
type Request struct {
	Case      string `json:"case"`
	Precision string `json:"precision,omitzero"` // where the case has one
	Arg       int    `json:"arg,omitzero"`       // see the cases
}

// Response is what came of it.
type Response struct {
	Seconds float64          `json:"seconds"`          // of the work itself, or of the new process from start to end
	Each    []float64        `json:"each,omitzero"`    // Latency, Products: seconds of each call
	Samples int              `json:"samples"`          // examples, calls or texts; never 0 of a timed case
	Tokens  int              `json:"tokens"`           // real tokens in them
	Inside  float64          `json:"inside,omitzero"`  // Load: seconds without the start of the process
	PeakMB  float64          `json:"peak_mb,omitzero"` // Load: the new process's largest memory
	Loss    float64          `json:"loss,omitzero"`    // Train: mean over the batches
	Values  []float64        `json:"values,omitzero"`  // Check
	Labels  map[string][]int `json:"labels,omitzero"`  // Labels: by task, of all texts in a row
	Error   string           `json:"error,omitzero"`   // the case failed; the worker lives on
}

// Serve speaks for a worker until in ends.
func Serve(in io.Reader, out io.Writer, hello Hello, run func(Request) (Response, error)) error {
	encoder := json.NewEncoder(out)
	if err := encoder.Encode(hello); err != nil {
		return fmt.Errorf("greet the driver: %w", err)
	}
	reader := bufio.NewReader(in)
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		var request Request
		if err := json.Unmarshal(line, &request); err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		response, err := run(request)
		if err != nil {
			response = Response{Error: err.Error()}
		}
		if err := encoder.Encode(response); err != nil {
			return fmt.Errorf("answer a request: %w", err)
		}
	}
}
