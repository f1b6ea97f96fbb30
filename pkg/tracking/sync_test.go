package tracking

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
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

// Where there is no outbox, nothing is said to have been sent, and what others keep as
// JSON lines is left alone.
func TestSyncWithoutAnOutbox(t *testing.T) {
	t.Chdir(t.TempDir())
	const calls = `{"text": "a call"}` + "\n" + `{"text": "another`
	for _, dir := range []string{"m", "m.outbox", "away.outbox", "in/.trident/outbox", "sent"} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("m/calls.jsonl", []byte(calls), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"m.outbox", "away.outbox", "in/.trident/outbox"} {
		box, err := createOutbox(dir, outboxHeader{URI: "http://127.0.0.1:1", Experiment: "7", Run: "abc"})
		if err == nil {
			err = box.close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"m": "no outbox of a run in m: did you mean m.outbox?", "m/": "did you mean m.outbox?", "away": "did you mean away.outbox?",
		"in": "did you mean in/.trident/outbox?", ".": "did you mean away.outbox or m.outbox?", "sent": "name the run's outbox", "nowhere": "name the run's outbox",
	} {
		err := Sync(t.Context(), path, nil)
		if !errors.Is(err, ErrNoOutbox) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
	if err := Sync(t.Context(), "m/calls.jsonl", nil); err == nil || !strings.Contains(err.Error(), "no outbox of a run") {
		t.Errorf("a file of calls: %v", err)
	}
	t.Chdir("m")
	if err := Sync(t.Context(), ".", nil); !errors.Is(err, ErrNoOutbox) || !strings.Contains(err.Error(), "/m.outbox?") {
		t.Errorf("from within: %v", err)
	}
	if text, err := os.ReadFile("calls.jsonl"); string(text) != calls {
		t.Errorf("the calls are %q (%v)", text, err)
	}
}

// An outbox whose first line is damaged isn't passed over.
func TestSyncOfADamagedOutbox(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, strings.Repeat("0a", 16)+".jsonl"), []byte("{\"outb"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Sync(t.Context(), dir, nil); err == nil || !strings.Contains(err.Error(), "its first line is damaged") {
		t.Errorf("error %v", err)
	}
}
