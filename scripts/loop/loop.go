package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/internal/cli"
)

const help = `Close the loop, and measure what it is worth.

For each seed a small model is trained on few demo calls, and labels a pool of new cases. A stand-in for a reviewer, who
knows the right answers, reviews some of them: the first ones of the review queue (arm queue), or some at random (arm
random). The model is trained anew with these reviews (data.reviews), with as many updates of the weights as before, and all
three models are scored on demo calls that none of them has seen.

OUT gets a JSON file for each seed, without texts, and table.md. Seeds that are there aren't repeated. Calls, reviews
and models go to OUT/work. Run it in the repository's root.`

// loop are the command's flags.
type loop struct {
	Seeds   []uint64 `default:"1,2,3" placeholder:"N" help:"Seeds of the calls and of training (${default})."`
	Calls   int      `default:"250" placeholder:"N" help:"Demo calls of each kind to begin with, of which a fifth is for validation (${default})."`
	Pool    int      `default:"300" placeholder:"N" help:"New cases, which the model labels (${default})."`
	Reviews int      `default:"60" placeholder:"N" help:"Cases that are reviewed (${default})."`
	Test    int      `default:"500" placeholder:"N" help:"Demo calls of each kind to test on (${default})."`
	Epochs  int      `default:"11" placeholder:"N" help:"Epochs of the first training; with reviews there are as many updates (${default})."`
	Out     string   `path:"" default:"data/loop" placeholder:"DIR" help:"Folder for results (${default})."`
	Threads int      `default:"2" placeholder:"N" help:"CPU threads (${default})."`
	Table   bool     `help:"Only print the table of the seeds that are there."`
}

// Run implements [cli.Command].
func (l *loop) Run(ctx context.Context, streams cli.Streams) error {
	if len(l.Seeds) == 0 || l.Calls < 10 || l.Reviews < 1 || l.Reviews > l.Pool || l.Test < 1 || l.Epochs < 1 || l.Threads < 1 {
		return cli.Usagef("--seeds, --reviews, --test, --epochs and --threads must be at least 1, --calls at least 10, and --reviews at most --pool")
	}
	var all []result
	for _, seed := range l.Seeds {
		r, err := l.one(ctx, seed, streams)
		if errors.Is(err, fs.ErrNotExist) && l.Table {
			continue
		}
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return fmt.Errorf("there are no results in %s yet; run loop without --table", l.Out)
	}
	text := table(all)
	if _, err := fmt.Fprint(streams.Out, text); err != nil || l.Table {
		return err
	}
	return renameio.WriteFile(filepath.Join(l.Out, "table.md"), []byte(text), 0o644)
}

// one returns the result of a seed, which is read if it is there.
func (l *loop) one(ctx context.Context, seed uint64, streams cli.Streams) (result, error) {
	file := filepath.Join(l.Out, fmt.Sprintf("seed%d.json", seed))
	want := l.plan(seed)
	r, err := readResult(file)
	switch {
	case err == nil && r.Plan == want:
		return r, nil
	case err == nil:
		return result{}, fmt.Errorf("%s was made with other flags (%+v); name another --out, or remove it", file, r.Plan)
	case !errors.Is(err, fs.ErrNotExist) || l.Table:
		return result{}, err
	}
	r = result{Plan: want, Arms: map[string]arm{}}
	t := trial{plan: want, dir: filepath.Join(l.Out, "work", fmt.Sprintf("seed%d", seed)), threads: l.Threads}
	if err := os.RemoveAll(t.dir); err != nil {
		return result{}, err
	}
	if err := t.run(ctx, &r, func(what string) { fmt.Fprintf(streams.Err, "seed %d: %s\n", seed, what) }); err != nil {
		return result{}, err
	}
	return r, writeResult(file, r)
}

func (l *loop) plan(seed uint64) plan {
	return plan{Seed: seed, Calls: l.Calls, Pool: l.Pool, Reviews: l.Reviews, Test: l.Test, Epochs: l.Epochs}
}

// arms are the models that are compared, in the table's order.
func armNames() []string { return []string{before, random, queue} }

const (
	before = "before"
	random = "random"
	queue  = "queue"
)

// table is Markdown.
func table(all []result) string {
	var b strings.Builder
	p := all[0].Plan
	fmt.Fprintf(&b, "%d of %d cases reviewed; %d seeds; tested on %d unseen cases:\n\n", p.Reviews, p.Pool, len(all), p.Test)
	writeTable(&b, all, slices.Concat(scoreRows(), workRows()))
	b.WriteString("\nMeans over the seeds ± half of the 95 % interval of the mean (t-distribution); differences are by seed.\n")
	return b.String()
}
