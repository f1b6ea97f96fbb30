package evaluate

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
)

// Each of eval's parts ends when it is told to.
func TestEachPartCanBeStopped(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	o := options(t, "fusion", allData...)
	o.TimedCalls, o.BatchSize, o.Bootstrap = 1, 8, 1
	e, err := newEvaluation(o)
	if err != nil {
		t.Fatal(err)
	}
	defer e.drop()
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	ends := func(part string, err error) {
		t.Helper()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", part, err)
		}
	}
	ends("loading", e.load(stopped))
	e.drop()
	e.candidates = nil
	if err := e.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	ends("scoring", e.score(stopped, e.candidates[0]))
	if err := e.score(t.Context(), e.candidates[0]); err != nil {
		t.Fatal(err)
	}
	ends("timing", e.time(stopped))
	_, err = e.result(stopped)
	ends("the report", err)
	r, err := e.result(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Save(stopped, "out", true)
	ends("writing", err)
	if _, err := os.Stat("out"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a report: %v", err)
	}
}
