package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/modeldir"
	"github.com/trident-nlp/trident/internal/ranks"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/trainer"
)

type options struct {
	device                             string
	resume, resumeIfAny, force, dryRun bool
	skipBad                            bool // leave out records that can't be used
	place                              ranks.Place

	file string   // the configuration's; "" for the quickstart
	set  []string // what replaces its settings
}

// trainAs is a whole run, or this process's part in it: encoder, data, model,
// training, report. team is nil if there are no other processes.
func trainAs(ctx context.Context, c config.Config, o options, team *ranks.Team, io cli.Streams) error {
	device, err := deviceOf(o)
	if err != nil {
		return err
	}
	torchx.Configure(threads(c, o.place))
	console := trainer.NewConsole(io.Out, io.Err)
	if err := checkTracker(c); err != nil {
		return err
	}
	dir, err := modeldir.Find(c.Output.ModelDir, modelNames(c))
	if err != nil {
		return err
	}
	if !o.dryRun && o.place.Rank == 0 {
		release, err := occupy(dir, c)
		if err != nil {
			return err
		}
		defer release()
	}

	encoder, err := findEncoder(ctx, c, o.dryRun, io)
	if err != nil {
		return err
	}
	if err := inTurn(team, func() error { return provide(ctx, c, o, io) }); err != nil {
		return err
	}
	data, err := loadData(ctx, c, encoder, o, io)
	if err != nil {
		return err
	}
	data.enlargeBatches(o.place.Size)
	console.Data(data.sets, data.splits, c.Tokenizer.MaxLength)
	architecture, err := encoder.architecture(c, data)
	if err != nil {
		return err
	}
	parameters, err := fusion.CountParameters(architecture)
	if err != nil {
		return err
	}
	precision := torchx.Precision(c.Training.Precision).Resolve(device)
	t := newTrainer(c, data, precision, console)
	console.Run(trainer.Setup{Parameters: parameters, Device: torchx.DeviceName(device), Threads: torchx.Threads(), Precision: string(precision)}, t)
	if !o.place.Alone() {
		fmt.Fprintf(io.Out, "Processes: %d, each with %d of the %d examples in a batch\n", o.place.Size, c.Training.BatchSize, o.place.Size*c.Training.BatchSize)
	}
	if o.dryRun {
		console.Steps(t)
		return nil
	}
	if err := torchx.Seed(c.Training.Seed); err != nil {
		return err
	}
	model, err := fusion.New(architecture, device)
	if err != nil {
		return err
	}
	defer model.Drop()
	if err := encoder.load(model); err != nil {
		return err
	}
	if unused := fusion.UnusedRows(model.Config, data.tokenizer); unused != "" {
		fmt.Fprintf(io.Err, "train: warning: %s: %s\n", encoder.dir, unused)
	}
	if err := weighClasses(model, c.Training.ClassWeights, data.train); err != nil {
		return err
	}
	var asked teachers
	err = inTurn(team, func() (err error) {
		asked, err = learnFrom(ctx, c, data, model.Config.Dim, device, t, io)
		return err
	})
	defer asked.drop()
	if err != nil {
		return err
	}
	digests, err := data.digests()
	if err != nil {
		return err
	}
	t.Model = model
	j := job{dir: dir, data: data, digests: digests, model: model, device: device, parameters: parameters, processes: o.place.Size}
	if team != nil {
		t.Ranks = team
		if err := agree(team, c, j); err != nil {
			return err
		}
		if err := useNCCL(team, c, device, io); err != nil {
			return err
		}
	}
	if o.place.Rank > 0 {
		return follow(ctx, t, j)
	}
	j.baselines = data.baselines()
	return fit(ctx, c, o, t, j, io)
}

func newTrainer(c config.Config, data *data, precision torchx.Precision, console *trainer.Console) *trainer.Trainer {
	weights := map[string]float64{}
	for _, task := range data.tasks() {
		weights[task.Name] = c.LossWeight(task.Name)
	}
	return &trainer.Trainer{
		Settings: trainer.Settings{
			Epochs:       c.Training.NumEpochs,
			LearningRate: c.Training.LearningRate,
			WeightDecay:  c.Training.WeightDecay,
			WarmupRatio:  c.Training.WarmupRatio,
			WarmupSteps:  c.Training.WarmupSteps,
			MaxGradNorm:  c.Training.MaxGradNorm,
			EvalSteps:    c.Training.EvalSteps,
			Best:         c.Training.MetricForBestModel,
			Patience:     c.Training.EarlyStoppingPatience,
			MinDelta:     c.Training.EarlyStoppingMinDelta,
			SaveSteps:    c.Training.SaveSteps,
			SaveEvery:    time.Duration(c.Training.SaveMinutes * float64(time.Minute)),
			MaxBadSteps:  c.Training.MaxBadSteps,
			Seed:         c.Training.Seed,
			BF16:         precision == torchx.BF16,

			CompressGradients: c.Training.GradientCompression == config.CompressionBF16,

			Sampling:    sampling(c),
			LossWeights: weights,
		},
		Train: data.train, Val: data.val, Console: console,
	}
}

func sampling(c config.Config) datasets.Sampling {
	switch c.Training.Sampling {
	case config.SamplingUniform:
		return datasets.Sampling{Temperature: math.Inf(1)}
	case config.SamplingTemperature:
		return datasets.Sampling{Temperature: c.Training.SamplingTemperature}
	}
	return datasets.Sampling{}
}

// job is what a run trains, and on what.
type job struct {
	dir        modeldir.Dir
	data       *data
	digests    []string         // of the data files, one for each set
	baselines  []trainer.Scores // of the majority class
	model      *fusion.Model
	device     gotch.Device
	parameters int64
	processes  int // that train together
}

// fit trains under the tracker's eyes, and reports.
func fit(ctx context.Context, c config.Config, o options, t *trainer.Trainer, j job, io cli.Streams) error {
	started := time.Now()
	state, err := begin(c, o, t, j, io)
	if err != nil {
		return err
	}
	tracker, err := openTracker(ctx, c, state, j, io)
	if err != nil {
		return err
	}
	defer tracker.fail(ctx, c, j.dir, t, io) // unless it has ended before
	state.RunID = tracker.id()
	saver := &saver{config: c, job: j, out: io.Out}
	t.Tracker, t.Save = tracker, saver.save
	t.Keep = func() error {
		tracker.flush(ctx, io)
		return t.SaveState(j.dir.Run(), state)
	}

	history, err := fitted(ctx, c, t, j, saver)
	if err == nil {
		if err := drawCurves(c.Output.ModelDir, j.dir.Run(), history, c.Training.EvalSteps); err != nil {
			fmt.Fprintln(io.Err, "train: warning:", err) // the model is whole without them
		}
	}
	tracker.end(ctx, c, j.dir, history, err, io)
	if err != nil {
		return explainStop(ctx, err, j.dir, t)
	}
	return errors.Join(report(io.Out, c, history, saver.test, j.baselines, tracker.hints(), time.Since(started)), removeState(j.dir))
}

// begin makes the trainer ready, for a new run or the one that was stopped, and
// returns the state that the run begins with.
func begin(c config.Config, o options, t *trainer.Trainer, j job, io cli.Streams) (trainer.State, error) {
	now, err := shaping(c, j.data, j.digests)
	if err != nil {
		return trainer.State{}, err
	}
	if o.resume || o.resumeIfAny {
		state, err := resume(j.dir, o.force, t, now, io)
		if o.resume || !errors.Is(err, trainer.ErrNoState) {
			return state, err
		}
	}
	params, err := c.Params()
	if err != nil {
		return trainer.State{}, err
	}
	params["backbone"] = backboneParam(c)
	maps.Copy(params, filterParams(j.data.sets))
	return trainer.State{Settings: now, Params: params}, setAside(j.dir, io)
}

// fitted trains, and tests the best weights, which the model is left with if
// there is a test.
func fitted(ctx context.Context, c config.Config, t *trainer.Trainer, j job, saver *saver) (*trainer.History, error) {
	if t.Progress().Step == 0 { // so that the tracker's run is gone on with from the very beginning
		if err := t.Keep(); err != nil {
			return nil, err
		}
	}
	if err := t.Align(); err != nil {
		return nil, err
	}
	history, err := t.Run(ctx)
	if err != nil {
		return history, err
	}
	if saver.test, err = test(ctx, t, j, func() error { return j.model.LoadWeights(c.Output.ModelDir) }); err != nil || saver.test == nil {
		return history, err
	}
	t.Tracker.LogMetrics(int64(history.Completed), testMetrics(saver.test))
	return history, saver.save(history)
}

// test scores the best weights, which load reads, on the records that are held
// out for it; nil if there are none. The model is left with those weights.
func test(ctx context.Context, t *trainer.Trainer, j job, load func() error) ([]trainer.Scores, error) {
	if len(j.data.test) == 0 {
		return nil, nil
	}
	if err := errors.Join(load(), t.AlignWeights()); err != nil {
		return nil, err
	}
	scores, err := t.Evaluate(ctx, j.data.test)
	if err != nil {
		return nil, fmt.Errorf("test of the best weights: %w", err)
	}
	return scores, nil
}

// testMetrics names the test's figures as the tracker shows them.
func testMetrics(scores []trainer.Scores) map[string]float64 {
	values := map[string]float64{}
	for _, s := range scores {
		values["test/"+s.Name], values["test/loss_"+s.Task] = s.Value, s.Loss
		for _, figure := range s.Report {
			values["test_"+s.Task+"/"+figure.Name] = figure.Value
		}
	}
	return values
}

// explainStop adds to a run's error how to go on.
func explainStop(ctx context.Context, err error, dir modeldir.Dir, t *trainer.Trainer) error {
	step := t.Kept()
	if step == 0 {
		return err
	}
	hint := fmt.Sprintf("the state after step %d is kept in %s: go on from there with --resume", step, dir.Run())
	switch {
	case !errors.Is(err, context.Canceled):
		return fmt.Errorf("%w; %s", err, hint)
	case ctx.Err() == nil:
		return fmt.Errorf("another rank was told to stop: %s", hint)
	case step == t.Progress().Step:
		return errors.New(hint)
	default: // it could not be kept
		return fmt.Errorf("%s; %s", err.Error(), hint)
	}
}
