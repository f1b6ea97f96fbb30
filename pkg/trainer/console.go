package trainer

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Console is the [Observer] for people: it prints lines to out, and shows progress as
// bars if that is a terminal, otherwise as an occasional line on out.
type Console struct {
	BaseObserver

	out, bars            io.Writer
	series               Series
	last                 bool // the epoch is the run's last
	training, validating bar
	shown                *terminal.Progress // of the current bar
}

// NewConsole writes lines to out, and progress bars to bars if that is a terminal.
// nil: nobody reads them.
func NewConsole(out, bars io.Writer) *Console {
	if out == nil {
		out = io.Discard
	}
	if bars == nil {
		bars = io.Discard
	}
	return &Console{out: out, bars: bars}
}

// Series is a run's place among models that are trained one after the other; the zero
// Series is a run on its own.
type Series struct {
	Number, Of int // from 1
	StepsAfter int // of the models after this one, without early stopping
}

// title is the title of a bar: "Training", "Model 2 of 4: training".
func (s Series) title(work string) string {
	if s.Of == 0 {
		return work
	}
	return fmt.Sprintf("Model %d of %d: %s", s.Number, s.Of, strings.ToLower(work))
}

// left estimates how long this and all later models take: their steps at this run's pace.
// 0: that isn't known.
func (s Series) left(run time.Duration, rest int) time.Duration {
	return terminal.Left(run, int64(rest), int64(rest+s.StepsAfter))
}

// SetSeries lets the progress bars show the model's number and the time left for all
// models. Before the first epoch.
func (c *Console) SetSeries(s Series) { c.series = s }

func (c *Console) printf(format string, args ...any) {
	c.shown.Clear()
	fmt.Fprintf(c.out, format, args...)
}

// EpochBegin implements [Observer].
func (c *Console) EpochBegin(e Epoch) {
	c.printf("\nEpoch %d/%d\n", e.Number, e.Of)
	c.last = e.Number == e.Of
	c.training = c.bar("Training", e.Steps)
	c.training.from(e.Done)
}

// EpochEnd implements [Observer].
func (c *Console) EpochEnd() {
	c.training.line.Finish()
	c.training = bar{}
}

// StepEnd implements [Observer].
func (c *Console) StepEnd(s StepEnd) { c.training.step(c.running(s)) }

// StepSkipped implements [Observer].
func (c *Console) StepSkipped(err error) {
	c.printf("  [Skipped: %v; further ones until the next validation are only counted]\n", err)
}

// IntervalEnd implements [Observer].
func (c *Console) IntervalEnd(t Trained) {
	c.printf("  train_loss=%.4f", t.Loss)
	for _, loss := range t.Losses {
		c.printf("  %s=%.4f", loss.Name, loss.Value)
	}
	if t.Skipped > 0 {
		c.printf("  skipped steps: %d", t.Skipped)
	}
	c.printf("  (%s)\n", pace(t.Samples, t.Seconds))
}

// pace is the speed and duration of an epoch, rounded so that the line fits into 80
// columns.
func pace(samples int, seconds float64) string {
	rate, took, digits := float64(samples)/max(seconds, 1e-9), time.Duration(seconds*1e9), 1
	if rate >= 100 {
		digits = 0
	}
	if took >= time.Minute {
		return fmt.Sprintf("%.*f samples/s, %s", digits, rate, took.Round(time.Second))
	}
	return fmt.Sprintf("%.*f samples/s, %s", digits, rate, took.Round(100*time.Millisecond))
}

// EvaluationBegin implements [Observer].
func (c *Console) EvaluationBegin(batches int) { c.validating = c.bar("Validating", batches) }

// EvaluationStep implements [Observer].
func (c *Console) EvaluationStep() { c.validating.step("") }

// EvaluationEnd implements [Observer].
func (c *Console) EvaluationEnd() {
	c.validating.line.Finish()
	c.validating, c.shown = bar{}, c.training.line
}

// Evaluated implements [Observer].
func (c *Console) Evaluated(e Evaluation, _ bool) {
	c.printf("  val  —")
	for _, s := range e.Val {
		c.printf(" %s: %.3f ", scoreTitle(s), s.Value)
	}
	c.printf(" avg: %.3f  loss: %.4f", e.Average, e.loss())
	for _, s := range e.Val {
		for _, figure := range s.Report {
			if figure.Name == perplexity {
				c.printf("  perplexity: %.2f", figure.Value)
			}
		}
	}
	c.printf("\n")
}

// scoreTitle is the console's name of a selection metric: "NER F1", "CLS acc".
func scoreTitle(s Scores) string {
	kind := s.Name[strings.LastIndexByte(s.Name, '_')+1:]
	if kind == "f1" {
		kind = "F1"
	}
	return strings.ToUpper(s.Task) + " " + kind
}

// CheckpointSaved implements [Observer].
func (c *Console) CheckpointSaved() { c.printf("  [Checkpoint saved]\n") }

// EarlyStopped implements [Observer].
func (c *Console) EarlyStopped(validations, best int) {
	c.printf("\nEarly stopping: no improvement in %d validations; the best was in epoch %d.\n", validations, best)
}

// running is the text of the progress bar: time left, and mean losses so far. In the last
// epoch of the last model the bar's own time is the run's.
func (c *Console) running(s StepEnd) string {
	var text strings.Builder
	left := c.series.left(s.Left, s.Rest)
	switch {
	case left > 0 && c.series.StepsAfter > 0:
		fmt.Fprintf(&text, "all models %s left, ", terminal.Rough(left))
	case s.Left > 0 && !c.last:
		fmt.Fprintf(&text, "run %s left, ", terminal.Rough(s.Left))
	}
	fmt.Fprintf(&text, "loss %.3f", s.Loss)
	for _, loss := range s.Losses {
		fmt.Fprintf(&text, " %s %.3f", loss.Name, loss.Value)
	}
	return text.String()
}

// bar shows the progress of work with a known number of steps; the zero bar shows
// nothing.
type bar struct {
	line        *terminal.Progress
	done, total int
}

func (c *Console) bar(title string, total int) bar {
	c.shown.Clear()
	c.shown = terminal.NewProgress(c.bars, c.series.title(title), int64(total), terminal.Options{Lines: c.out})
	return bar{line: c.shown, total: total}
}

// from starts the bar at the position of a resumed run.
func (b *bar) from(done int) {
	b.done = done
	b.line.From(int64(done))
}

// step advances the bar by one.
func (b *bar) step(text string) {
	b.done++
	b.line.Set(int64(b.done), int64(b.total), text)
}

// Data prints the label counts, the used and skipped records of each task, and each
// set's split.
func (c *Console) Data(sets []datasets.Set, splits []datasets.Split, maxLength int) {
	for _, set := range sets {
		for _, task := range set.Tasks {
			if task.Kind == tasks.MultiClass {
				c.printf("Label counts — %s\n", labelCounts(task))
			}
		}
	}
	for _, set := range sets {
		for t, task := range set.Tasks {
			c.filterLine(task, set.Filters[t], maxLength, set.Windows)
		}
	}
	c.printf("\nFinal dataset sizes:\n")
	for i, split := range splits {
		c.printf("  %-4s %d train / %d val", strings.ToUpper(datasets.Loader{Tasks: sets[i].Tasks}.Name())+":", len(split.Train), len(split.Val))
		if split.Test != nil {
			c.printf(" / %d test", len(split.Test))
		}
		c.printf("\n")
	}
}

// labelCounts lists a task's heads with the numbers of their labels.
func labelCounts(task tasks.Task) string {
	var counts []string
	for _, head := range task.Heads {
		name := head.Name
		if name == "intervention" { // as the Python prototype prints it
			name = "interv"
		}
		counts = append(counts, fmt.Sprintf("%s: %d", name, len(head.Labels)))
	}
	return strings.Join(counts, ", ")
}

func (c *Console) filterLine(task tasks.Task, f datasets.Filter, maxLength int, windows datasets.Windows) {
	name := strings.ToUpper(task.Name)
	switch {
	case windows.On():
		c.printf("%-4s whole calls  : kept %d/%d, %d in windows of %d%s\n", name, f.After, f.Before, f.Windowed, windows.Length, cutAt(f, windows))
	case task.Kind == tasks.Token || f.Removed() > 0:
		c.printf("%-4s token filter : kept %d/%d (%.1f%%) — %d over-length removed\n", name, f.After, f.Before, f.KeptPercent(), f.Removed())
	default:
		c.printf("%-4s truncation   : %d records kept, long %s truncated at %d: %d\n", name, f.After, textsOf(task), maxLength, f.Truncated)
	}
	if f.Rare > 0 {
		c.printf("%-4s rare classes : %d records dropped, the only ones of their class\n", name, f.Rare)
	}
}

// cutAt counts the records that are longer than windows go.
func cutAt(f datasets.Filter, windows datasets.Windows) string {
	var text string
	if f.Truncated > 0 {
		text += fmt.Sprintf(", %d truncated at %d", f.Truncated, windows.MaxTokens)
	}
	if f.Removed() > 0 {
		text += fmt.Sprintf(", %d over-length removed", f.Removed())
	}
	return text
}

func textsOf(task tasks.Task) string {
	if task.Name == tasks.CLSName {
		return "narratives"
	}
	return "transcripts"
}

// Setup is what [Console.Run] prints before training.
type Setup struct {
	Parameters int64
	Frozen     int64 // of Parameters, those that aren't trained
	Device     string
	Threads    int
	Precision  string
}

// Run prints the settings of the run.
func (c *Console) Run(s Setup, settings Settings) {
	c.printf("\nTotal parameters: %s\n", numbers.Thousands(s.Parameters))
	if s.Frozen > 0 {
		c.printf("Frozen parameters: %s\n", numbers.Thousands(s.Frozen))
	}
	c.printf("Training on %s", s.Device)
	if s.Device == "cpu" {
		c.printf(" (%d threads, %s)\n", s.Threads, s.Precision)
	} else {
		c.printf(" (%s)\n", s.Precision)
	}
	c.printf("Epochs: %d, patience: %d\n", settings.Epochs, settings.Patience)
	if settings.EvalSteps > 0 {
		c.printf("Validation every %d steps\n", settings.EvalSteps)
	}
}

// Steps prints the number of steps in an epoch and in the run.
func (c *Console) Steps(p Plan, train []datasets.Loader) {
	var parts []string
	for i, n := range p.Batches {
		parts = append(parts, fmt.Sprintf("%s %s", train[i].Name(), numbers.Thousands(int64(n))))
	}
	c.printf("Batches per epoch: %s (%s)\n", numbers.Thousands(int64(p.StepsPerEpoch)), strings.Join(parts, ", "))
	c.printf("Total steps: %s, warm-up: %s\n", numbers.Thousands(int64(p.Schedule.Total)), numbers.Thousands(int64(p.Schedule.Warmup)))
}
