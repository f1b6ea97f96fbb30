// Command driver runs the benchmark: workers that do the same work in
// different ways take turns, and it compares their medians.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/trident-nlp/trident/bench/report"
	"github.com/trident-nlp/trident/internal/cli"
)

const help = `Run the benchmark: workers take turns on each case, and their medians are compared. bench/run.sh calls this.`

type command struct {
	Worker  map[string]string `required:"" mapsep:"none" placeholder:"NAME=COMMAND" help:"A worker and the shell command that starts it (again for others)."`
	Work    string            `required:"" placeholder:"DIR" help:"Folder for result.json."`
	Cases   []string          `placeholder:"PATTERN,…" help:"Only these cases: latency_64_fp32, 'train_*', … (all)."`
	Workers []string          `placeholder:"NAME,…" help:"Only these workers: ours, today, best, compiled, onnx, openvino, ctranslate2 (all)."`
	Rounds  int               `default:"5" placeholder:"N" help:"Rounds (${default})."`
	Warmup  int               `default:"1" placeholder:"N" help:"Rounds before, which don't count (${default})."`
	Threads int               `default:"2" placeholder:"N" help:"Threads that the workers were given, for the record (${default})."`
	Limit   string            `placeholder:"ISA" help:"The last instruction set that the workers were told to use, for the record."`
	Labels  bool              `help:"Compare the labels of all calls in lower precision with those in float32, also of a part of the benchmark (otherwise of a few calls)."`
	Docs    string            `placeholder:"DIR" help:"Write the result of a whole run into this folder."`
	Part    bool              `help:"Write the result of a part of the benchmark into the docs, too; of other cases, this processor's earlier result stays."`
	Timeout time.Duration     `default:"20m" placeholder:"TIME" help:"For one answer of a worker (${default})."`
	List    bool              `help:"List the cases and end."`
}

func main() { os.Exit(cli.Main("driver", help, &command{}, os.Args[1:], cli.Standard())) }

// Run implements [cli.Command].
func (c *command) Run(ctx context.Context, streams cli.Streams) error {
	if c.Rounds < 1 || c.Warmup < 0 {
		return cli.Usagef("want 1 round or more, and a warm-up of 0 or more")
	}
	cases, whole, err := choose(allCases(), c.Cases, c.Workers)
	if err != nil {
		return cli.Usagef("%v", err)
	}
	if c.List {
		for _, b := range cases {
			fmt.Fprintf(streams.Out, "%-18s %-40s %s\n", b.name, b.title, strings.Join(b.workers, " "))
		}
		return nil
	}
	r := result{Started: time.Now(), Machine: report.ThisMachine(), Threads: c.Threads, Rounds: c.Rounds, Versions: map[string]map[string]string{}}
	if busy := r.Machine.LoadBefore; busy > busyLoad {
		fmt.Fprintf(streams.Err, "the machine is busy (load %.1f): the ratios may be off\n", busy)
	}
	r.Machine.Limit = c.Limit
	if cases, err = c.compareAnswers(ctx, cases, whole, &r); err != nil {
		return err
	}
	workers, stop, err := c.startAll(ctx, namesOf(cases))
	if err != nil {
		return err
	}
	defer stop()
	measured, err := play(ctx, cases, askers(workers), c.Warmup, c.Rounds, streams.Err)
	if err != nil {
		return err
	}
	r.Machine.LoadAfter = report.Load()
	r.Targets, r.Measurements = judge(targets(), measured), summaries(measured)
	c.print(streams, r, measured)
	if err := r.write(filepath.Join(c.Work, "result.json")); err != nil {
		return err
	}
	if c.Docs == "" {
		return nil
	}
	if !whole && !c.Part {
		fmt.Fprintf(streams.Err, "%s is left alone: only a part of the benchmark ran\n", c.Docs)
		return nil
	}
	return writeDocs(c.Docs, r, !whole)
}

// compareAnswers has workers of their own compute the same, notes in r what they
// are and how their labels differ, and returns the cases that they can run. Those
// workers end, so that what they made and held doesn't count as memory of a case.
func (c *command) compareAnswers(ctx context.Context, cases []benchCase, whole bool, r *result) ([]benchCase, error) {
	names := namesOf(cases)
	workers, stop, err := c.startAll(ctx, names)
	if err != nil {
		return nil, err
	}
	defer stop()
	lacks := map[string][]string{}
	for name, w := range workers {
		r.Versions[name], lacks[name] = w.hello.Versions, w.hello.Lacks
	}
	if err := checkSame(askers(workers), names); err != nil {
		return nil, err
	}
	cases, calls := without(cases, lacks), fewCalls
	if c.Labels || whole {
		calls = 0
	}
	r.Agreements, err = agree(askers(workers), cases, calls)
	return cases, err
}

// startAll starts the workers of these names; stop ends them.
func (c *command) startAll(ctx context.Context, names []string) (workers map[string]*worker, stop func(), err error) {
	workers = map[string]*worker{}
	stop = func() {
		for _, w := range workers {
			w.stop()
		}
	}
	for _, name := range names {
		w, err := start(ctx, name, c.Worker[name], c.Timeout)
		if err != nil {
			stop()
			return nil, nil, err
		}
		workers[name] = w
	}
	return workers, stop, nil
}

func askers(workers map[string]*worker) map[string]asker {
	list := map[string]asker{}
	for name, w := range workers {
		list[name] = w
	}
	return list
}

// fewCalls is how many calls' labels are compared before a part of the benchmark.
const fewCalls = 8

// busyLoad is the load above which a warning is due.
const busyLoad = 1

func (c *command) print(streams cli.Streams, r result, measured []measurement) {
	var wanted []outcome
	for _, o := range r.Targets {
		if o.measured() {
			wanted = append(wanted, o)
		}
	}
	tables := r.tables(measured)
	if len(wanted) > 0 {
		tables = append(tables, targetTable(wanted))
	}
	for _, t := range tables {
		fmt.Fprintf(streams.Out, "\n%s", t)
	}
	fmt.Fprintf(streams.Out, "\n%s", r.describe())
}
