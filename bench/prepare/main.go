// Command prepare lays out what the benchmark's workers read: a model with
// random weights, and inputs made of a file of cases or of made-up ones.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/bench/inputs"
	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

const help = `Lay out what the benchmark's workers read. bench/run.sh calls this.`

type command struct {
	Work      string `required:"" placeholder:"DIR" help:"Folder to write to."`
	Model     string `placeholder:"DIR" help:"A trained model instead of one with random weights."`
	Texts     string `placeholder:"FILE" help:"A case file, whose narratives are read; made-up ones if it isn't there."`
	Quick     bool   `help:"A tiny model and short work."`
	BatchSize int    `default:"16" placeholder:"N" help:"Examples in a training batch (${default})."`
	Batches   int    `default:"1" placeholder:"N" help:"Training batches of each task in a pass (${default})."`
	Calls     int    `default:"60" placeholder:"N" help:"Calls of batch inference (${default})."`
	Repeats   int    `default:"8" placeholder:"N" help:"Calls of each length (${default})."`
}

func main() { os.Exit(cli.Main("prepare", help, &command{}, os.Args[1:], cli.Standard())) }

// Run implements [cli.Command].
func (c *command) Run(ctx context.Context, streams cli.Streams) error {
	if c.BatchSize < 1 || c.Batches < 1 || c.Calls < 1 || c.Repeats < 1 {
		return cli.Usagef("sizes must be 1 or more")
	}
	texts, source, err := c.texts(ctx)
	if err != nil {
		return err
	}
	dir, err := c.model(ctx, texts)
	if err != nil {
		return err
	}
	m, tok, err := fusion.Load(dir, gotch.CPU)
	if err != nil {
		return err
	}
	defer m.Drop()
	sizes := inputs.Sizes{
		BatchSize: c.BatchSize, Batches: c.Batches, Calls: c.Calls, Repeats: c.Repeats,
		Lengths: []int{16, 64, 128, 256, 400, 512}, MaxLength: min(tok.ModelMaxLength(), int(m.Config.MaxPositions)),
	}
	in, err := inputs.Make(texts, tok, m.Tasks, sizes)
	if err != nil {
		return err
	}
	in.Model = dir
	if err := in.Write(c.Work); err != nil {
		return err
	}
	lengths := make([]int, len(texts))
	for i, text := range texts {
		lengths[i] = len(tok.Encode(text).IDs)
	}
	slices.Sort(lengths)
	n := len(lengths)
	fmt.Fprintf(streams.Out, "%d texts of %s: %d to %d tokens, quartiles %d %d %d\n",
		n, source, lengths[0], lengths[n-1], lengths[n/4], lengths[n/2], lengths[3*n/4])
	fmt.Fprintf(streams.Out, "model %s: %d parameters\n", dir, m.Params().Count())
	return nil
}

// texts returns narratives, and where they are from.
func (c *command) texts(ctx context.Context) (texts []string, source string, err error) {
	source = c.Texts
	if _, err := os.Stat(c.Texts); c.Texts == "" || errors.Is(err, fs.ErrNotExist) {
		for r := range synth.Cases(synth.Options{Cases: 300, Seed: 42}) {
			texts = append(texts, string(r.Narrative))
		}
		return texts, "datagen", nil
	}
	records, err := datasets.Load(ctx, datasets.Source{Path: c.Texts, Tasks: []tasks.Task{tasks.CLS(tasks.CaseLabels{})}})
	if err != nil {
		return nil, "", err
	}
	for _, text := range records.Texts {
		texts = append(texts, string(text))
	}
	return texts, filepath.Base(source), nil
}

// model returns the directory of the model, which it makes if it isn't there.
func (c *command) model(ctx context.Context, texts []string) (string, error) {
	if c.Model != "" {
		return filepath.Abs(c.Model)
	}
	dir, err := filepath.Abs(filepath.Join(c.Work, "model"))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); err == nil {
		return dir, nil // Save writes it whole or not at all
	}
	config, pieces := backbone.DistilBERTCased(), fullVocabulary
	if c.Quick {
		config.VocabSize, config.Dim, config.Layers, config.Heads, config.HiddenDim = 2000, 64, 2, 1, 128
		pieces = 1500
	}
	vocab, err := vocabulary(ctx, texts, pieces, int(config.VocabSize))
	if err != nil {
		return "", err
	}
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		return "", err
	}
	if err := torchx.Seed(1); err != nil {
		return "", err
	}
	m, err := fusion.New(fusion.Architecture{Config: config, Tasks: threeTasks()}, gotch.CPU)
	if err != nil {
		return "", err
	}
	defer m.Drop()
	return dir, fusion.Save(dir, m, tok, nil)
}

// fullVocabulary is how many sub-words are learnt for the full model: so many
// that the texts have as many tokens a word as with distilbert-base-cased.
const fullVocabulary = 4000

// vocabulary is that many sub-words made of the texts, and fillers up to size.
func vocabulary(ctx context.Context, texts []string, pieces, size int) ([]string, error) {
	vocab, err := tokenize.Train(ctx, slices.Values(texts), pieces, tokenize.Options{})
	if err != nil {
		return nil, err
	}
	for i := 0; len(vocab) < size; i++ {
		vocab = append(vocab, fmt.Sprintf("[unused%d]", i))
	}
	return vocab, nil
}

// threeTasks are the Python prototype's, with 10/8/77/16/3 labels.
func threeTasks() []tasks.Task {
	labels := tasks.CaseLabels{Sub: datasets.SubCategories(), Intervention: datasets.Interventions(), Priority: datasets.Priorities()}
	for _, sub := range labels.Sub {
		if main := datasets.MainCategory(sub); !slices.Contains(labels.Main, main) {
			labels.Main = append(labels.Main, main)
		}
	}
	slices.Sort(labels.Main)
	return []tasks.Task{tasks.NER(tasks.NERLabels()), tasks.CLS(labels), tasks.QA()}
}
