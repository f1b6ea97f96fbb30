// Command ours is the benchmark's worker for Trident: see package protocol.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/trident-nlp/trident/bench/inputs"
	"github.com/trident-nlp/trident/bench/protocol"
	"github.com/trident-nlp/trident/bench/report"
	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/torchx"
)

const help = `Run cases of the benchmark, as its driver asks on standard input.`

type command struct {
	Work    string `required:"" placeholder:"DIR" help:"Folder that prepare wrote."`
	Threads int    `default:"2" placeholder:"N" help:"CPU threads (${default})."`
	First   bool   `help:"Load the model, predict one text, say how long it took, and end."`
}

func main() { os.Exit(cli.Main("ours", help, &command{}, os.Args[1:], cli.Standard())) }

// Run implements [cli.Command].
func (c *command) Run(ctx context.Context, streams cli.Streams) error {
	torchx.Configure(c.Threads)
	if c.First {
		return first(ctx, c.Work, streams.Out)
	}
	in, err := inputs.Read(c.Work)
	if err != nil {
		return err
	}
	w := &worker{in: in, work: c.Work, threads: c.Threads}
	defer w.drop()
	hello := protocol.Hello{Ready: true, Versions: map[string]string{"go": runtime.Version(), "libtorch": "2.11.0"}}
	machine := report.ThisMachine()
	machine.Limit = os.Getenv("TRIDENT_MAX_ISA") // as run.sh sets it for ISA=avx2
	if !machine.HasBF16() {
		hello.Lacks = []string{protocol.BF16}
	}
	return protocol.Serve(streams.In, streams.Out, hello, func(r protocol.Request) (protocol.Response, error) {
		return w.run(ctx, r)
	})
}

// worker holds what cases need: a model for inference or for training, never
// both, so that memory is that of the case.
type worker struct {
	in       inputs.Inputs
	work     string
	threads  int
	reader   *reader
	training *training
}

func (w *worker) run(ctx context.Context, r protocol.Request) (protocol.Response, error) {
	switch r.Case {
	case protocol.TokenizeOne, protocol.TokenizeAll:
		return w.tokenize(r.Case == protocol.TokenizeAll)
	case protocol.Load:
		return load(ctx, w.work, w.threads)
	case protocol.Train:
		if err := w.toTraining(); err != nil {
			return protocol.Response{}, err
		}
		return w.training.run(ctx, r.Precision)
	}
	if err := w.toInference(); err != nil {
		return protocol.Response{}, err
	}
	switch r.Case {
	case protocol.Latency:
		return w.latency(ctx, r.Precision, r.Arg)
	case protocol.Batch:
		return w.batch(ctx, r.Precision)
	case protocol.Check:
		return w.check()
	case protocol.Labels:
		return w.labels(r.Precision, r.Arg)
	}
	return protocol.Response{}, fmt.Errorf("unknown case %q", r.Case)
}

func (w *worker) toTraining() (err error) {
	if w.training == nil {
		w.drop()
		w.training, err = newTraining(w.in)
	}
	return err
}

func (w *worker) toInference() (err error) {
	if w.reader == nil {
		w.drop()
		w.reader, err = newReader(w.in.Model)
	}
	return err
}

// drop frees the models.
func (w *worker) drop() {
	if w.reader != nil {
		w.reader.model.Drop()
		w.reader = nil
	}
	if w.training != nil {
		w.training.drop()
		w.training = nil
	}
}
