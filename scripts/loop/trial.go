package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/evaluate"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/run"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/triage"
)

// trial is the loop with one seed.
type trial struct {
	plan
	dir     string
	threads int
	said    func(what string)
}

// batch is the training's batch size. With 250 calls of each kind, of which 200 are trained
// on, 11 epochs have 330 steps, and 10 epochs with 60 reviews, too.
const batch = 20

// seeds of the calls of a trial are far from each other's, and from other trials'.
func (t trial) seed(set uint64) uint64 { return 1_000_000*set + t.Seed }

// run fills the result.
func (t trial) run(ctx context.Context, r *result, say func(what string)) error {
	t.said = say
	for name, o := range map[string]synth.Options{
		"train": {NER: t.Calls, Cases: t.Calls, QA: t.Calls, Seed: t.seed(1), Short: true},
		"test":  {NER: t.Test, Cases: t.Test, QA: t.Test, Seed: t.seed(3), Short: true},
	} {
		if _, err := synth.WriteAll(ctx, filepath.Join(t.dir, name), o, nil); err != nil {
			return err
		}
	}
	var pool []datasets.CaseRecord
	for c := range synth.Cases(synth.Options{Cases: t.Pool, Seed: t.seed(2), Short: true}) {
		pool = append(pool, c)
	}
	first, err := t.arm(ctx, before, t.Epochs, "")
	if err != nil {
		return err
	}
	proposals, err := t.label(ctx, pool)
	if err != nil {
		return err
	}
	r.Critical = count(pool, func(i int) bool { return isCritical(pool[i].Priority) })
	first.Work.Left = count(pool, func(i int) bool { return isMissed(pool[i], proposals[i]) })
	r.Arms[before] = first

	order := make([]*triage.Review, len(pool))
	for i, p := range proposals {
		order[i] = p.Review
	}
	inQueue := make([]int, 0, t.Reviews)
	for _, ranked := range triage.Queue(order)[:t.Reviews] {
		inQueue = append(inQueue, ranked.Index)
	}
	atRandom := rand.New(rand.NewPCG(t.seed(4), 0)).Perm(len(pool))[:t.Reviews]
	for name, chosen := range map[string][]int{random: atRandom, queue: inQueue} {
		folder := filepath.Join(t.dir, "reviews-"+name)
		if err := standIn(folder, pool, proposals, chosen); err != nil {
			return err
		}
		a, err := t.arm(ctx, name, t.epochsLike(first.Steps), folder)
		if err != nil {
			return err
		}
		a.Work = worth(pool, proposals, chosen)
		r.Arms[name] = a
	}
	return nil
}

// epochsLike is the number of epochs with reviews that has about as many steps.
func (t trial) epochsLike(steps int) int {
	trained := 3*(t.Calls-(t.Calls+4)/5) + t.Reviews
	perEpoch := (trained + batch - 1) / batch
	return max(1, (steps+perEpoch/2)/perEpoch)
}

// arm trains a model, with reviews if a folder is given, and scores it.
func (t trial) arm(ctx context.Context, name string, epochs int, reviewed string) (a arm, err error) {
	t.said(name)
	files := synth.Files(filepath.Join(t.dir, "train"))
	set := []string{
		"data.ner_path=" + files[0], "data.classification_path=" + files[1], "data.qa_path=" + files[2], "data.reviews=" + reviewed, "data.test_size=0.2",
		"training.num_epochs=" + strconv.Itoa(epochs), "training.batch_size=" + strconv.Itoa(batch), "training.early_stopping_patience=0",
		"training.seed=" + strconv.FormatUint(t.Seed, 10), "training.threads=" + strconv.Itoa(t.threads),
		"output.model_dir=" + t.model(name), "mlflow.enabled=false",
	}
	const file = "configs/quickstart.yaml"
	c, _, err := config.Load(file, set)
	if err != nil {
		return arm{}, err
	}
	log, err := os.Create(filepath.Join(t.dir, name+".log"))
	if err != nil {
		return arm{}, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	began := time.Now()
	r, err := run.Open(ctx, c, run.Options{Out: log, Err: log, Device: "cpu", File: file, Set: set})
	if err != nil {
		return arm{}, err
	}
	defer r.Close()
	if err := r.Fit(ctx); err != nil {
		return arm{}, fmt.Errorf("train the model %s (its log is %s): %w", name, log.Name(), err)
	}
	a = arm{Steps: r.History().All[len(r.History().All)-1].Step, Minutes: time.Since(began).Minutes()}
	a.Scores, err = t.score(ctx, name)
	return a, err
}

func (t trial) model(name string) string { return filepath.Join(t.dir, "models", name) }

// score evaluates a model on the test calls.
func (t trial) score(ctx context.Context, name string) (map[string]float64, error) {
	o := evaluate.Defaults()
	o.Model, o.Device, o.Threads, o.Progress = t.model(name), "cpu", t.threads, io.Discard
	for i, file := range synth.Files(filepath.Join(t.dir, "test")) {
		o.Data = append(o.Data, evaluate.DataFile{Task: []string{tasks.NERName, tasks.CLSName, tasks.QAName}[i], Path: file})
	}
	evaluated, err := evaluate.Run(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("score the model %s: %w", name, err)
	}
	scores := map[string]float64{}
	for _, report := range evaluated.Models[0].Reports {
		for _, f := range report.Headline {
			scores[report.Task+" "+f.Name] = f.Value
		}
	}
	return scores, nil
}

// label is what the first model says of the pool.
func (t trial) label(ctx context.Context, pool []datasets.CaseRecord) ([]fusion.Prediction, error) {
	model, tok, err := fusion.Load(t.model(before), gotch.CPU)
	if err != nil {
		return nil, err
	}
	defer model.Drop()
	texts := make([]datasets.Transcript, len(pool))
	for i, c := range pool {
		texts[i] = c.Narrative
	}
	said, err := fusion.NewPredictor(model, tok).Predict(ctx, texts, fusion.PredictOptions{Review: true})
	if err != nil {
		return nil, fmt.Errorf("label the pool: %w", err)
	}
	if i := slices.IndexFunc(said, func(p fusion.Prediction) bool { return p.Err != nil }); i >= 0 {
		return nil, fmt.Errorf("label call %d of the pool: %w", i+1, said[i].Err)
	}
	return said, nil
}

func count[T any](list []T, is func(i int) bool) (n int) {
	for i := range list {
		if is(i) {
			n++
		}
	}
	return n
}
