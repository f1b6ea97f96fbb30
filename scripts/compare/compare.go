package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/config"
)

func help() string {
	return `Train models in several ways, over seeds, score them on calls that none of them has seen, and compare them.

All recipes learn from the same calls, with the same calls held out for validation, and go through them equally often: a
model of all tasks makes as many updates for a task in E epochs as a single-task model in E. Without --data they are demo
calls in the short form, of other seeds to train and to test on. Recipes of the group long have demo calls in the long form,
and are scored on all that is labelled in them, read or not.

OUT gets results.jsonl (a line for each finished run), outputs and searches (what its models said, and learning rates),
table.md, summary.json and plots: a few MB in all, without texts, which can be committed. Calls and models go to WORK. After
a stop, the same command goes on with the training that it was in. Finished runs aren't repeated, also if WORK is lost. Start
with another OUT after changing configs/quickstart.yaml, configs/pretrain.yaml or the files of --data. Run it in the
repository's root.

Recipes, by group:
` + describe(recipes(false)) + `
Examples:
  compare
  compare --recipes singles,plain,distilled --seeds 1,2,3,4,5 --search
  compare --encoder .minilm --recipes compare,weights-auto --set training.batch_size=8
  compare --encoder .minilm --recipes encoders --data ../shared/data --folds 5 --epochs 4
  compare --out bench/compare/scratch --work data/compare
  compare --recipes long --out data/long
  compare --table`
}

// compare are the command's flags.
type compare struct {
	Recipes  []string `placeholder:"NAME" help:"Which recipes, by name or group; the group compare if not given."`
	Seeds    []uint64 `default:"1,2,3" placeholder:"N" help:"Seeds of training (${default})."`
	Encoder  string   `default:"none" placeholder:"DIR" help:"Pretrained encoder, such as .minilm (scripts/fetch_minilm.sh); none: from scratch, at the quickstart's size."`
	Data     string   `type:"existingdir" placeholder:"DIR" help:"Cross-validate on the ner.jsonl, cases.json and qa.json in this folder, instead of demo calls."`
	Also     string   `type:"existingdir" placeholder:"DIR" help:"Score all models also on the ner.jsonl, cases.json and qa.json in this folder, from which none learns."`
	Folds    int      `default:"5" placeholder:"N" help:"With --data: number of folds (${default})."`
	Sizes    []int    `placeholder:"N" help:"Demo calls to train on: with entities, cases, with quality labels; 3000,2400,1500 from scratch, 1000,1200,800 with --encoder DIR, 300,300,300 long ones."`
	Test     int      `default:"500" placeholder:"N" help:"Demo calls of each kind to test on (${default})."`
	Epochs   int      `placeholder:"N" help:"Epochs of all models; the recipes' if not given."`
	Set      []string `sep:"none" placeholder:"KEY=VALUE" help:"Settings of the configuration over the recipes', for all of them; may be repeated."`
	Search   bool     `help:"Choose each model's learning rate on its validation calls, among half, once and twice the recipe's, with the first seed."`
	Baseline string   `placeholder:"NAME" help:"Recipe from which the others' differences are shown; plain or, of the group long, the first, if not given."`
	Out      string   `path:"" default:"data/compare" placeholder:"DIR" help:"Folder for results (${default})."`
	Work     string   `path:"" placeholder:"DIR" help:"Folder for calls and models, which are large and can be made again; OUT if not given."`
	Threads  int      `default:"2" placeholder:"N" help:"CPU threads (${default})."`
	Table    bool     `help:"Only print the table of the finished runs with these settings."`

	unlabelled int      // demo calls for pretraining; 0: the default
	short      []int    // short demo calls that a stage with labels learns from; nil: the default
	all        []recipe // nil: recipes()
	whole      bool     // the recipes are of the group long: long calls, scored as a whole
}

// fromScratch is the --encoder of models without a pretrained one.
const fromScratch = "none"

// Run implements [cli.Command].
func (c *compare) Run(ctx context.Context, streams cli.Streams) error {
	if err := c.complete(); err != nil {
		return err
	}
	chosen, err := choose(c.all, c.Recipes)
	if err != nil {
		return err
	}
	if err := c.completeFor(chosen); err != nil {
		return err
	}
	if !slices.ContainsFunc(c.all, func(r recipe) bool { return r.name == c.Baseline }) {
		return cli.Usagef("--baseline: there is no recipe %q", c.Baseline)
	}
	file := filepath.Join(c.Out, "results.jsonl")
	done, err := readResults(file)
	if err != nil {
		return err
	}
	if !c.Table {
		if err := c.check(chosen); err != nil {
			return err
		}
		if done, err = c.runAll(ctx, chosen, done, file, streams); err != nil {
			return err
		}
	}
	s, err := c.summarise(ctx, done)
	if err != nil {
		return err
	}
	text := table(s)
	if _, err := fmt.Fprint(streams.Out, text); err != nil || c.Table {
		return err
	}
	if err := renameio.WriteFile(filepath.Join(c.Out, "table.md"), []byte(text), 0o644); err != nil {
		return err
	}
	return c.save(s)
}

// complete checks the flags and applies them to the recipes.
func (c *compare) complete() error {
	switch {
	case c.Folds < 2 || c.Threads < 1 || len(c.Seeds) == 0 || c.Epochs < 0 || c.Test < 1:
		return cli.Usagef("--folds must be at least 2, --threads and --test at least 1, --epochs not negative, and --seeds at least one number")
	case len(c.Sizes) != 0 && (len(c.Sizes) != len(taskNames()) || slices.Min(c.Sizes) < 1):
		return cli.Usagef("--sizes must be three numbers of calls: with entities, cases, with quality labels")
	}
	if c.Work == "" {
		c.Work = c.Out
	}
	if c.unlabelled == 0 {
		c.unlabelled = 10_000
	}
	if c.short == nil {
		c.short = []int{3000, 2400, 1500}
	}
	if c.all == nil {
		c.all = recipes(c.Encoder != fromScratch)
	}
	over := []string{"training.early_stopping_patience=0"}
	if c.Epochs > 0 {
		over = append(over, fmt.Sprintf("%s=%d", epochsKey, c.Epochs))
	}
	usual, _, err := config.Load(tasksConfig, nil)
	if err != nil {
		return err
	}
	c.all = slices.Clone(c.all)
	for i := range c.all {
		c.all[i] = c.all[i].with(append(over, c.Set...)...).shortened(usual.Training.NumEpochs)
	}
	return nil
}

// completeFor sets the defaults that depend on the recipes.
func (c *compare) completeFor(chosen []recipe) error {
	c.whole = slices.ContainsFunc(chosen, func(r recipe) bool { return r.group == longGroup })
	if c.whole && slices.ContainsFunc(chosen, func(r recipe) bool { return r.group != longGroup }) {
		return cli.Usagef("--recipes: those of the group long learn from other calls; compare them for themselves")
	}
	if c.Baseline == "" {
		c.Baseline = "plain"
		if c.whole {
			c.Baseline = chosen[0].name
		}
	}
	if len(c.Sizes) > 0 {
		return nil
	}
	switch {
	case c.whole:
		c.Sizes = []int{300, 300, 300}
	case c.Encoder == fromScratch:
		c.Sizes = []int{3000, 2400, 1500}
	default:
		c.Sizes = []int{1000, 1200, 800}
	}
	return nil
}

// runAll trains and scores what isn't done yet, seed by seed, and returns all results.
func (c *compare) runAll(ctx context.Context, chosen []recipe, done []result, file string, streams cli.Streams) ([]result, error) {
	list, err := c.prepare(ctx)
	if err != nil {
		return nil, err
	}
	for _, seed := range c.Seeds {
		for _, s := range list {
			for _, recipe := range chosen {
				r := c.planned(recipe, s, seed)
				if slices.ContainsFunc(done, r.same) {
					continue
				}
				fmt.Fprintf(streams.Err, "%s: %s, seed %d%s\n", recipe.name, s.name, seed, foldName(", fold %d", s.fold))
				if err := c.one(ctx, recipe, s, &r); err != nil {
					return nil, err
				}
				if err := appendResult(file, r); err != nil {
					return nil, err
				}
				done = append(done, r)
			}
		}
	}
	return done, nil
}

// planned is the result of a run that isn't done yet.
func (c *compare) planned(recipe recipe, s sets, seed uint64) result {
	r := result{Recipe: recipe.name, Settings: recipe.fingerprint(), Search: c.Search, Data: s.name, Seed: seed, Fold: s.fold}
	if recipe.usesEncoder() {
		r.Encoder = c.Encoder
	}
	return r
}

// prepare writes the calls, and makes the folder for results.
func (c *compare) prepare(ctx context.Context) ([]sets, error) {
	dir := filepath.Join(c.Work, "data")
	for _, folder := range []string{dir, c.Out} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, fmt.Errorf("make the folders for calls and results: %w", err)
		}
	}
	if c.Data != "" {
		return crossValidation(c.Data, dir, c.Folds)
	}
	kind := shortForm
	if c.whole {
		kind = longForm
	}
	s, err := demoCalls(ctx, dir, kind, c.Sizes, c.Test)
	return []sets{s}, err
}

// one trains a recipe's models, and scores them together.
func (c *compare) one(ctx context.Context, recipe recipe, s sets, r *result) error {
	t, err := c.train(ctx, recipe, s, r.Seed)
	if err != nil {
		return err
	}
	r.Training, r.Teachers, r.Pretrain, r.Searching = t.training, t.teachers, t.pretraining, t.searching
	r.Rates, r.Curves = t.rates, t.curves
	return c.score(ctx, recipe, t.dirs, s.test, r)
}

func foldName(format string, fold int) string {
	if fold == 0 {
		return ""
	}
	return fmt.Sprintf(format, fold)
}
