package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trident-nlp/trident/internal/heldout"
	"github.com/trident-nlp/trident/internal/modeldir"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/mlmodel"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tracking"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// flushTime is how long the end of a run waits for the tracking server.
const flushTime = 2 * time.Minute

// stopFlushTime is the same for a run that was stopped.
const stopFlushTime = 3 * time.Second

// stateFlushTime is how long saving a state waits for the tracker to write to this
// machine's disk. It doesn't wait for the server.
const stateFlushTime = 5 * time.Second

// checkpointArtifacts is the folder of the model among the run's artifacts.
const checkpointArtifacts = mlmodel.LoggedName

// tracker is the MLflow run, as an observer of the trainer; if tracking is off, it does
// nothing.
type tracker struct {
	trainer.BaseObserver

	run    *tracking.Run
	ended  *bool
	dir    modeldir.Dir
	names  modeldir.Names // of the model's files
	texts  bool           // the lists of held-out records have their transcripts
	stderr io.Writer

	mlflow    config.MLflow
	tasks     []string
	evalSteps int         // validations are logged by step, not by epoch
	points    points      // of the validations and the test
	losses    *stepLosses // since they were last logged
	watch     func()      // ends the system metrics
}

// openTracker starts an MLflow run, or continues the state's, and logs what is known
// before training.
func (r *Run) openTracker(ctx context.Context, state trainer.State) (tracker, error) {
	c, stderr := r.config, r.options.Err
	if !c.MLflow.Enabled {
		return tracker{}, nil
	}
	tags := map[string]string{
		"device":       torchx.DeviceName(r.device),
		"total_params": strconv.FormatInt(r.parameters, 10),
		"tasks":        strings.Join(tasks.Names(r.data.tasks()), ","),
		"strategy":     strategy(c.Task),
	}
	if processes := r.options.Place.Size; processes > 1 {
		tags["processes"] = strconv.Itoa(processes)
	}
	maps.Copy(tags, r.teacherTags())
	tracked, err := tracking.Open(ctx, tracking.Options{
		URI:        trackingURI(c.MLflow),
		Experiment: c.MLflow.ExperimentName,
		RunName:    c.MLflow.RunName,
		ResumeID:   state.RunID,
		OutboxDir:  r.dir.Outbox(),
		Warn:       func(text string) { fmt.Fprintln(stderr, "train:", text) },
		Say:        func(text string) { fmt.Fprintln(r.options.Out, "MLflow model:", text) },
		Tags:       tags,
		Getenv:     r.role.env(),
	})
	if err != nil {
		return tracker{}, fmt.Errorf("begin the MLflow run: %w", err)
	}
	// Repeated for a resumed run: the stopped process may not have reached this.
	tracked.LogParams(state.Params)
	if len(state.Changed) > 0 {
		tracked.SetTags(map[string]string{"changed_on_resume": strings.Join(state.Changed, "; ")})
	}
	if err := logInputs(tracked, r.data.sources); err != nil {
		return tracker{}, errors.Join(err, tracked.Finish(ctx, tracking.Failed))
	}
	fmt.Fprintf(r.options.Out, "MLflow run: %s\n", tracked.URL())
	return tracker{
		run: tracked, ended: new(bool), dir: r.dir, names: r.names, texts: c.Output.HeldOutTexts, stderr: stderr,
		mlflow: c.MLflow, tasks: tasks.Names(r.data.tasks()), evalSteps: c.Training.EvalSteps, points: points{}, losses: &stepLosses{}, watch: watchSystem(tracked, c.MLflow, stderr),
	}, nil
}

func trackingURI(asked config.MLflow) string {
	return tracking.ResolveURI(asked.TrackingURI, os.Getenv)
}

// checkTracker refuses an invalid address before any work is done.
func checkTracker(asked config.MLflow) error {
	if !asked.Enabled {
		return nil
	}
	if err := tracking.CheckURI(trackingURI(asked)); err != nil {
		from := "mlflow.tracking_uri"
		if trackingURI(asked) != strings.TrimSpace(asked.TrackingURI) {
			from = "MLFLOW_TRACKING_URI"
		}
		return fmt.Errorf("%s: %w", from, err)
	}
	if asked.RegisterModel != "" && !tracking.IsServer(trackingURI(asked)) {
		return fmt.Errorf("mlflow.register_model: the folder %s has no registry of models: set mlflow.tracking_uri or MLFLOW_TRACKING_URI to a tracking server's address, or leave mlflow.register_model empty", trackingURI(asked))
	}
	return nil
}

// strategy is the run's tag for the kind of training.
func strategy(task string) string {
	switch task {
	case config.TaskMultitask:
		return "task_alternation"
	case config.TaskDistill:
		return "distillation"
	case config.TaskPretrain:
		return "masked_language_modelling"
	}
	return "single_task"
}

// backboneParam is the value of the prototype's parameter backbone: the model that
// training starts from.
func backboneParam(asked config.Backbone) string {
	if asked.Init == config.InitRandom {
		return "random weights"
	}
	return asked.ModelName
}

// filterParams counts the used and skipped records of each task.
func filterParams(sources []source) map[string]string {
	params := map[string]string{}
	for _, s := range sources {
		for t, task := range s.set.Tasks {
			prefix, f := "filter_"+task.Name+"_", s.set.Filters[t]
			params[prefix+"before"] = strconv.Itoa(f.Before)
			params[prefix+"after"] = strconv.Itoa(f.After)
			params[prefix+"removed"] = strconv.Itoa(f.Removed())
			params[prefix+"pct_kept"] = strconv.FormatFloat(f.KeptPercent(), 'f', 1, 64)
			if f.Windowed > 0 {
				params[prefix+"windowed"] = strconv.Itoa(f.Windowed)
			}
			if f.Rare > 0 {
				params[prefix+"rare"] = strconv.Itoa(f.Rare)
			}
			if f.Skipped > 0 {
				params[prefix+"skipped"] = strconv.Itoa(f.Skipped)
			}
		}
	}
	return params
}

// logInputs logs the data files and the digests of their contents.
func logInputs(to *tracking.Run, sources []source) error {
	for _, s := range sources {
		path, err := filepath.Abs(s.set.Path)
		if err != nil {
			return fmt.Errorf("name the data file %s: %w", s.set.Path, err)
		}
		profile, err := json.Marshal(map[string]int{"num_rows": s.set.Filters[0].Before})
		if err != nil {
			return fmt.Errorf("describe the data file %s: %w", s.set.Path, err)
		}
		schema, err := columnsOf(s.set.Tasks)
		if err != nil {
			return fmt.Errorf("describe the data file %s: %w", s.set.Path, err)
		}
		to.LogInput(tracking.Dataset{
			Name: filepath.Base(s.set.Path), Digest: s.digest, Source: path, Context: "training", Profile: string(profile), Schema: schema,
		})
	}
	return nil
}

func (t tracker) id() string {
	if t.run == nil {
		return ""
	}
	return t.run.ID()
}

// flush writes what was logged to disk. Errors aren't fatal: a resumed run logs its
// history again.
func (t tracker) flush(ctx context.Context) {
	if t.run == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stateFlushTime)
	defer cancel()
	if err := t.run.Flush(ctx); err != nil {
		fmt.Fprintln(t.stderr, "train: MLflow:", err)
	}
}

// LogMetrics implements [trainer.Observer].
func (t tracker) LogMetrics(step int64, values map[string]float64) {
	if t.run != nil {
		t.points.add(step, values)
		t.run.LogMetrics(step, values)
	}
}

// end logs the outcome of the run: trainErr is the error that ended it, nil if it
// finished. It never fails the run: what couldn't be sent is kept, with a warning.
func (t tracker) end(ctx context.Context, history *trainer.History, trainErr error) {
	if t.run == nil || *t.ended {
		return
	}
	*t.ended = true
	t.watch()
	status, wait := tracking.Finished, flushTime
	switch {
	case wasStopped(ctx, trainErr):
		status, wait = tracking.Killed, stopFlushTime
	case trainErr != nil:
		status, wait = tracking.Failed, stopFlushTime
	}
	if history != nil {
		tags := map[string]string{
			"stopped_early":    strconv.FormatBool(history.StoppedEarly),
			"epochs_completed": strconv.Itoa(history.Completed),
		}
		if best, ok := history.BestEvaluation(); ok {
			tags["best_avg_val"] = strconv.FormatFloat(best.Average, 'f', 4, 64)
			tags["best_epoch"] = strconv.Itoa(best.Epoch)
		}
		t.run.SetTags(tags)
	}
	if status == tracking.Finished {
		t.describe()
		t.logCheckpoint(history)
	}
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopFlushTime, cancel) })() // a signal shortens the wait
	if err := t.run.Finish(flush, status); err != nil {
		fmt.Fprintln(t.stderr, "train: MLflow:", err)
	}
}

// logCheckpoint logs the model's files, but no transcripts: these stay in its folder. If
// MLflow can load them, it is as a model.
func (t tracker) logCheckpoint(history *trainer.History) {
	all, err := t.dir.Files(t.names) // there may be unrelated files beside them
	if err != nil {
		fmt.Fprintln(t.stderr, "train: MLflow:", err)
	}
	files := map[string]string{} // by their place in the checkpoint
	for _, file := range all {
		if t.texts && heldout.IsList(filepath.Base(file)) {
			continue
		}
		files[filepath.Base(file)] = file
	}
	t.addForOthers(files)
	if description, whole := files[mlmodel.MLmodelFile]; whole {
		t.logModel(history, description, files)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		t.run.LogArtifacts(files[name], path.Join(checkpointArtifacts, path.Dir(name)))
	}
}

// errBroken is logged for a run that ended without reporting an error.
var errBroken = errors.New("broken off")

// hints returns the ways to view the run.
func (t tracker) hints() []string {
	if t.run == nil {
		return nil
	}
	return t.run.Hints()
}
