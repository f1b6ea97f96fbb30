package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// firstTokens are what a model sees that reads a call's beginning.
const firstTokens = 512

// lateEntities is the key of the F1 of the entities after the first tokens.
var lateEntities = fmt.Sprintf("ner entity_f1 after token %d", firstTokens)

// scoreWhole scores models on everything that is labelled in the test calls, also on what they
// don't read: an entity past the end of a truncated call is missed. overlap is how many tokens
// windows share; nil: calls are read as the model does by itself. It returns what the models
// said, as decisions.
func (c *compare) scoreWhole(ctx context.Context, dirs []string, test calls, overlap *int, r *result) ([]report.Outputs, error) {
	nn.Configure(c.Threads)
	var all []report.Outputs
	for _, dir := range dirs {
		model, tok, err := fusion.Load(dir, gotch.CPU)
		if err != nil {
			return nil, err
		}
		defer model.Drop()
		r.Parameters += model.Params().Count()
		w := wholeReader{fusion.NewPredictor(model, tok), tok, overlap}
		for i, name := range taskNames() {
			t := slices.Index(tasks.Names(model.Tasks), name)
			if t < 0 {
				continue
			}
			outputs, late, err := w.read(ctx, model.Tasks[t], test[i])
			if err == nil {
				err = addFigures(ctx, outputs, late, r)
			}
			if err != nil {
				return nil, fmt.Errorf("%s on %s: %w", dir, test[i], err)
			}
			all = append(all, outputs)
		}
	}
	return all, c.scoreShort(ctx, dirs, r)
}

// ofShort begins the keys of figures on short calls.
const ofShort = "short calls: "

// scoreShort adds the figures on short demo calls, on which nothing may be lost.
func (c *compare) scoreShort(ctx context.Context, dirs []string, r *result) error {
	calls, err := demoCalls(ctx, filepath.Join(c.Work, "data"), shortForm, c.short, c.Test)
	if err != nil {
		return err
	}
	model, err := c.evaluate(ctx, dirs, calls.test)
	if err != nil {
		return err
	}
	r.addHeadlines(ofShort, model.Reports, isColumn)
	return nil
}

// addFigures adds a task's figures to a result; late has the entities after the first tokens.
func addFigures(ctx context.Context, outputs, late report.Outputs, r *result) error {
	o := report.Options{Resamples: bootstrap().Resamples, Seed: bootstrap().Seed}
	rep, err := report.New(ctx, outputs, o)
	if err != nil {
		return err
	}
	for _, f := range append(rep.Figures(), rep.Headline...) { // the headline's have intervals
		r.Figures[outputs.Task.Name+" "+f.Name] = figureValue{f.Value, f.Interval}
	}
	if !outputs.Task.PerToken() {
		return nil
	}
	if rep, err = report.New(ctx, late, o); err != nil {
		return err
	}
	for _, f := range rep.Headline {
		if f.Name == "entity_f1" {
			r.Figures[lateEntities] = figureValue{f.Value, f.Interval}
		}
	}
	return nil
}

// wholeReader reads whole calls with a model.
type wholeReader struct {
	predictor *fusion.Predictor
	tok       *tokenize.Tokenizer
	overlap   *int
}

// read reads the records of a task's file. late is, for a token task, what is said of the words
// after the first tokens.
func (w wholeReader) read(ctx context.Context, task tasks.Task, path string) (said, late report.Outputs, err error) {
	records, err := datasets.Load(ctx, datasets.Source{Path: path, Tasks: []tasks.Task{task}, KeepUnknown: true})
	if err != nil {
		return said, late, err
	}
	set, err := records.Encode(ctx, w.tok, datasets.Limits{MaxLength: math.MaxInt})
	if err != nil {
		return said, late, err
	}
	var texts []datasets.Transcript
	for _, ex := range set.Examples {
		texts = append(texts, records.Texts[ex.Record-1])
	}
	answers, err := w.predictor.Predict(ctx, texts, fusion.PredictOptions{Tasks: []string{task.Name}, Overlap: w.overlap})
	if err != nil {
		return said, late, err
	}
	said, late = emptyOutputs(task), emptyOutputs(task)
	for i, ex := range set.Examples {
		if answers[i].Err != nil {
			return said, late, fmt.Errorf("record %d: %w", ex.Record, answers[i].Err)
		}
		truth, answer, err := decide(task, ex.Labels[0], answers[i])
		if err != nil {
			return said, late, fmt.Errorf("record %d: %w", ex.Record, err)
		}
		add(&said, ex.Record, truth, answer)
		if task.PerToken() {
			words := min(wordsWithin(ex.Labels[0].Classes, firstTokens), len(truth[0]))
			width := len(task.Heads[0].Labels)
			add(&late, ex.Record, [][]int{truth[0][words:]}, [][]float32{answer[0][words*width:]})
		}
	}
	return said, late, nil
}

func emptyOutputs(task tasks.Task) report.Outputs {
	return report.Outputs{Task: task, Heads: make([]report.HeadOutputs, len(task.Heads))}
}

// add adds a record with its truth and probabilities, by head.
func add(o *report.Outputs, record int, truth [][]int, decided [][]float32) {
	o.Records = append(o.Records, record)
	for h := range o.Heads {
		o.Heads[h].Truth = append(o.Heads[h].Truth, truth[h])
		o.Heads[h].Probabilities = append(o.Heads[h].Probabilities, decided[h])
	}
}

// wordsWithin counts the labelled words that begin within the first tokens, without the [SEP]
// of what is cut there.
func wordsWithin(classes []int64, first int) int {
	n := 0
	for _, class := range classes[:min(first-1, len(classes))] {
		if class != tasks.IgnoreToken {
			n++
		}
	}
	return n
}

// decide returns, by head, a record's truth in the form of [report.HeadOutputs], and what the
// model decided as probabilities of 0 and 1.
func decide(task tasks.Task, label datasets.Label, answer fusion.Prediction) (truth [][]int, decided [][]float32, err error) {
	for h, head := range task.Heads {
		var t []int
		var d []float32
		switch {
		case task.PerToken():
			t = knownClasses(label.Classes, len(head.Labels))
			if d, err = decidedWords(head.Labels, answer.NER, len(t)); err != nil {
				return nil, nil, err
			}
		case task.YesNo():
			t = report.TrueFlags(label.Flags[h])
			for _, met := range answer.QA[h].Value {
				d = append(d, float32(met))
			}
		default:
			t = knownClasses(label.HeadClasses(task.Kind.Layout(), h), len(head.Labels))
			d = make([]float32, len(head.Labels))
			d[slices.Index(head.Labels, answer.Classification[h].Value)] = 1
		}
		truth, decided = append(truth, t), append(decided, d)
	}
	return truth, decided, nil
}

// knownClasses are the classes without ignored tokens; a label that the model doesn't know is
// the class after the last.
func knownClasses(classes []int64, labels int) []int {
	var list []int
	for _, class := range classes {
		if class != tasks.IgnoreToken {
			list = append(list, report.TrueClass(class, labels))
		}
	}
	return list
}

// decidedWords gives each word's label the probability 1, and O of words that weren't read.
func decidedWords(labels []string, read []fusion.Token, words int) ([]float32, error) {
	if len(read) > words {
		return nil, fmt.Errorf("the model labels %d words, the record has %d", len(read), words)
	}
	list := make([]float32, words*len(labels))
	for i := range words {
		label := tasks.OutsideLabel
		if i < len(read) {
			label = read[i].Label
		}
		list[i*len(labels)+slices.Index(labels, label)] = 1
	}
	return list, nil
}
