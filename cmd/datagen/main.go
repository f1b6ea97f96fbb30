// Command datagen writes synthetic helpline calls in the three schemas used for
// training.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

const help = `Write synthetic helpline calls: entities (JSONL), cases and counsellor quality (JSON).

The same seed and form give the same records; a smaller set is the beginning of a larger one.
Texts and labels are made up: no call, person or phone number is real.

Examples:
  datagen                                                          the full set, in data/
  datagen --out small --short --ner 1000 --cases 2400 --qa 1200    a set for a small model
  datagen --out data7 --seed 7                                     other calls
  datagen --out whole --long --ner 600 --cases 600 --qa 600        calls of 1,500 to 4,000 words`

type command struct {
	Out   string   `path:"" default:"data" placeholder:"DIR" help:"Folder to write to (${default})."`
	NER   int      `name:"ner" default:"2000" placeholder:"N" help:"Records with entities (${default})."`
	Cases int      `default:"9996" placeholder:"N" help:"Classified cases (${default})."`
	QA    int      `name:"qa" default:"4996" placeholder:"N" help:"Calls with quality labels (${default})."`
	Seed  cli.Seed `default:"42" placeholder:"N" help:"Another seed gives other calls (${default})."`
	Short bool     `help:"Calls of about 70 words (QA: 160) instead of 300."`
	Long  bool     `help:"Calls of 1,500 to 4,000 words in turns, whose labels hang on what is said late."`
	Force bool     `help:"Replace files that are there."`
}

func main() { os.Exit(run(os.Args[1:], cli.Standard())) }

func run(args []string, streams cli.Streams) int {
	return cli.Main("datagen", help, &command{}, args, streams)
}

// Run writes the three files.
func (c *command) Run(ctx context.Context, streams cli.Streams) error {
	if err := c.check(); err != nil {
		return err
	}
	options := synth.Options{NER: c.NER, Cases: c.Cases, QA: c.QA, Seed: uint64(c.Seed), Short: c.Short, Long: c.Long}
	progress, done := newProgress(streams.Err)
	summary, err := synth.WriteAll(ctx, c.Out, options, progress)
	done()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return errors.New("no unfinished file is left")
		}
		return err
	}
	for _, file := range summary.Files {
		fmt.Fprintf(streams.Out, "%7d records  %8.1f MB  %s\n", file.Records, float64(file.Bytes)/1e6, file.Path)
	}
	fmt.Fprintf(streams.Out, "seed %d, %s\n", c.Seed, summary.Elapsed.Round(10*time.Millisecond))
	return nil
}

func (c *command) check() error {
	if c.Out == "" {
		return cli.Usagef("--out wants a folder, but is empty")
	}
	if c.Short && c.Long {
		return cli.Usagef("--short and --long exclude each other")
	}
	for _, size := range []struct {
		flag string
		n    int
	}{{"--ner", c.NER}, {"--cases", c.Cases}, {"--qa", c.QA}} {
		if size.n < 0 {
			return cli.Usagef("%s must not be negative, but is %d", size.flag, size.n)
		}
	}
	if c.Force {
		return nil
	}
	return refuse(synth.Files(c.Out))
}

// refuse returns an error that names the existing files.
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
	return fmt.Errorf("already there: %s; give --force to replace, or another folder with --out", strings.Join(there, ", "))
}

// newProgress shows the number of calls written. done removes it.
func newProgress(w io.Writer) (progress func(done, total int), done func()) {
	bar := terminal.NewProgress(w, "Calls", 0, terminal.Options{Lines: w})
	return func(done, total int) { bar.Set(int64(done), int64(total), "") }, bar.Finish
}
