package tracking

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/trident-nlp/trident/internal/numbers"
)

// Run is one MLflow run that is being recorded. Its Log methods check their
// values, put them in a queue and return at once; they cannot fail. They may be
// called from any goroutine until Finish.
type Run struct {
	store  store
	sender *sender
	warn   func(string)

	mu                    sync.Mutex
	params, tags, metrics *keySpace
	lastStep              map[string]int64 // per metric, what the run held when it was resumed
	nonFinite             map[string]int   // per metric
	seq, lastMs           int64
	finished              bool
}

// newRun starts recording. left is what an earlier process did not deliver.
func newRun(o Options, s store, box *outbox, used usedKeys, left *outboxContent) *Run {
	r := &Run{
		store:     s,
		sender:    newSender(s, box, o.Warn, *o.pace),
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
		r.sender.write(r.stamp(record{Status: Running})) // the status that an earlier process wrote is void
	}
	r.sender.start()
	return r
}

// LogParams records hyperparameters. MLflow takes each name once; another value
// for it later is dropped with a warning.
func (r *Run) LogParams(values map[string]string) {
	r.enqueue(func() record {
		return record{Params: r.texts(paramItem, r.params, values, maxParamLength)}
	})
}

// SetTags records notes that may change later.
func (r *Run) SetTags(values map[string]string) {
	r.enqueue(func() record {
		return record{Tags: r.texts(tagItem, r.tags, values, maxTagLength)}
	})
}

// LogMetrics records one point of a curve for each name. MLflow's pages cannot
// show NaN and infinities: these become a tag nonfinite.<name> that counts them.
// In a resumed run, steps that the run already holds are left out.
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
// artifacts ("" is their root). The files are read when their turn in the queue
// comes.
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

// LogInput records a data set that the run reads.
func (r *Run) LogInput(dataset Dataset) {
	dataset.Name = cut(dataset.Name, 500)
	dataset.Digest = cut(dataset.Digest, 36)
	r.enqueue(func() record { return record{Input: &dataset} })
}

// Flush makes the params, tags and metrics that were logged so far outlive the
// process, even one that is killed, and a power cut. With a server they are then in
// the outbox on this machine, whether or not the server is there; in a file store
// they are recorded, for which Flush waits until ctx ends. A training calls it
// before it saves the state from which it would be resumed, so that no step which
// that state leaves behind is missing. After Finish it does nothing.
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

// Finish delivers what is queued and sets how the run ended. It gives up when ctx
// ends, or when for half a minute nothing could be delivered; what is left then
// stays in the outbox and the error is ErrUnsent, with the way to send it. ctx
// should not be the training's own, which a signal may have ended already.
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

// ID is the run's id, to give to Options.ResumeID.
func (r *Run) ID() string { return r.store.runID() }

// ExperimentID is the id of the run's experiment.
func (r *Run) ExperimentID() string { return r.store.experimentID() }

// URL is the run's page on the server, or its folder.
func (r *Run) URL() string { return r.store.url() }

// Hints are lines that tell a person how to look at the run.
func (r *Run) Hints() []string { return r.store.hints() }

// enqueue adds the record that build makes, unless it is empty.
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

// stamp numbers a record and gives it a time that never goes back, so that the
// latest value stays the latest when the clock is set.
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
