package reviews

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/trident-nlp/trident/internal/atomicdir"
)

// Options configure a [Store].
type Options struct {
	Texts     bool          // also keep the calls' texts
	Retention time.Duration // texts are removed so long after their day; 0: never
	Now       func() time.Time
}

// Store is a folder of reviews that is open for writing. It is safe for concurrent use.
type Store struct {
	Options
	dir     string
	unlock  func() error
	mu      sync.Mutex
	log     *log
	texts   texts
	entries map[string][]entry // by call, in the order in which they were kept
	count   int
}

// entry is the place of a review in the log.
type entry struct {
	id, who string
	content [sha256.Size]byte
	based   string
	at      int64
	n       int
}

// logName is the file of the reviews.
const logName = "reviews.jsonl"

// ErrStale means that a call has a newer review than the one that the reviewer knew.
var ErrStale = errors.New("somebody else has reviewed this call in the meantime")

// Open opens a folder for writing, and makes it if it isn't there. The error is [ErrInUse]
// if another process has it open. torn names the file in which it put what a crash had
// left of a review, of which nobody was told that it was kept; usually it is "".
func Open(dir string, o Options) (s *Store, torn string, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	fail := func(err error) (*Store, string, error) {
		return nil, "", fmt.Errorf("keep reviews in %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fail(err)
	}
	if err := atomicdir.Sync(filepath.Dir(filepath.Clean(dir))); err != nil {
		return fail(err)
	}
	s = &Store{Options: o, dir: dir, entries: map[string][]entry{}, texts: texts{dir: filepath.Join(dir, textsName)}}
	if s.unlock, err = lock(dir); err != nil {
		return fail(err)
	}
	isWhole := func(line []byte) bool { _, err := parse(line); return err == nil }
	s.log, torn, err = openLog(filepath.Join(dir, logName), isWhole, s.take)
	if err == nil {
		_, err = s.Prune()
	}
	if err != nil {
		return fail(errors.Join(err, s.Close()))
	}
	return s, torn, nil
}

// take notes a line of the log.
func (s *Store) take(line []byte, at int64) error {
	r, err := parse(line)
	if err != nil {
		return err
	}
	s.note(r, at, len(line))
	return nil
}

func (s *Store) note(r Review, at int64, n int) {
	s.entries[r.Call] = append(s.entries[r.Call], entry{r.ID, r.Who, r.content(), r.BasedOn, at, n})
	s.count++
}

// parse reads a line. Its error quotes nothing.
func parse(line []byte) (Review, error) {
	var r Review
	switch err := json.Unmarshal(line, &r); {
	case err != nil:
		return r, errors.New("it isn't a review: the file is damaged; keep a copy, and remove that line")
	case r.Version != formatVersion:
		return r, fmt.Errorf("it has the format %d, which this version can't read; want %d", r.Version, formatVersion)
	}
	if err := r.check(-1); err != nil {
		return r, err
	}
	return r, nil
}

// Add keeps a review of a text and returns it as it was kept. The review's id, time and
// call are set by Add. It is on the disk when Add returns. The error is
//
//   - an [Invalid] if the review isn't one;
//   - [ErrStale] if the call has a newer review than r.BasedOn;
//   - [ErrNoRoom], [ErrBroken] or [ErrGone], wrapped.
//
// The same review sent again, since the first answer was lost, is kept once.
func (s *Store) Add(r Review, text string) (Review, error) {
	r.Version, r.Call, r.Text = formatVersion, HashText(text), ""
	if err := r.check(utf8.RuneCountInString(text)); err != nil {
		return Review{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log == nil {
		return Review{}, os.ErrClosed
	}
	if list := s.entries[r.Call]; len(list) > 0 {
		last := list[len(list)-1]
		switch {
		case last.who == r.Who && last.based == r.BasedOn && last.content == r.content():
			return s.read(last)
		case last.id != r.BasedOn:
			return Review{}, ErrStale
		}
	} else if r.BasedOn != "" {
		return Review{}, ErrStale
	}
	now := s.Now()
	r.ID, r.When = rand.Text(), now.UTC().Truncate(time.Millisecond)
	line, err := encode(r)
	if err != nil {
		return Review{}, err
	}
	undo := func() error { return nil }
	if s.Texts {
		if undo, err = s.texts.keep(r.Call, text, now); err != nil {
			return Review{}, err
		}
	}
	at, err := s.log.append(line, false)
	if err != nil {
		return Review{}, fmt.Errorf("keep a review in %s: %w", s.dir, errors.Join(err, undo()))
	}
	s.note(r, at, len(line)-1)
	return r, nil
}

func (s *Store) read(e entry) (Review, error) {
	line, err := s.log.at(e.at, e.n)
	if err != nil {
		return Review{}, fmt.Errorf("read a review in %s: %w", s.dir, err)
	}
	return parse(line)
}

// Of returns the latest review of each reviewer of a call, the newest last. call is the
// [HashText] of its text.
func (s *Store) Of(call string) ([]Review, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log == nil {
		return nil, os.ErrClosed
	}
	var list []Review
	seen := map[string]bool{}
	for _, e := range slices.Backward(s.entries[call]) {
		if seen[e.who] {
			continue
		}
		seen[e.who] = true
		r, err := s.read(e)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	slices.Reverse(list)
	return list, nil
}

// Count returns how many reviews there are.
func (s *Store) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Prune removes texts that are older than the retention allows, and returns the number
// of files removed.
func (s *Store) Prune() (int, error) {
	if s.Retention <= 0 {
		return 0, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts.prune(s.Now().Add(-s.Retention))
}

// KeepPruned calls [Store.Prune] at once and then every so often until ctx ends. done is told what
// came of it.
func (s *Store) KeepPruned(ctx context.Context, every time.Duration, done func(removed int, err error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		done(s.Prune())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Close closes the folder, which another process can open then.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.texts.close()
	if s.log != nil {
		err = errors.Join(err, s.log.f.Close())
		s.log = nil
	}
	if s.unlock != nil {
		err = errors.Join(err, s.unlock())
		s.unlock = nil
	}
	return err
}
