package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/trident-nlp/trident/internal/modeldir"
	evalreport "github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// fit trains with tracking, and prints the report.
func (r *Run) fit(ctx context.Context) error {
	c, o, t := r.config, r.options, r.trainer
	r.baselines = r.data.baselines()
	started := time.Now()
	state, err := r.begin()
	if err != nil {
		return err
	}
	tracked, err := r.openTracker(ctx, state)
	if err != nil {
		return err
	}
	defer func() { tracked.end(ctx, t.History(), errBroken) }() // unless it has already ended
	state.RunID, r.runID = tracked.id(), tracked.id()
	t.Observe(tracked)
	r.checkpoints.tracked, r.checkpoints.state = tracked, state

	history, err := r.trainAndTest(ctx, tracked)
	r.history = history
	if err == nil {
		if err := drawCurves(c.Output.ModelDir, r.dir.Run(), history, c.Training.EvalSteps); err != nil {
			fmt.Fprintln(o.Err, "train: warning:", err) // the model is complete without them
		}
	}
	tracked.end(ctx, history, err)
	if err != nil {
		return explainStop(ctx, err, r.dir, t)
	}
	seeds := evalreport.SeedNote(r.data.tasks(), false)
	hints, use := tracked.hints(), fmt.Sprintf("go run ./cmd/infer --model %s --text %q", c.Output.ModelDir, ExampleCall)
	switch {
	case r.role != nil: // the student's report says that
		seeds, hints, use = "", nil, ""
	case r.pretraining != nil:
		use = "go run ./cmd/train --config configs/multitask.yaml --set backbone.model_name=" + c.Output.ModelDir
	}
	err = report(o.Out, c.Output.ModelDir, howCounted(c.Training.MetricForBestModel, r.data.tasks()), history, r.test, r.baselines, seeds, hints, time.Since(started), use)
	return errors.Join(err, removeState(r.dir))
}

// fitBesideFirst trains on a rank other than 0; rank 0 saves the results.
func (r *Run) fitBesideFirst(ctx context.Context) error {
	if err := r.trainer.Align(); err != nil {
		return err
	}
	if _, err := r.trainer.Run(ctx); err != nil {
		return err
	}
	_, err := r.testBest(ctx, func() error { return nil })
	return err
}

// begin prepares the trainer, for a new run or a stopped one, and returns the state at
// the start of the run.
func (r *Run) begin() (trainer.State, error) {
	now, err := r.fingerprint()
	if err != nil {
		return trainer.State{}, err
	}
	if o := r.options; o.Resume || o.ResumeIfAny {
		state, err := resume(r.dir, o.Force, r.trainer, now, o.Out, o.Err)
		if o.Resume || !errors.Is(err, trainer.ErrNoState) {
			r.kept = state.Kept // as at the start: the earlier model may have been moved since
			return state, r.explainDamage(err)
		}
	}
	params, err := r.config.Params()
	if err != nil {
		return trainer.State{}, err
	}
	params["backbone"] = backboneParam(r.config.Backbone)
	maps.Copy(params, filterParams(r.data.sources))
	maps.Copy(params, r.data.reviews.params(r.data.sources))
	if r.pretraining != nil {
		maps.Copy(params, r.pretraining.params(r.config))
	}
	r.sayKept()
	return trainer.State{Settings: now, Params: params, Kept: r.kept}, setAside(r.dir, r.options.Out, r.keptFiles()...)
}

// trainAndTest trains and tests the best weights. If there is a test, the model has
// those weights afterwards.
func (r *Run) trainAndTest(ctx context.Context, tracked tracker) (*trainer.History, error) {
	t := r.trainer
	if t.Progress().Step == 0 { // so a resumed run continues the same MLflow run
		if err := r.checkpoints.SaveState(ctx, t); err != nil {
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
	if r.test, err = r.testBest(ctx, func() error { return r.model.LoadWeights(r.config.Output.ModelDir) }); err != nil || r.test == nil {
		return history, err
	}
	tracked.LogMetrics(int64(history.Completed), testMetrics(r.test))
	return history, r.save(history)
}

// testBest evaluates the best weights, which load reads, on the test records; nil if
// there are none. The model has those weights afterwards.
func (r *Run) testBest(ctx context.Context, load func() error) ([]trainer.Scores, error) {
	held := r.data.test()
	if len(held) == 0 {
		return nil, nil
	}
	if err := errors.Join(load(), r.trainer.AlignWeights()); err != nil {
		return nil, err
	}
	scores, err := r.trainer.Evaluate(ctx, held)
	if err != nil {
		return nil, fmt.Errorf("test of the best weights: %w", err)
	}
	return scores, nil
}

// testMetrics returns the test's figures under the tracker's names.
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

// Stopped is the error of a run that was stopped because its context was done, on this
// rank or another one, after its state had been saved. [Options].Resume continues it.
type Stopped struct {
	message string
	cause   error
}

func (s *Stopped) Error() string { return s.message }

// Unwrap returns the context's error.
func (s *Stopped) Unwrap() error { return s.cause }

// wasStopped reports whether err only says that the run was stopped.
func wasStopped(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) || ctx.Err() != nil && errors.Is(err, ctx.Err())
}

// explainStop adds to a run's error how to continue.
func explainStop(ctx context.Context, err error, dir modeldir.Dir, t *trainer.Trainer) error {
	step := t.SavedStep()
	if step == 0 {
		return err
	}
	hint := fmt.Sprintf("the state after step %d is kept in %s: go on from there with --resume", step, dir.Run())
	switch {
	case !wasStopped(ctx, err):
		return fmt.Errorf("%w; %s", err, hint)
	case ctx.Err() == nil:
		return &Stopped{"another rank was told to stop: " + hint, err}
	case step == t.Progress().Step:
		return &Stopped{hint, err}
	default: // it could not be saved
		return &Stopped{fmt.Sprintf("%v; %s", err, hint), err}
	}
}
