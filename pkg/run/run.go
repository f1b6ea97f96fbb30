package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/modeldir"
	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/ranks"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// Options are the settings of a run that aren't in its configuration: where and how it
// is started.
type Options struct {
	Out, Err io.Writer // progress and report; warnings. nil: discarded
	Device   string    // auto, cpu, cuda or cuda:N; "" is auto
	Place    Place     // this process among several; the zero Place is a single process

	Resume      bool // continue the stopped run
	ResumeIfAny bool // the same, but start a new run if there is none
	Force       bool // continue even if the configuration or the data has changed
	SkipBad     bool // skip records that can't be used

	File string   // path of the configuration file, "" if none; for messages
	Set  []string // overrides of the file's settings; for messages
}

// complete sets defaults. Only rank 0 prints.
func (o Options) complete() Options {
	if o.Out == nil || o.Place.Rank > 0 {
		o.Out = io.Discard
	}
	if o.Err == nil || o.Place.Rank > 0 {
		o.Err = io.Discard
	}
	if o.Device == "" {
		o.Device = "auto"
	}
	o.Place.Size, o.Place.LocalSize = max(1, o.Place.Size), max(1, o.Place.LocalSize)
	return o
}

// Run is a training run, or this process's part of it.
type Run struct {
	config  config.Config
	options Options
	device  gotch.Device
	dir     modeldir.Dir
	names   modeldir.Names // of the model's files

	encoder      encoder
	pretraining  *pretraining // of task: pretrain; otherwise nil
	kept         []string     // what the heads take from an earlier model, one line per head
	data         *data
	architecture fusion.Architecture // of task: pretrain the encoder alone
	parameters   int64
	trainable    int64 // parameters that aren't frozen
	console      *trainer.Console
	settings     trainer.Settings

	trainer     *trainer.Trainer
	checkpoints *checkpoints // nil on ranks other than 0

	team     *ranks.Team // nil for a single process
	model    *fusion.Model
	teachers teachers

	missing teacherPlan // the teachers that Fit trains first
	role    *role       // of a teacher's run; nil for any other
	runID   string      // of the MLflow run; "" before Fit, or if tracking is off

	baselines []trainer.Scores // of the majority class
	test      []trainer.Scores // of the best weights; nil before the test
	history   *trainer.History // nil before Fit

	held []func() // release the folder, the model and the teachers
	over bool     // Fit or Close was called
}

// Open prepares a run: it joins the other processes, locks output.model_dir, reads the
// data, and builds the model. With distill.train_teachers it also locks the folders of
// the missing teachers; Fit then trains these first, and builds the model after that.
// The caller must close the run. After a panic, too, everything is released.
func Open(ctx context.Context, c config.Config, o Options) (*Run, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	o = o.complete()
	r := &Run{config: c, options: o}
	if !o.Place.Alone() {
		var err error
		if r.team, err = ranks.Join(ctx, o.Place, time.Duration(c.Training.RankTimeoutMinutes*float64(time.Minute))); err != nil {
			return nil, err
		}
	}
	opened := false
	defer func() {
		if !opened {
			r.Close()
		}
	}()
	if err := r.open(ctx); err != nil {
		return nil, r.leave(err)
	}
	opened = true
	return r, nil
}

// DryRun reads the data and prints sizes and steps. It needs no pretrained weights,
// doesn't train, and writes nothing except demo data.
func DryRun(ctx context.Context, c config.Config, o Options) error {
	if err := c.Validate(); err != nil {
		return err
	}
	r := &Run{config: c, options: o.complete()}
	if err := r.prepare(ctx, true); err != nil {
		return err
	}
	train := r.data.train()
	r.console.Steps(trainer.NewPlan(r.settings, train), train)
	sayTeaching(c, c.TaskNames(), r.options.Out)
	return r.sayTeachers()
}

// Fit trains, then saves and reports the results; with distill.train_teachers it trains
// the missing teachers first. It can be called once; when ctx is
// done, the state is saved, and the error is a [*Stopped], which says how to continue.
func (r *Run) Fit(ctx context.Context) error {
	if r.over {
		return errors.New("a run trains once, and not after it was closed: open another")
	}
	r.over = true
	fit := r.fit
	if r.options.Place.Rank > 0 {
		fit = r.fitBesideFirst
	}
	return r.leave(r.fitAfterTeachers(ctx, fit))
}

// History returns the history of the run so far; of a resumed run, with that before the stop.
func (r *Run) History() *trainer.History { return r.trainer.History() }

// Close releases the run's folder, model and teachers. If other processes are waiting
// for this one, because Fit wasn't called or has panicked, they end too.
func (r *Run) Close() {
	r.over = true
	for _, release := range slices.Backward(r.held) {
		release()
	}
	r.held = nil
	if r.team != nil {
		_ = r.leave(errBroken)
	}
}

// leave reports this process's outcome to the others, and returns the run's error.
func (r *Run) leave(err error) error {
	team := r.team
	r.team = nil
	switch {
	case team == nil || r.role != nil: // a teacher's processes go on with the next model
		return err
	case err != nil:
		return team.Fail(err)
	}
	return team.Close()
}

// prepare is the part shared with a dry run: everything that doesn't need weights.
func (r *Run) prepare(ctx context.Context, dryRun bool) (err error) {
	c, o := r.config, r.options
	if r.device, err = deviceOf(o.Device, o.Place.LocalRank); err != nil {
		return err
	}
	torchx.Configure(threads(c.Training.Threads, o.Place))
	r.console = trainer.NewConsole(o.Out, o.Err)
	if err := checkTracker(c.MLflow); err != nil {
		return err
	}
	r.names = modelNames(c.Output)
	if r.dir, err = modeldir.Find(c.Output.ModelDir, r.names); err != nil {
		return err
	}
	if !dryRun && o.Place.Rank == 0 && r.role == nil { // a teacher's folder is locked by its student's run
		release, err := occupy(r.dir, "output.model_dir", r.names, c.Task == config.TaskClassification, foldersForOthers(c)...)
		if err != nil {
			return err
		}
		r.held = append(r.held, release)
	}
	if c.Task == config.TaskPretrain {
		err = r.preparePretraining(ctx, dryRun)
	} else {
		err = r.prepareTasks(ctx, dryRun)
	}
	if err != nil {
		return err
	}
	if err := r.data.checkAccumulation(c.Training, o.Place.Size, o.Err); err != nil {
		return err
	}
	r.data.enlargeBatches(o.Place.Size * c.Training.AccumulationSteps)
	precision := torchx.Precision(c.Training.Precision).ResolveForTraining(r.device)
	r.settings = settings(c, r.data.tasks(), precision)
	warnOfWarmup(trainer.NewPlan(r.settings, r.data.train()).Schedule, c.Training, o.Err)
	warnOfLossRule(c, o.Err)
	warnOfPooling(c, o.Err)
	if slow := precision.Slow(r.device); slow != "" {
		fmt.Fprintf(o.Err, "train: warning: training.precision: %s\n", slow)
	}
	r.console.Run(trainer.Setup{Parameters: r.parameters, Frozen: r.parameters - r.trainable, Device: torchx.DeviceName(r.device), Threads: torchx.Threads(), Precision: string(precision)}, r.settings)
	share := c.Training.BatchSize * c.Training.AccumulationSteps
	if !o.Place.Alone() {
		fmt.Fprintf(o.Out, "Processes: %d, each with %d of the %d examples in a batch\n", o.Place.Size, share, o.Place.Size*share)
	}
	if c.Training.AccumulationSteps > 1 {
		fmt.Fprintf(o.Out, "Gradient accumulation: %d examples before each update of the weights, %d at a time\n", share, c.Training.BatchSize)
	}
	return nil
}

// prepareTasks reads the labelled data, and finds the encoder of a model of tasks.
func (r *Run) prepareTasks(ctx context.Context, dryRun bool) (err error) {
	c := r.config
	if r.role == nil { // a teacher has its student's data and encoder
		if err := r.readTasks(ctx, dryRun); err != nil {
			return err
		}
		if r.options.Place.Rank == 0 {
			if err := checkTeachers(c, r.data.tasks(), r.options.Err); err != nil {
				return err
			}
		}
	}
	r.console.Data(r.data.sets(), r.data.splits(), c.Tokenizer.MaxLength)
	if u := r.data.unlabelled; u != nil {
		fmt.Fprintf(r.options.Out, "  unlabelled: %s\n", u.describe(c.Tokenizer.Truncation))
	}
	if w := windowsOf(c.Tokenizer, r.data.tokenizer); w.On() {
		fmt.Fprintf(r.options.Out, "Long calls: %s; at most %s tokens at once\n", describeWindows(w), numbers.Thousands(int64(c.PassTokens())))
		warnOfOverlap(w, r.options.Err)
	}
	if r.architecture, err = r.encoder.architecture(encoderName(c.Task), r.data, c.Tokenizer); err != nil {
		return err
	}
	if err := checkSmoothing(c.Training.LabelSmoothing, r.data.tasks()); err != nil {
		return err
	}
	if r.parameters, err = fusion.CountParameters(r.architecture); err != nil {
		return err
	}
	if err := checkFrozen(c.Backbone, r.architecture.Config.Layers); err != nil {
		return err
	}
	r.trainable, err = fusion.CountTrainable(r.architecture, frozen(c.Backbone))
	return err
}

// readTasks finds the encoder, and reads the labelled data.
func (r *Run) readTasks(ctx context.Context, dryRun bool) (err error) {
	c, o := r.config, r.options
	if r.encoder, err = findEncoder(ctx, c.Backbone, backboneKeys, dryRun, o.Out, o.Err); err != nil {
		return err
	}
	if err := r.encoder.checkPositions(c.Tokenizer.MaxLength); err != nil {
		return err
	}
	plan, err := planData(c, o)
	if err != nil {
		return err
	}
	if err := inTurn(r.team, func() error { return plan.provide(ctx, o.Out) }); err != nil {
		return err
	}
	if r.data, err = plan.load(ctx, r.encoder, o); err != nil || len(c.Distill.UnlabelledPath) == 0 {
		return err
	}
	r.data.unlabelled, err = readUnlabelled(ctx, c, r.data.tokenizer, o.SkipBad, o.Err)
	return err
}

// open prepares the run and, if there are no teachers to train first, builds it.
func (r *Run) open(ctx context.Context) error {
	if err := r.prepare(ctx, false); err != nil {
		return err
	}
	if err := r.planTeachers(); err != nil {
		return err
	}
	if err := r.checkState(); err != nil {
		return err
	}
	if len(r.missing.Teachers) > 0 {
		return r.tryModels()
	}
	return r.build(ctx)
}

// build makes the model and asks its teachers, and checks that all processes agree.
func (r *Run) build(ctx context.Context) error {
	if err := torchx.Seed(r.config.Training.Seed); err != nil {
		return err
	}
	open := r.openTasks
	if r.pretraining != nil {
		open = r.openPretraining
	}
	if err := open(ctx); err != nil {
		return err
	}
	if err := r.makeTrainer(); err != nil {
		return err
	}
	if r.team == nil {
		return nil
	}
	if err := r.agree(); err != nil || len(r.missing.Teachers) > 0 || r.role != nil { // NCCL is in use since the first teacher
		return err
	}
	return r.useNCCL()
}

// openTasks builds a model of tasks, and asks its teachers.
func (r *Run) openTasks(ctx context.Context) error {
	if err := r.makeModel(); err != nil {
		return err
	}
	if unused := fusion.UnusedRows(r.model.Config, r.data.tokenizer); unused != "" {
		fmt.Fprintf(r.options.Err, "train: warning: %s: %s\n", r.encoder.dir, unused)
	}
	r.held = append(r.held, func() { r.teachers.drop() })
	if err := inTurn(r.team, func() error { return r.askTeachers(ctx) }); err != nil {
		return err
	}
	if err := r.data.identify(); err != nil {
		return err
	}
	r.warnOfKnownRecords(r.options.Err)
	return nil
}

// makeModel builds a model of tasks, with the weights that it starts from.
func (r *Run) makeModel() (err error) {
	if r.model, err = fusion.New(r.architecture, r.device); err != nil {
		return err
	}
	r.held = append(r.held, r.model.Drop)
	if err := r.encoder.load(r.model, r.data.tokenizer, len(r.config.Tokenizer.SpeakerTokens) > 0); err != nil {
		return err
	}
	if r.kept, err = r.encoder.keepHeads(r.model); err != nil {
		return err
	}
	if err := r.model.Freeze(frozen(r.config.Backbone)); err != nil {
		return err
	}
	r.model.Longest = r.data.longest()
	r.model.SetCheckpointing(r.config.Training.GradientCheckpointing)
	r.model.SetBatchTokens(r.config.PassTokens())
	if err := weighClasses(r.model, r.config.Training.ClassWeights, r.data.sources); err != nil {
		return err
	}
	return r.model.SetLabelSmoothing(r.config.Training.LabelSmoothing)
}

// frozen returns the frozen parts of the encoder.
func frozen(b config.Backbone) backbone.Frozen {
	return backbone.Frozen{Embeddings: b.FreezeEmbeddings, Layers: b.FreezeLayers}
}

// checkFrozen refuses more frozen layers than the encoder has.
func checkFrozen(b config.Backbone, layers int64) error {
	if b.FreezeLayers > layers {
		return fmt.Errorf("backbone.freeze_layers is %d, but the encoder has only %s", b.FreezeLayers, numbers.Of(int(layers), "layer"))
	}
	return nil
}

// checkSmoothing refuses label smoothing if no head supports it.
func checkSmoothing(smoothing float64, list []tasks.Task) error {
	if smoothing > 0 && !slices.ContainsFunc(list, func(t tasks.Task) bool { return t.Kind != tasks.MultiLabel }) {
		return fmt.Errorf("training.label_smoothing_factor is %v, but all heads are yes/no ones (%s), whose labels aren't smoothed: set it to 0", smoothing, strings.Join(tasks.Names(list), ", "))
	}
	return nil
}

// makeTrainer creates the trainer. Only rank 0 saves the results.
func (r *Run) makeTrainer() (err error) {
	deps := trainer.Deps{Train: r.data.train(), Val: r.data.val(), Observers: []trainer.Observer{r.console}}
	if r.pretraining != nil {
		deps.Objective = r.pretraining.objective(r.config)
	} else {
		deps.Model = r.model
	}
	if r.team != nil {
		deps.Ranks = r.team
	}
	if r.options.Place.Rank == 0 {
		r.checkpoints = &checkpoints{run: r}
		deps.Checkpointer = r.checkpoints
	}
	if r.trainer, err = trainer.New(r.settings, deps); err != nil {
		return err
	}
	r.held = append(r.held, r.trainer.Drop)
	return nil
}

// settings returns the trainer's settings; those of distillation are added after the
// teachers' targets have been computed.
func settings(c config.Config, list []tasks.Task, precision torchx.Precision) trainer.Settings {
	weights := map[string]float64{}
	for _, task := range list {
		weights[task.Name] = c.LossWeight(task.Name)
	}
	return trainer.Settings{
		Epochs:       c.Training.NumEpochs,
		LearningRate: c.Training.LearningRate,
		Scheduler:    c.Training.LRScheduler,
		WeightDecay:  c.Training.WeightDecay,

		HeadLearningRate: c.Training.HeadLearningRate,
		LayerDecay:       c.Training.LayerDecay,
		NoDecayOnVectors: c.Training.NoDecayOnVectors,

		WarmupRatio: c.Training.WarmupRatio,
		WarmupSteps: c.Training.WarmupSteps,
		MaxGradNorm: c.Training.MaxGradNorm,
		EvalSteps:   c.Training.EvalSteps,
		Best:        c.Training.MetricForBestModel,
		Patience:    c.Training.EarlyStoppingPatience,
		MinDelta:    c.Training.EarlyStoppingMinDelta,
		SaveSteps:   c.Training.SaveSteps,
		SaveEvery:   time.Duration(c.Training.SaveMinutes * float64(time.Minute)),
		MaxBadSteps: c.Training.MaxBadSteps,
		Seed:        c.Training.Seed,
		BF16:        precision == torchx.BF16,

		AccumulationSteps: c.Training.AccumulationSteps,
		BatchTokens:       c.PassTokens(),
		CompressGradients: c.Training.GradientCompression == config.CompressionBF16,

		Sampling:    sampling(c.Training),
		MixTasks:    c.Training.MixTasks,
		LossWeights: weights,
		Balance:     c.Training.LossWeights.AppliedRule(),
		ClipPerTask: c.Training.ClipPerTask,
	}
}

func sampling(training config.Training) datasets.Sampling {
	switch training.Sampling {
	case config.SamplingUniform:
		return datasets.Sampling{Temperature: math.Inf(1)}
	case config.SamplingAnnealed:
		return datasets.Sampling{Annealed: true}
	case config.SamplingTemperature:
		return datasets.Sampling{Temperature: training.SamplingTemperature}
	}
	return datasets.Sampling{}
}
