package tracking

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trident-nlp/trident/internal/numbers"
)

// Run is one MLflow run being recorded. Its Log methods check their values, queue
// them and return at once; they can't fail. They may be called from any goroutine
// until Finish.
type Run struct {
	store  store
	sender *sender
	warn   func(string)

	mu                    sync.Mutex
	params, tags, metrics *keySpace
	lastStep              map[string]int64 // per metric, when the run was resumed
	nonFinite             map[string]int   // per metric
	seq, lastMs           int64
	finished              bool
}

// newRun starts recording. left is what an earlier process didn't deliver.
func newRun(o Options, s store, box *outbox, used usedKeys, left *outboxContent) *Run {
	r := &Run{
		store:     s,
		sender:    newSender(s, box, o.Warn, o.Say, *o.pace),
		warn:      o.Warn,
		params:    newKeySpace(used.params...),
		tags:      newKeySpace(used.tags...),
		metrics:   newKeySpace(),
		lastStep:  map[string]int64{},
		nonFinite: map[string]int{},
	}
	for key, step := range used.lastStep {
		r.metrics.use(key)
		r.lastStep[key] = step
	}
	if left != nil {
		r.seq, r.lastMs = left.lastSeq, left.lastMs
		for _, old := range left.records {
			for key := range old.Params {
				r.params.use(key)
			}
			for key := range old.Tags {
				r.tags.use(key)
			}
			for key := range old.Metrics {
				r.metrics.use(key)
				if step, known := r.lastStep[key]; !known || old.Step > step {
					r.lastStep[key] = old.Step
				}
			}
		}
		r.sender.replay(left)
		r.sender.write(r.stamp(record{Status: Running})) // overrides the status that an earlier process wrote
	}
	r.sender.start()
	return r
}

// LogParams records hyperparameters. MLflow accepts each name once; a later,
// different value is dropped with a warning.
func (r *Run) LogParams(values map[string]string) {
	r.enqueue(func() record {
		return record{Params: r.texts(paramItem, r.params, values, maxParamLength)}
	})
}

// SetTags records tags, which may change later.
func (r *Run) SetTags(values map[string]string) {
	r.enqueue(func() record {
		return record{Tags: r.texts(tagItem, r.tags, values, maxTagLength)}
	})
}

// LogMetrics records one point of a curve for each name. MLflow's pages can't show
// NaN and infinities: these are counted in a tag nonfinite.<name>. In a resumed
// run, steps that the run already has are skipped.
func (r *Run) LogMetrics(step int64, values map[string]float64) {
	broken := map[string]string{}
	r.enqueue(func() record {
		clean := map[string]float64{}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			value := values[name]
			key := r.resolve(metricItem, r.metrics, name)
			if key == "" {
				continue
			}
			if last, known := r.lastStep[key]; known && step <= last {
				continue
			}
			if !numbers.Finite(value) {
				r.nonFinite[key]++
				broken["nonfinite."+key] = fmt.Sprintf("%v at step %d, %s in all", value, step, describe(r.nonFinite[key], "time"))
				continue
			}
			clean[key] = value
		}
		return record{Metrics: clean, Step: step}
	})
	r.SetTags(broken)
}

// LogArtifacts stores a file, or a folder's files, in the folder dir of the run's
// artifacts ("" is their root). The files are read when they are sent.
func (r *Run) LogArtifacts(path, dir string) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		r.warn(fmt.Sprintf("MLflow artifact %s is not stored: %v", path, err))
		return
	}
	r.enqueue(func() record {
		return record{Artifact: &artifact{File: absolute, Dir: cleanPath(filepath.ToSlash(dir))}}
	})
}

// LogInput records an input data set of the run.
func (r *Run) LogInput(dataset Dataset) {
	dataset.Name = cut(dataset.Name, 500)
	dataset.Digest = cut(dataset.Digest, 36)
	r.enqueue(func() record { return record{Input: &dataset} })
}

// Flush makes the params, tags and metrics logged so far durable: they survive a
// kill and a power cut. With a server they are then in the local outbox, whether or
// not the server is available; in a file store they are recorded, for which Flush
// waits until ctx ends. Training calls it before it saves a state, so that no step
// before that state is missing after a resume. After Finish it does nothing.
func (r *Run) Flush(ctx context.Context) error {
	r.mu.Lock()
	finished := r.finished
	r.mu.Unlock()
	if finished {
		return nil
	}
	if err := r.sender.flush(ctx); err != nil {
		return fmt.Errorf("keeping the MLflow run's records: %w", err)
	}
	return nil
}

// Finish delivers the queue and sets the run's final status. It gives up when ctx
// ends, or after half a minute without a delivery; the rest then stays in the
// outbox, and the error is ErrUnsent and says how to send it. ctx should not be the
// training's own, which a signal may have cancelled already.
func (r *Run) Finish(ctx context.Context, status Status) error {
	r.mu.Lock()
	if r.finished {
		r.mu.Unlock()
		return nil
	}
	r.finished = true
	final := r.stamp(record{Status: status})
	r.mu.Unlock()
	r.sender.write(final)
	return r.sender.finish(ctx, final)
}

// ID returns the run's id, for Options.ResumeID.
func (r *Run) ID() string { return r.store.runID() }

// ExperimentID returns the id of the run's experiment.
func (r *Run) ExperimentID() string { return r.store.experimentID() }

// URL returns the run's page on the server, or its folder.
func (r *Run) URL() string { return r.store.url() }

// Hints returns lines that tell a user how to view the run.
func (r *Run) Hints() []string { return r.store.hints() }

// enqueue adds the record returned by build, unless it is empty.
func (r *Run) enqueue(build func() record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.finished {
		return
	}
	if rec := build(); len(rec.Params)+len(rec.Tags)+len(rec.Metrics) > 0 || !rec.isBatchable() {
		r.sender.push(r.stamp(rec))
	}
}

// stamp numbers a record and gives it a monotonic time, so that the latest value
// stays the latest if the clock is changed.
func (r *Run) stamp(rec record) record {
	r.seq++
	r.lastMs = max(r.lastMs, time.Now().UnixMilli())
	rec.Seq, rec.Time = r.seq, r.lastMs
	return rec
}

func (r *Run) texts(kind itemKind, keys *keySpace, values map[string]string, limit int) map[string]string {
	clean := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if key := r.resolve(kind, keys, name); key != "" {
			clean[key] = cut(values[name], limit)
		}
	}
	return clean
}

func (r *Run) resolve(kind itemKind, keys *keySpace, name string) string {
	key, renamed := keys.resolve(name)
	switch {
	case renamed && key == "":
		r.warn(fmt.Sprintf("MLflow %v %q is not recorded: its name has no usable character", kind, name))
	case renamed:
		r.warn(fmt.Sprintf("MLflow %v %q is recorded as %q, which MLflow can store", kind, name, key))
	}
	return key
}

// NextStep returns the step after the last one of a resumed run's metrics whose names
// begin with prefix, or 0.
func (r *Run) NextStep(prefix string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var next int64
	for key, step := range r.lastStep {
		if strings.HasPrefix(key, prefix) {
			next = max(next, step+1)
		}
	}
	return next
}
