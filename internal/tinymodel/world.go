package tinymodel

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// The data files of a [World].
const (
	NERData   = "data/" + synth.NERFile
	CasesData = "data/" + synth.CasesFile
	QAData    = "data/" + synth.QAFile
)

// World is a working directory with demo data, in which models can be made.
type World struct {
	t     testing.TB
	Tok   *tokenize.Tokenizer
	Texts []datasets.Transcript
	Cases tasks.CaseLabels
	Scale float64 // of the weights of models
}

// NewWorld makes 24 calls of each kind, of at most about 170 tokens (QA: 400).
func NewWorld(t testing.TB) *World {
	t.Helper()
	t.Chdir(t.TempDir())
	if _, err := synth.WriteAll(t.Context(), "data", synth.Options{NER: 24, Cases: 24, QA: 24, Seed: 5, Short: true}, nil); err != nil {
		t.Fatal(err)
	}
	w := &World{t: t, Scale: 0.7}
	var all []datasets.Records
	for _, file := range []struct {
		path string
		task tasks.Task
	}{{NERData, tasks.NER(tasks.NERLabels())}, {CasesData, tasks.CLS(tasks.CaseLabels{})}, {QAData, tasks.QA()}} {
		records, err := datasets.Load(t.Context(), datasets.Source{Path: file.path, Tasks: []tasks.Task{file.task}})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, records)
		w.Texts = append(w.Texts, records.Texts...)
		if file.task.Name == tasks.CLSName {
			heads := records.Tasks[0].Heads
			w.Cases = tasks.CaseLabels{Main: heads[0].Labels, Sub: heads[1].Labels, Intervention: heads[2].Labels, Priority: heads[3].Labels}
		}
	}
	slices.SortFunc(all, func(a, b datasets.Records) int { return strings.Compare(a.Path, b.Path) })
	options := tokenize.Options{ModelMaxLength: 512}
	vocab, err := tokenize.Train(t.Context(), datasets.Texts(all), 500, options)
	if err != nil {
		t.Fatal(err)
	}
	if w.Tok, err = tokenize.New(vocab, options); err != nil {
		t.Fatal(err)
	}
	return w
}

// Three are the built-in tasks.
func (w *World) Three() []tasks.Task {
	return []tasks.Task{tasks.NER(tasks.NERLabels()), tasks.CLS(w.Cases), tasks.QA()}
}

// Reporter is a user's task on the file of cls.
func Reporter(t testing.TB) tasks.Task {
	t.Helper()
	task, err := tasks.Custom{Name: "reporter", Kind: tasks.MultiClass, Text: "narrative", Heads: []tasks.Head{
		{Name: "gender", Source: "reporter.gender", Labels: []string{"female", "male"}},
	}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// Model saves a model with large weights, drawn by seed, that reads limit
// tokens.
func (w *World) Model(dir string, seed uint64, limit int64, list ...tasks.Task) {
	w.t.Helper()
	encoder := fusion.EncoderName
	if len(list) == 1 {
		encoder = "distilbert"
	}
	SaveIn(w.t, dir, w.Tok, rand.New(rand.NewPCG(seed, 3)), w.Scale, fusion.Architecture{Tasks: list, EncoderName: encoder, Config: backbone.Config{
		VocabSize: int64(w.Tok.VocabSize()), MaxPositions: limit, Dim: 16, Layers: 1, Heads: 2, HiddenDim: 16,
		Activation: "gelu", InitRange: 0.02, ModelType: "distilbert",
	}})
}

// Standard makes the models fusion, ner, cls and qa.
func (w *World) Standard() {
	w.t.Helper()
	w.Model("fusion", 1, 512, w.Three()...)
	w.Model("ner", 2, 512, tasks.SingleNER(tasks.NERLabels()))
	w.Model("cls", 3, 512, tasks.SingleCLS(w.Cases))
	w.Model("qa", 4, 512, tasks.SingleQA())
}
