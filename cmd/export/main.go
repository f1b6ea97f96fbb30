// Command export writes a trained model as an ONNX graph.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/libtorch"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/onnx"
)

const help = `Write a model as one ONNX graph, the encoder and the heads of all tasks, which ONNX Runtime, OpenVINO and others run.

Inputs are input_ids and attention_mask, outputs the logits of each head: cls.main, qa.opening, …; of a model that
Hugging Face's token classifiers read, logits.

Examples:
  export --model models/quickstart --output model.onnx
  export --model models/quickstart --output model-int8.onnx --precision int8
  export --model models/ner --output models/ner-onnx                 (a folder, with the tokenizer's files: Optimum's layout)`

type command struct {
	Model     string `path:"" required:"" placeholder:"DIR" help:"Model directory, as written by train."`
	Output    string `path:"" required:"" placeholder:"PATH" help:"A file NAME.onnx, or a folder for model.onnx, config.json, label_maps.json and the tokenizer's files."`
	Precision string `enum:"fp32,int8" default:"fp32" help:"fp32, or int8: the encoder's linear layers in 8-bit integers; half the size and up to three times as fast, a little less exact (${default})."`
}

func main() { os.Exit(run(os.Args[1:], cli.Standard())) }

func run(args []string, streams cli.Streams) int {
	return cli.Main("export", help, &command{}, args, streams)
}

// Libtorch is for --version.
func (*command) Libtorch() string { return libtorch.Version }

// Run implements [cli.Command].
func (c *command) Run(ctx context.Context, streams cli.Streams) error {
	start := time.Now()
	w, err := onnx.Export(ctx, c.Model, c.Output, onnx.Options{Precision: nn.Precision(c.Precision)})
	if err != nil {
		return err
	}
	fmt.Fprintf(streams.Out, "%s  %.1f MB, %s, %s\n", strings.Join(w.Files, ", "), float64(w.Bytes)/1e6, c.Precision, time.Since(start).Round(10*time.Millisecond))
	fmt.Fprintf(streams.Out, "inputs   %s, %s\noutputs  %s\n", onnx.InputIDs, onnx.AttentionMask, strings.Join(w.Outputs, ", "))
	if w.Windows.On() {
		fmt.Fprintf(streams.Out, "The model reads longer calls in windows of %d tokens, and the graph reads one window; %s answers for all of a call's: see docs/onnx.md.\n", w.Windows.Length, filepath.Base(w.Files[len(w.Files)-1]))
	}
	return nil
}
