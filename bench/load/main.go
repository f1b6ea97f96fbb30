// Command load measures servers side by side, in turns: how many calls a second
// each answers, how long one waits, and what it does when far too many ask. It
// is bounded in time and in the number of requests.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/trident-nlp/trident/bench/report"
	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

const help = `Measure servers side by side. bench/load/run.sh calls this.

Examples:
  load --server ours='bin/serve --model DIR --listen {address}' --model DIR --offline ours=fp32
  load --server there=http://10.0.0.5:8080 --key KEY --parts lone,saturation`

// flags are the command line.
type flags struct {
	Server []string `required:"" sep:"none" placeholder:"NAME=COMMAND" help:"A server and the shell command that starts it, where {address} stands for what it is to listen on; or the URL of one that runs (again for others, which must give the labels of the first)."`
	Key    string   `placeholder:"KEY" help:"A key of the servers."`

	Model   string            `placeholder:"DIR" help:"The servers' model, for --offline."`
	Offline map[string]string `placeholder:"NAME=PRECISION" help:"Measure the model without a server as well, in turns with the one of that name: fp32, bf16 or int8."`
	Threads int               `default:"0" placeholder:"N" help:"CPU threads offline; 0: one for each core."`

	Parts       []string      `default:"lone,saturation,half,flood" placeholder:"PART,…" help:"What to measure (${default}). half needs saturation, now or in --results."`
	Rounds      int           `default:"3" placeholder:"N" help:"How often each is measured (${default})."`
	Seconds     float64       `default:"15" placeholder:"S" help:"Of each measurement (${default})."`
	Requests    int           `default:"20000" placeholder:"N" help:"Requests of each measurement, at most (${default})."`
	Calls       int           `default:"48" placeholder:"N" help:"Made-up calls that are sent over and over (${default})."`
	Agree       int           `default:"6" placeholder:"N" help:"Of these: calls whose labels are compared first (${default})."`
	Differ      float64       `default:"0.05" placeholder:"SHARE" help:"Share of the labels that may differ; more ends the run (${default})."`
	Workers     int           `default:"48" placeholder:"N" help:"Connections that saturate a server (${default}); no more than the calls that it answers one by one in ten seconds."`
	Connections int           `default:"1000" placeholder:"N" help:"Connections that flood it (${default})."`
	Patience    time.Duration `default:"60s" placeholder:"TIME" help:"How long a client waits for an answer in the flood (${default}); elsewhere five minutes."`

	Results string `placeholder:"FILE" help:"Keep the measurements here; those of earlier runs count too."`
	Logs    string `placeholder:"DIR" help:"Write what the servers say here."`
	Against string `placeholder:"NAME" help:"The server that the others are compared with."`
}

func main() {
	os.Exit(cli.Main("load", help, &flags{}, os.Args[1:], cli.Standard()))
}

// Run implements [cli.Command].
func (f *flags) Run(ctx context.Context, streams cli.Streams) error {
	specs, err := f.check()
	if err != nil {
		return err
	}
	found, err := readResults(f.Results)
	if err != nil {
		return err
	}
	r := run{Started: time.Now().UTC(), Machine: report.ThisMachine(), Seconds: f.Seconds, Parts: f.Parts}
	texts := madeUp(f.Calls)
	var alone *offline
	if len(f.Offline) > 0 {
		if alone, err = openOffline(f.Model, f.Threads, texts); err != nil {
			return err
		}
		defer alone.close()
	}
	m := &measuring{flags: f, results: &found, texts: texts, offline: alone, say: streams.Err}
	for range f.Rounds {
		if r.Agreement, err = m.round(ctx, specs); err != nil {
			return err
		}
	}
	r.Machine.LoadAfter = report.Load()
	found.Runs = append(found.Runs, r)
	if err := found.write(f.Results); err != nil {
		return err
	}
	var names []string
	for _, s := range specs {
		names = append(names, s.name)
	}
	return tell(streams.Out, found, names, f.Against)
}

func tell(w io.Writer, r results, names []string, against string) error {
	if _, err := fmt.Fprintf(w, "%s\n%s", table(r, names, against).Markdown(), r.describe()); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}

// spec is a server that was asked for.
type spec struct{ name, command string }

// check finds what kong's tags can't.
func (f *flags) check() ([]spec, error) {
	for name, n := range map[string]int{"calls": f.Calls, "agree": f.Agree, "rounds": f.Rounds, "requests": f.Requests, "workers": f.Workers, "connections": f.Connections} {
		if n < 1 {
			return nil, cli.Usagef("--%s is %d; want 1 or more", name, n)
		}
	}
	if !(f.Seconds > 0) {
		return nil, cli.Usagef("--seconds is %g; want more than 0", f.Seconds)
	}
	if f.Patience <= 0 {
		return nil, cli.Usagef("--patience is %v; want more than 0", f.Patience)
	}
	for _, part := range f.Parts {
		if !slices.Contains([]string{lone, saturation, half, flood}, part) {
			return nil, cli.Usagef("--parts: there is no %s; want %s, %s, %s or %s", part, lone, saturation, half, flood)
		}
	}
	var specs []spec
	known := map[string]bool{}
	for _, s := range f.Server {
		name, command, found := strings.Cut(s, "=")
		if !found || name == "" || command == "" || known[name] {
			return nil, cli.Usagef("--server %s: want NAME=COMMAND or NAME=URL, each name once", s)
		}
		specs, known[name] = append(specs, spec{name, command}), true
	}
	for name, precision := range f.Offline {
		switch {
		case !known[name]:
			return nil, cli.Usagef("--offline: there is no server %s", name)
		case f.Model == "":
			return nil, cli.Usagef("--offline needs --model")
		case !slices.Contains([]string{"fp32", "bf16", "int8"}, precision):
			return nil, cli.Usagef("--offline %s=%s: want fp32, bf16 or int8", name, precision)
		}
	}
	if f.Against != "" && !known[f.Against] {
		return nil, cli.Usagef("--against: there is no server %s", f.Against)
	}
	return specs, nil
}

// madeUp are the narratives of datagen.
func madeUp(n int) []string {
	var texts []string
	for r := range synth.Cases(synth.Defaults()) {
		if texts = append(texts, string(r.Narrative)); len(texts) == n {
			break
		}
	}
	return texts
}
