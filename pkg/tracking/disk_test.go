package tracking

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/trident-nlp/trident/internal/disktest"
)

// On a full disk the outbox keeps nothing more: one warning says so, training goes on,
// and the server gets everything from memory.
func TestOutboxOnAFullDisk(t *testing.T) { disktest.Alone(t, func() { outboxOnAFullDisk(t) }) }

func outboxOnAFullDisk(t *testing.T) {
	f := newFake(t)
	o, warnings := fakeOptions(t, f)
	run := mustOpen(t, o)
	f.misbehave(func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	if err := run.Flush(t.Context()); err != nil { // the outbox will do
		t.Fatal(err)
	}
	disktest.WithFileLimit(t, 2000, func() {
		for step := range int64(100) {
			run.LogMetrics(step, map[string]float64{"m": 1})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := run.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush, with the disk full and the server away: %v", err)
		}
		f.misbehave(nil)
		if err := run.Flush(t.Context()); err != nil { // the server has it
			t.Error(err)
		}
		mustFinish(t, run, Finished)
	})
	var want []int64
	for step := range int64(100) {
		want = append(want, step)
	}
	if got := f.steps("m"); !reflect.DeepEqual(got, want) {
		t.Errorf("steps %v", got)
	}
	if got := warnings.count("is kept in memory only"); got != 1 {
		t.Errorf("%d warnings of a full disk: %q", got, warnings.all())
	}
	wantNoOutbox(t, o)
}
