package tracking

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// warnings reports problems to the user without repetition.
type warnings struct {
	warn  func(string)
	store store
	kept  string // where unsent records are kept

	mu      sync.Mutex
	said    map[string]bool
	failing []*queue // lanes with a reported failure
	last    error
}

func newWarnings(warn func(string), s store, box *outbox) *warnings {
	kept := "memory"
	if box != nil {
		kept = box.path
	}
	return &warnings{warn: warn, store: s, kept: kept, said: map[string]bool{}, last: errors.New("no time was left")}
}

func (w *warnings) once(about, line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.said[about] {
		w.said[about] = true
		w.warn(line)
	}
}

// fails warns of an outage if it isn't brief, or if it needs the user's
// intervention.
func (w *warnings) fails(lane *queue, err error, attempt int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = err
	if slices.Contains(w.failing, lane) || attempt < 2 && !needsPerson(err) {
		return
	}
	w.failing = append(w.failing, lane)
	if len(w.failing) == 1 {
		w.warn(fmt.Sprintf("MLflow at %s does not take records now: %v; training goes on, they are kept in %s and sent later", w.store.where(), err, w.kept))
	}
}

func (w *warnings) works(lane *queue) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := slices.Index(w.failing, lane)
	if at < 0 {
		return
	}
	w.failing = slices.Delete(w.failing, at, at+1)
	if len(w.failing) == 0 {
		w.warn(fmt.Sprintf("MLflow at %s takes records again", w.store.where()))
	}
}

func (w *warnings) lastError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}
