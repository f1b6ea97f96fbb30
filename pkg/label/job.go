package label

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// predictor is the part of [fusion.Predictor] that a job uses.
type predictor interface {
	Predict(ctx context.Context, texts []datasets.Transcript, o fusion.PredictOptions) ([]fusion.Prediction, error)
	Tasks() []tasks.Task
	MaxLength() int
	MaxTokens(o fusion.PredictOptions) (int, error)
	Windows() datasets.Windows
}

// job labels calls from input to output, one window at a time. Calls are sorted by
// length within a window, and only one window is in memory.
type job struct {
	in      source
	out     *destination
	open    func() (predictor, error)
	options fusion.PredictOptions
	style   style
	marks   bool // write a call without an answer with its problem, instead of ending the run
	bar     progress
	// saved, if set, is called after a window has been written. All windows are then of
	// full size from the start, so a window that begins where another run stopped has
	// the same calls as in an uninterrupted run, and gives the same numbers.
	saved func(Counts) error

	Counts
	ending ending
}

// Counts are numbers of calls, and of the tokens read in them.
type Counts struct {
	Records    int `json:"records"`
	Unreadable int `json:"unreadable"` // included in Records; answered with an error
	Truncated  int `json:"truncated"`  // calls whose ends weren't read
	Repaired   int `json:"repaired"`   // calls with invalid UTF-8
	Tokens     int `json:"tokens"`

	UnknownWords int `json:"unknown_words,omitempty"`      // calls with a warning of many unknown words
	Longer       int `json:"longer_than_learnt,omitempty"` // calls longer than any in training
}

func (c *Counts) add(more Counts) {
	c.Records += more.Records
	c.Unreadable += more.Unreadable
	c.Truncated += more.Truncated
	c.Repaired += more.Repaired
	c.Tokens += more.Tokens
	c.UnknownWords += more.UnknownWords
	c.Longer += more.Longer
}

// A window holds up to windowBatches batches, and not much more than windowBytes. The
// first windows are smaller, for early first predictions. If a stream pauses, the
// window ends.
const (
	windowBatches = 8
	windowBytes   = 4 << 20
	pause         = 100 * time.Millisecond
)

func (j *job) run(ctx context.Context) error {
	defer j.bar.finish()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	items := readAhead(ctx, j.in.records)
	size, full := j.options.BatchSize, windowBatches*j.options.BatchSize
	switch {
	case j.in.interactive:
		size = 1
	case j.saved != nil:
		size = full
	}
	window, err := j.collect(ctx, items, size) // bad input is reported before the model is loaded
	if err != nil {
		return about(err, BadCall)
	}
	model, err := j.open()
	var list []tasks.Task
	if err == nil {
		list, err = j.predicted(model)
	}
	if err != nil {
		return about(err, BadModel)
	}
	if j.ending, err = endingOf(model, j.options); err != nil {
		return about(fmt.Errorf("read long calls: %w", err), BadModel)
	}
	w, err := newWriter(j.out, j.style, list)
	if err != nil {
		return writing(err)
	}
	if q, ok := w.(*queueWriter); ok {
		defer q.discard()
	}
	for len(window) > 0 {
		if err := j.predict(ctx, model, window, w); err != nil {
			return err
		}
		if !j.in.interactive {
			size = min(2*size, full)
		}
		if window, err = j.collect(ctx, items, size); err != nil {
			return about(err, BadCall)
		}
	}
	if err := w.finish(); err != nil {
		return writing(err)
	}
	return j.out.finish()
}

func writing(err error) error { return about(fmt.Errorf("write output: %w", err), BadOutput) }

// predicted returns the tasks in the output, and an error for a task, or a threshold's
// head, that the model hasn't learnt.
func (j *job) predicted(model predictor) ([]tasks.Task, error) {
	list, err := tasks.Select(model.Tasks(), j.options.Tasks)
	if err != nil {
		return nil, fmt.Errorf("--tasks: %w", err)
	}
	return list, j.options.Heads.Check(model.Tasks())
}

// predict labels a window of calls and writes the predictions.
func (j *job) predict(ctx context.Context, model predictor, window []record, w writer) error {
	var texts []datasets.Transcript
	o := j.options
	for _, r := range window {
		if r.problem == nil {
			texts, o.Languages = append(texts, r.text), append(o.Languages, r.language)
		}
	}
	o.Scores = o.Scores || j.style.format == "text"
	o.Progress = func(done, total int) { j.bar.show(j.Records, window, float64(done)/float64(total)) }
	predictions, err := model.Predict(ctx, texts, o)
	if err != nil {
		return err
	}
	for _, r := range window {
		var p fusion.Prediction
		if r.problem == nil {
			p, predictions = predictions[0], predictions[1:]
		}
		if p.Err != nil {
			r.problem = fmt.Errorf("call %d: %w", j.Records+1, p.Err)
		}
		if p.Err != nil && !j.marks {
			return about(r.problem, BadCall) // other shards may succeed
		}
		j.count(r, p)
		if err := w.write(j.Records, r, p); err != nil {
			return writing(err)
		}
	}
	err = j.out.Flush()
	if err == nil && j.saved != nil {
		err = j.saved(j.Counts)
	}
	if err != nil {
		return writing(err)
	}
	return nil
}

func (j *job) count(r record, p fusion.Prediction) {
	j.Records++
	j.Tokens += p.Read
	if p.Truncated {
		j.Truncated++
	}
	for _, w := range p.Warnings {
		switch w.Kind {
		case fusion.UnknownWords:
			j.UnknownWords++
		case fusion.LongerThanLearnt:
			j.Longer++
		}
	}
	if r.repaired {
		j.Repaired++
	}
	if r.problem != nil {
		j.Unreadable++
	}
}

// warn reports input that was truncated, repaired or unreadable.
func (j *job) warn(notice func(string)) {
	if j.Unreadable > 0 {
		notice(fmt.Sprintf("warning: calls that can't be read: %d of %d; each has a field error in the output", j.Unreadable, j.Records))
	}
	if j.Truncated > 0 {
		notice(fmt.Sprintf("warning: calls of more than %d tokens: %d of %d; their ends weren't read (%s)", j.ending.most, j.Truncated, j.Records, j.ending.instead))
	}
	if j.UnknownWords > 0 {
		notice(fmt.Sprintf("warning: calls of which many words aren't in the model's vocabulary: %d of %d; check their answers: the model may not know the language or the script", j.UnknownWords, j.Records))
	}
	if j.Longer > 0 {
		notice(fmt.Sprintf("warning: calls longer than any that the model learnt from: %d of %d; check their answers", j.Longer, j.Records))
	}
	if j.Repaired > 0 {
		notice(fmt.Sprintf("warning: calls that aren't in UTF-8, or hold half a surrogate pair: %d of %d; each such place was read as U+FFFD", j.Repaired, j.Records))
	}
}

type item struct {
	record record
	err    error
}

// readAhead reads concurrently with the model, one call ahead, until ctx is done.
func readAhead(ctx context.Context, list records) <-chan item {
	items := make(chan item)
	go func() {
		defer close(items)
		for r, err := range list {
			select {
			case items <- item{r, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return items
}

// collect returns up to n calls; fewer at the end of input, if they are large, or if a
// stream pauses.
func (j *job) collect(ctx context.Context, items <-chan item, n int) ([]record, error) {
	var window []record
	var paused <-chan time.Time
	bytes := 0
	for len(window) < n && bytes < windowBytes {
		if j.in.stream && len(window) > 0 {
			paused = time.After(pause)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-paused:
			return window, nil
		case next, more := <-items:
			switch {
			case !more: // end of input, or readAhead was stopped
				return window, ctx.Err()
			case next.err != nil:
				return nil, next.err
			}
			window = append(window, next.record)
			bytes += len(next.record.text)
		}
	}
	return window, nil
}

// progress shows how much of the input is done.
type progress struct {
	line *terminal.Progress
	size int64 // of the input
}

// newProgress shows nothing if the predictions themselves appear on a terminal.
func newProgress(w io.Writer, in source, out *destination) progress {
	if w == nil || in.size == 0 || out.terminal {
		return progress{}
	}
	return progress{terminal.NewProgress(w, "Reading", in.size, terminal.Options{Bytes: true, Lines: w}), in.size}
}

// show updates the line: part of window is done, and calls calls before it.
func (p progress) show(calls int, window []record, part float64) {
	if p.line == nil {
		return
	}
	from, to := window[0].offset, window[len(window)-1].offset
	p.line.Set(from+int64(part*float64(to-from)), p.size, fmt.Sprintf("%d calls", calls+int(part*float64(len(window)))))
}

func (p progress) finish() { p.line.Finish() }
