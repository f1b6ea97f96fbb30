package tracking

import (
	"context"
	"net/http"
	"reflect"
	"testing"
	"time"
)

// What was delivered before an outage is not sent again.
func TestSyncSendsOnlyTheRest(t *testing.T) {
	f := newFake(t)
	o, _ := fakeOptions(t, f)
	run := mustOpen(t, o)
	run.LogInput(Dataset{Name: "d", Digest: "1"})
	run.LogArtifacts(writeFile(t, "first", "1"), "")
	run.LogMetrics(1, map[string]float64{"m": 1})
	waitUntil(t, "the first records", func() bool {
		return run.sender.values.len()+run.sender.files.len() == 0
	})
	f.misbehave(func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	run.LogArtifacts(writeFile(t, "second", "2"), "")
	run.LogMetrics(2, map[string]float64{"m": 2})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	wantError(t, run.Finish(ctx, Finished), ErrUnsent)
	f.misbehave(nil)
	f.locked(func() { f.calls, f.artifacts = nil, map[string]string{} })
	if err := syncAll(t.Context(), o.OutboxDir, o.withDefaults()); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"7/" + run.ID() + "/artifacts/second": "2"}
	if !reflect.DeepEqual(f.artifacts, want) || f.called("POST runs/log-inputs") != 0 || f.called("POST runs/log-batch") != 1 {
		t.Errorf("sent again: %q, calls %v", f.artifacts, f.calls)
	}
	if got := f.steps("m"); !reflect.DeepEqual(got, []int64{1, 2}) {
		t.Errorf("steps %v", got)
	}
}

// A run that had ended, was resumed and then killed did not end well.
func TestSyncAfterAKilledResume(t *testing.T) {
	f := newFake(t)
	o, _ := fakeOptions(t, f)
	o.ResumeID = "abc"
	box, err := createOutbox(o.OutboxDir, outboxHeader{URI: f.URL, Experiment: "7", Run: "abc"})
	if err == nil {
		err = box.append(record{Seq: 1, Time: 10, Status: Finished})
	}
	if err == nil {
		err = box.close()
	}
	if err != nil {
		t.Fatal(err)
	}
	run := mustOpen(t, o)
	run.sender.cancel() // as much of a kill as a test of one process can have
	run.sender.lanes.Wait()
	if err := run.sender.box.close(); err != nil {
		t.Fatal(err)
	}
	if err := syncAll(t.Context(), o.OutboxDir, o.withDefaults()); err != nil {
		t.Fatal(err)
	}
	f.locked(func() {
		if want := []string{"RUNNING", "KILLED"}; !reflect.DeepEqual(f.statuses, want) {
			t.Errorf("statuses %v, want %v", f.statuses, want)
		}
	})
}
