package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/internal/cli"
)

const help = `Train models from several encoders, over seeds, score them on other calls, and print a table.

Demo calls in the short form: 1,000 with entities, 1,200 cases and 800 with quality labels to train on, 500 of each, of
another seed, to test on. Finished runs are lines of OUT/results.jsonl. After a stop, the same command goes on with the
run that it was in, which begins anew. Start with another OUT after changing configs/quickstart.yaml or
configs/pretrain.yaml. Run it in the repository's root; scripts/fetch_minilm.sh fetches the encoder.

Examples:
  compare encoders
  compare encoders --recipes quickstart,minilm --seeds 1,2,3
  compare encoders --recipes minilm --data ../shared/data --folds 5 --set training.num_epochs=4
  compare encoders --table`

// encoders are the command's flags.
type encoders struct {
	Recipes []string `placeholder:"NAME" help:"Which models: quickstart, minilm, continued, student; all if not given."`
	Seeds   []uint64 `default:"1,2,3" placeholder:"N" help:"Seeds of training (${default})."`
	Encoder string   `default:".minilm" placeholder:"DIR" help:"Pretrained encoder (${default})."`
	Data    string   `type:"existingdir" placeholder:"DIR" help:"Cross-validate on the ner.jsonl, cases.json and qa.json in this folder, instead of demo calls."`
	Folds   int      `default:"5" placeholder:"N" help:"With --data: number of folds (${default})."`
	Set     []string `sep:"none" placeholder:"KEY=VALUE" help:"Settings of the configuration over the recipes', for all of them; may be repeated."`
	Out     string   `path:"" default:"data/encoders" placeholder:"DIR" help:"Folder for calls, models and results (${default})."`
	Threads int      `default:"2" placeholder:"N" help:"CPU threads (${default})."`
	Table   bool     `help:"Only print the table of the finished runs."`

	sizes sizes    // of demo calls; zero: the default
	all   []recipe // nil: recipes()
}

// Run implements [cli.Command].
func (e *encoders) Run(ctx context.Context, streams cli.Streams) error {
	if e.Folds < 2 || e.Threads < 1 || len(e.Seeds) == 0 {
		return cli.Usagef("--folds must be at least 2, --threads at least 1, and --seeds at least one number")
	}
	if e.all == nil {
		e.all, e.sizes = recipes(), sizes{train: [3]int{1000, 1200, 800}, test: 500, unlabelled: 10_000}
	}
	for i := range e.all {
		e.all[i].settings = append(slices.Clone(e.all[i].settings), e.Set...)
	}
	chosen, err := choose(e.all, e.Recipes)
	if err != nil {
		return err
	}
	file := filepath.Join(e.Out, "results.jsonl")
	done, err := readResults(file)
	if err != nil {
		return err
	}
	if !e.Table {
		if done, err = e.runAll(ctx, chosen, done, file, streams); err != nil {
			return err
		}
	}
	text := encoderTable(e.all, done)
	if _, err := fmt.Fprint(streams.Out, text); err != nil || e.Table {
		return err
	}
	return renameio.WriteFile(filepath.Join(e.Out, "table.md"), []byte(text), 0o644)
}

// runAll trains and scores what isn't done yet, seed by seed, and returns all results.
func (e *encoders) runAll(ctx context.Context, chosen []recipe, done []result, file string, streams cli.Streams) ([]result, error) {
	list, err := e.prepare(ctx)
	if err != nil {
		return nil, err
	}
	for _, seed := range e.Seeds {
		for _, s := range list {
			for _, recipe := range chosen {
				r := result{Recipe: recipe.name, Settings: recipe.fingerprint(), Data: s.name, Seed: seed, Fold: s.fold}
				if recipe.usesEncoder() {
					r.Encoder = e.Encoder
				}
				if slices.ContainsFunc(done, r.same) {
					continue
				}
				fmt.Fprintf(streams.Err, "%s: %s, seed %d%s\n", recipe.name, s.name, seed, foldName(", fold %d", s.fold))
				if err := e.one(ctx, recipe, s, &r); err != nil {
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

// prepare writes the calls.
func (e *encoders) prepare(ctx context.Context) ([]sets, error) {
	dir := filepath.Join(e.Out, "data")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for calls: %w", err)
	}
	if e.Data != "" {
		return crossValidation(e.Data, dir, e.Folds)
	}
	s, err := demoCalls(ctx, dir, e.sizes)
	return []sets{s}, err
}

// one trains a model, after the stages that it needs, and scores it.
func (e *encoders) one(ctx context.Context, recipe recipe, s sets, r *result) error {
	values := map[string]string{"encoder": e.Encoder}
	var from []string // settings of the stages
	for _, stage := range recipe.stages {
		calls, err := unlabelledCalls(filepath.Join(e.Out, "data"), e.sizes.unlabelled)
		if err != nil {
			return err
		}
		values["calls"] = calls
		dir := filepath.Join(e.Out, "models", stage.name)
		settings := fill(append([]string{"data.pretrain_path=$calls"}, stage.settings...), values)
		took, err := train(ctx, job{"configs/pretrain.yaml", dir, settings, from, e.Threads})
		if err != nil {
			return err
		}
		values[stage.name], from = dir, append(from, settings...)
		r.Pretrain = r.Pretrain.plus(took)
	}
	dir := filepath.Join(e.Out, "models", fmt.Sprintf("%s-%s-%d%s", folderName(s.name), recipe.name, r.Seed, foldName("-%d", s.fold)))
	settings := append(fill(recipe.settings, values),
		"data.ner_path="+s.train[0], "data.classification_path="+s.train[1], "data.qa_path="+s.train[2],
		fmt.Sprintf("training.seed=%d", r.Seed), "training.early_stopping_patience=0")
	var err error
	if r.Training, err = train(ctx, job{"configs/quickstart.yaml", dir, settings, from, e.Threads}); err != nil {
		return err
	}
	if err := e.score(ctx, dir, s.test, r); err != nil {
		return err
	}
	r.Finished = time.Now().UTC().Truncate(time.Second)
	return nil
}

func foldName(format string, fold int) string {
	if fold == 0 {
		return ""
	}
	return fmt.Sprintf(format, fold)
}

func folderName(name string) string {
	return strings.NewReplacer(" ", "-", ",", "").Replace(name)
}
