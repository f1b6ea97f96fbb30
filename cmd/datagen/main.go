// Command datagen writes synthetic helpline calls in the three schemas that
// the model learns from.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

const help = `Write synthetic helpline calls: entities (JSONL), cases and counsellor quality (JSON).

The same seed and form give the same records; a smaller set is the beginning of a larger one.
Texts and labels are made up: no call, person or phone number is real.

Examples:
  datagen                                                  the full set, in data/
  datagen --out /tmp/d --short --ner 600 --cases 2400 --qa 1200    a set for a small model
  datagen --out data7 --seed 7 --force                     other calls, over those that are there`

type flags struct {
	Out   string `default:"data" placeholder:"DIR" help:"Folder to write to (${default})."`
	NER   int    `name:"ner" default:"2000" placeholder:"N" help:"Records with entities (${default})."`
	Cases int    `default:"9996" placeholder:"N" help:"Classified cases (${default})."`
	QA    int    `name:"qa" default:"4996" placeholder:"N" help:"Calls with quality labels (${default})."`
	Seed  uint64 `default:"42" placeholder:"N" help:"Another seed gives other calls (${default})."`
	Short bool   `help:"Calls of about 70 words instead of 300."`
	Force bool   `help:"Replace files that are there."`
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// Exit codes.
const (
	ok      = 0
	failure = 1
	misuse  = 2
)

func run(args []string, stdout, stderr io.Writer) int {
	var f flags
	exit := -1
	parser, err := kong.New(&f, kong.Name("datagen"), kong.Description(help), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code }), kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true}))
	if err != nil {
		fmt.Fprintln(stderr, "datagen:", err)
		return failure
	}
	_, err = parser.Parse(args)
	if exit >= 0 { // --help
		return exit
	}
	if err == nil {
		err = f.check()
	}
	if err != nil {
		fmt.Fprintf(stderr, "datagen: %v; see datagen --help\n", err)
		return misuse
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := f.generate(ctx, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "datagen:", err)
		return failure
	}
	return ok
}

func (f flags) check() error {
	for name, n := range map[string]int{"--ner": f.NER, "--cases": f.Cases, "--qa": f.QA} {
		if n < 0 {
			return fmt.Errorf("%s must not be negative, but is %d", name, n)
		}
	}
	return nil
}

func (f flags) generate(ctx context.Context, stdout, stderr io.Writer) error {
	if !f.Force {
		if err := refuse(synth.Files(f.Out)); err != nil {
			return err
		}
	}
	options := synth.Options{NER: f.NER, Cases: f.Cases, QA: f.QA, Seed: f.Seed, Short: f.Short}
	summary, err := synth.WriteAll(ctx, f.Out, options, progress(stderr))
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return errors.New("interrupted; no unfinished file is left")
		}
		return err
	}
	for _, file := range summary.Files {
		fmt.Fprintf(stdout, "%7d records  %8.1f MB  %s\n", file.Records, float64(file.Bytes)/1e6, file.Path)
	}
	fmt.Fprintf(stdout, "seed %d, %s\n", f.Seed, summary.Elapsed.Round(10*time.Millisecond))
	return nil
}

// refuse is an error that names the files that are there.
func refuse(paths []string) error {
	var there []string
	for _, path := range paths {
		if _, err := os.Lstat(path); err == nil {
			there = append(there, path)
		}
	}
	if there == nil {
		return nil
	}
	return fmt.Errorf("%s exists already; give --force to replace, or another folder with --out", strings.Join(there, ", "))
}

// progress shows a count on a terminal, and is nil elsewhere.
func progress(w io.Writer) func(done, total int) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return func(done, total int) {
		fmt.Fprintf(f, "\r%d of %d calls", done, total)
		if done == total {
			fmt.Fprint(f, "\r\x1b[K")
		}
	}
}
