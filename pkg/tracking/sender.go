package tracking

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxBatch is the maximum number of records per call of the store.
const maxBatch = 200

// sender delivers records to a store in the background, in two lanes, so that a
// large upload doesn't delay metrics. Failures are retried indefinitely.
type sender struct {
	store    store
	warnings *warnings
	say      func(string)
	pace     pace
	values   *queue // params, tags and metrics
	files    *queue // artifacts, inputs and models
	known    int64  // an earlier process may have delivered records up to this number

	journal sync.Mutex
	box     *outbox // nil: none
	partial bool    // some pushed records aren't in the outbox

	cancel context.CancelFunc
	ctx    context.Context
	lanes  sync.WaitGroup
	hurry  chan struct{} // closed by finish
	moved  atomic.Int64  // time of the last progress, Unix nanoseconds
	upload atomic.Bool   // an artifact is being uploaded; the store watches its progress
}

func newSender(s store, box *outbox, warn, say func(string), p pace) *sender {
	ctx, cancel := context.WithCancel(context.Background())
	return &sender{
		store: s, box: box, pace: p, say: say, warnings: newWarnings(warn, s, box),
		values: newQueue(), files: newQueue(),
		ctx: ctx, cancel: cancel, hurry: make(chan struct{}),
	}
}

func (s *sender) start() {
	s.lanes.Go(func() { s.deliver(s.values, maxBatch, s.sendValues) })
	s.lanes.Go(func() { s.deliver(s.files, 1, s.sendFile) })
}

// push queues a record, and writes it to the outbox first.
func (s *sender) push(r record) {
	s.write(r)
	s.queueOf(r).push(r)
}

// replay queues what an earlier process left in the outbox, except a status.
func (s *sender) replay(left *outboxContent) {
	s.known = left.lastSeq
	if left.damaged > 0 {
		s.warnings.once("damaged", fmt.Sprintf("%s: %s could not be read and cannot be sent to MLflow", s.box.path, describe(left.damaged, "line")))
	}
	for _, r := range left.pending {
		if r.Status == "" {
			s.queueOf(r).push(r)
		}
	}
}

func (s *sender) queueOf(r record) *queue {
	if r.isBatchable() {
		return s.values
	}
	return s.files
}

func (s *sender) write(r record) {
	s.journal.Lock()
	defer s.journal.Unlock()
	if s.box == nil {
		return
	}
	if err := s.box.append(r); err != nil {
		s.partial = true
		s.warnings.once("journal", fmt.Sprintf("%v: what the MLflow server cannot take is kept in memory only", err))
	}
}

// flush makes the pushed records durable: in the outbox, or without one in the
// store, for which it waits until ctx ends.
func (s *sender) flush(ctx context.Context) error {
	s.journal.Lock()
	if s.box != nil && !s.partial {
		defer s.journal.Unlock()
		return s.box.sync()
	}
	s.journal.Unlock()
	if err := s.values.settle(ctx); err != nil {
		return fmt.Errorf("recording in %s: %w", s.store.where(), err)
	}
	return s.store.sync()
}

func (s *sender) ack(seqs []int64) {
	s.journal.Lock()
	defer s.journal.Unlock()
	if s.box == nil {
		return
	}
	if err := s.box.ack(seqs); err != nil {
		s.warnings.once("journal", fmt.Sprintf("%v: records may be sent to MLflow again", err))
	}
}

// deliver sends a queue's records until it is closed and empty, or the sender's
// context ends.
func (s *sender) deliver(q *queue, limit int, send func([]record, int) error) {
	for {
		batch := q.peek(s.ctx, limit)
		if len(batch) == 0 {
			return
		}
		attempt := 0
		if batch[0].Seq <= s.known {
			attempt = 1
		}
		if !s.retry(q, attempt, func(attempt int) error { return send(batch, attempt) }) {
			return
		}
		seqs := make([]int64, len(batch))
		for i, r := range batch {
			seqs[i] = r.Seq
		}
		q.drop(len(batch))
		s.ack(seqs)
	}
}

// retry calls do until it succeeds, and returns false when the sender's context
// ends before that. first is the number of the first attempt.
func (s *sender) retry(lane *queue, first int, do func(attempt int) error) bool {
	for attempt := first; ; attempt++ {
		err := do(attempt)
		if err == nil {
			s.progress()
			s.warnings.works(lane)
			return true
		}
		if s.ctx.Err() != nil {
			return false
		}
		s.warnings.fails(lane, err, attempt-first)
		if !s.pause(attempt-first, err) {
			return false
		}
	}
}

// pause waits before the next attempt; the wait is shorter after finish.
func (s *sender) pause(attempt int, err error) bool {
	var resp *http.Response
	if answer := (*answerError)(nil); errors.As(err, &answer) {
		resp = answer.response
	}
	longest, hurry := s.pace.maxWait, s.hurry
	select {
	case <-s.hurry:
		longest, hurry = s.pace.hurryWait, nil
	default:
	}
	timer := time.NewTimer(backoff(s.pace.minWait, longest, attempt, resp))
	defer timer.Stop()
	select {
	case <-s.ctx.Done():
		return false
	case <-hurry:
	case <-timer.C:
	}
	return true
}

func (s *sender) progress() { s.moved.Store(time.Now().UnixNano()) }

func (s *sender) sendValues(batch []record, attempt int) error {
	var items []item
	for _, r := range batch {
		items = append(items, r.items()...)
	}
	return s.store.logBatch(s.ctx, items, attempt, func(i item, err error) {
		s.warnings.once(fmt.Sprint(i.kind, i.key), fmt.Sprintf("MLflow does not take the %v %s, it is left out: %v", i.kind, i.key, err))
	})
}

// sendFile stores an input, or one artifact's files, retrying each.
func (s *sender) sendFile(batch []record, _ int) error {
	switch r := batch[0]; {
	case r.Input != nil:
		err := s.store.logInput(s.ctx, *r.Input)
		if isRefused(err) {
			s.warnings.once("input"+r.Input.Name, fmt.Sprintf("MLflow does not take the data set %s, it is left out: %v", r.Input.Name, err))
			return nil
		}
		return err
	case r.Model != nil:
		return s.sendModel(*r.Model)
	case r.Used != nil:
		return s.sendUsedModel(*r.Used)
	case r.Artifact != nil:
		files, err := artifactFiles(*r.Artifact)
		if err != nil {
			s.warnings.once("artifact"+r.Artifact.File, fmt.Sprintf("MLflow artifact is left out: %v", err))
		}
		for _, f := range files {
			done := s.retry(s.files, 0, func(int) error { return s.sendArtifact(f) })
			if !done {
				return s.ctx.Err()
			}
		}
	}
	return nil
}

func (s *sender) sendArtifact(f artifact) error {
	s.upload.Store(true)
	err := s.store.logArtifact(s.ctx, f.File, f.Dir, s.progress)
	s.upload.Store(false)
	switch {
	case errors.Is(err, errNoUpload):
		s.warnings.once("upload", fmt.Sprintf("MLflow artifacts are left out, they remain in %s: %v", filepath.Dir(f.File), err))
		return nil
	case isRefused(err), errors.Is(err, fs.ErrNotExist):
		s.warnings.once("artifact"+f.File, fmt.Sprintf("MLflow artifact %s is left out: %v", f.File, err))
		return nil
	}
	return err
}

// artifactFiles lists the regular files of an artifact, with each one's full name
// among the run's artifacts as Dir. The error is about files that can't be read.
func artifactFiles(a artifact) ([]artifact, error) {
	info, err := os.Stat(a.File)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []artifact{{a.File, artifactName(a.Dir, filepath.Base(a.File))}}, nil
	}
	var files []artifact
	var errs []error
	err = filepath.WalkDir(a.File, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			errs = append(errs, err)
			return nil
		}
		info, err := os.Stat(name) // follows links to files, but not to folders
		if err == nil && info.Mode().IsRegular() {
			relative, _ := filepath.Rel(a.File, name) // name is below a.File
			files = append(files, artifact{name, artifactName(a.Dir, filepath.ToSlash(relative))})
		}
		errs = append(errs, err)
		return nil
	})
	return files, errors.Join(append(errs, err)...)
}

// artifactName returns a name that MLflow can store: MLflow refuses "#", and decodes
// percent-encoding.
func artifactName(dir, name string) string {
	return strings.NewReplacer("#", "_", "%", "_").Replace(path.Join(dir, name))
}

// finish delivers the queues and then the final status, which is already in the
// outbox, until ctx ends or there is no progress for a while.
func (s *sender) finish(ctx context.Context, final record) error {
	s.values.close()
	s.files.close()
	s.progress()
	close(s.hurry)
	defer s.cancel()

	if s.box == nil && ctx.Err() != nil { // unrecorded values would be lost
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), s.pace.grace)
		defer cancel()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go s.endWhenStalled(ctx, cancel)
	drained := make(chan struct{})
	go func() { s.lanes.Wait(); close(drained) }()

	select {
	case <-drained:
		context.AfterFunc(ctx, s.cancel)
	case <-ctx.Done():
		s.cancel()
		<-drained
	}
	sent := s.values.len()+s.files.len() == 0 &&
		s.retry(s.values, 0, func(int) error { return s.sendStatus(s.ctx, final) })
	if !sent && s.values.len() == 0 {
		grace, cancel := context.WithTimeout(context.Background(), s.pace.grace)
		defer cancel()
		if s.sendStatus(grace, final) == nil {
			s.ack([]int64{final.Seq})
		}
	}
	return s.end(sent)
}

func (s *sender) sendStatus(ctx context.Context, final record) error {
	err := s.store.finish(ctx, final.Status, final.Time)
	if isRefused(err) {
		s.warnings.once("status", fmt.Sprintf("MLflow does not take the run's status %s: %v", final.Status, err))
		return nil
	}
	return err
}

// endWhenStalled calls cancel after the pace's stall time without progress. An upload
// may take longer: a server responds only when it has stored the whole file.
func (s *sender) endWhenStalled(ctx context.Context, cancel func()) {
	for {
		limit := s.pace.stall
		if s.upload.Load() {
			limit += s.pace.idle
		}
		left := time.Until(time.Unix(0, s.moved.Load()).Add(limit))
		if left <= 0 {
			cancel()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(left):
		}
	}
}

// end closes the outbox and reports what is left.
func (s *sender) end(sent bool) error {
	s.journal.Lock()
	defer s.journal.Unlock()
	box := s.box
	s.box = nil
	s.store.close()
	if sent {
		if box == nil {
			return nil
		}
		if err := box.remove(); err != nil {
			return fmt.Errorf("everything reached MLflow, but its outbox remains: %w", err)
		}
		return nil
	}
	why := s.warnings.lastError()
	left := fmt.Sprintf("%s, %s and the run's status", describe(s.values.len(), "record"), describe(s.files.len(), "artifact"))
	if box != nil {
		why = errors.Join(why, box.close())
		return fmt.Errorf("%w: %s; %s are kept, to send them run: go run ./cmd/train sync %s (the last problem: %w)",
			ErrUnsent, s.store.where(), left, shellPath(box.path), why)
	}
	return fmt.Errorf("MLflow at %s did not take %s, they are lost: %w", s.store.where(), left, why)
}
