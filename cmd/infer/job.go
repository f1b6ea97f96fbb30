package main

import (
	"context"
	"fmt"
	"io"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// predictor is what a job needs of a [fusion.Predictor].
type predictor interface {
	Predict(ctx context.Context, texts []datasets.Transcript, o fusion.PredictOptions) ([]fusion.Prediction, error)
	Tasks() []tasks.Task
	MaxLength() int
}

// job takes calls from one end to the other, a window at a time. Calls are
// sorted by length within a window, and no more than a window is in memory.
type job struct {
	in      source
	out     *destination
	open    func() (predictor, error)
	options fusion.PredictOptions
	style   style
	bar     progress

	read, truncated, repaired int // calls
	limit                     int // tokens that the model reads
}

// A window holds up to windowBatches batches, the first ones less so that the
// first predictions are there soon, and not much more than windowBytes.
const (
	windowBatches = 8
	windowBytes   = 4 << 20
)

func (j *job) run(ctx context.Context) error {
	defer j.bar.finish()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	items := readAhead(ctx, j.in.records)
	size := j.options.BatchSize
	if j.in.interactive {
		size = 1
	}
	window, err := collect(ctx, items, size) // bad input shows before the model is loaded
	if err != nil {
		return err
	}
	model, err := j.open()
	if err != nil {
		return err
	}
	if err := j.checkTasks(model); err != nil {
		return err
	}
	j.limit = model.MaxLength()
	w, err := newWriter(j.out, j.style, j.predicted(model.Tasks()))
	if err != nil {
		return err
	}
	for len(window) > 0 {
		if err := j.predict(ctx, model, window, w); err != nil {
			return err
		}
		if !j.in.interactive {
			size = min(2*size, windowBatches*j.options.BatchSize)
		}
		if window, err = collect(ctx, items, size); err != nil {
			return err
		}
	}
	if err := w.finish(); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return j.out.finish()
}

// checkTasks finds a task, or a threshold's head, that the model hasn't learnt
// before it is used.
func (j *job) checkTasks(model predictor) error {
	for _, name := range j.options.Tasks {
		if _, err := tasks.Find(model.Tasks(), name); err != nil {
			return fmt.Errorf("--tasks: %w", err)
		}
	}
	return j.options.Heads.Check(model.Tasks())
}

// predicted are the tasks that the output is about.
func (j *job) predicted(all []tasks.Task) []tasks.Task {
	if j.options.Tasks == nil {
		return all
	}
	var list []tasks.Task
	for _, task := range all {
		for _, name := range j.options.Tasks {
			if name == task.Name {
				list = append(list, task)
				break
			}
		}
	}
	return list
}

// predict reads a window of calls and writes what the model says of them.
func (j *job) predict(ctx context.Context, model predictor, window []record, w writer) error {
	texts := make([]datasets.Transcript, len(window))
	for i, r := range window {
		texts[i] = r.text
	}
	o := j.options
	o.Scores = o.Scores || j.style.format == "text"
	o.Progress = func(done, total int) { j.bar.show(j.read, window, float64(done)/float64(total)) }
	predictions, err := model.Predict(ctx, texts, o)
	if err != nil {
		return err
	}
	for i, r := range window {
		j.read++
		if predictions[i].Truncated {
			j.truncated++
		}
		if r.repaired {
			j.repaired++
		}
		if err := w.write(j.read, r, predictions[i]); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
	}
	if err := j.out.Flush(); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// warn tells what wasn't read as it stands.
func (j *job) warn(w io.Writer) {
	if j.truncated > 0 {
		fmt.Fprintf(w, "infer: warning: calls of more than %d tokens: %d of %d; their ends weren't read (--overlap 128 reads all)\n", j.limit, j.truncated, j.read)
	}
	if j.repaired > 0 {
		fmt.Fprintf(w, "infer: warning: calls that aren't in UTF-8, or hold half a surrogate pair: %d of %d; each such place was read as U+FFFD\n", j.repaired, j.read)
	}
}

type item struct {
	record record
	err    error
}

// readAhead reads beside the model's work, one call ahead, until ctx is done.
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

// collect takes up to n calls, fewer at the input's end or if they are large.
func collect(ctx context.Context, items <-chan item, n int) ([]record, error) {
	var window []record
	bytes := 0
	for len(window) < n && bytes < windowBytes {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case next, more := <-items:
			switch {
			case !more:
				return window, nil
			case next.err != nil:
				return nil, next.err
			}
			window = append(window, next.record)
			bytes += len(next.record.text)
		}
	}
	return window, nil
}
