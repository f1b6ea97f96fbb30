package tracking

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Whatever a server does while a training logs, afterwards it holds every value
// once and in order.
func TestOutagesLoseNothing(t *testing.T) {
	status := func(code int, body string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	for name, fail := range map[string]func(http.ResponseWriter, *http.Request){
		"500":            status(500, `{"error_code": "INTERNAL_ERROR"}`),
		"500 HTML":       status(500, "<html>oh</html>"),
		"502":            status(502, ""),
		"429":            status(429, "slow down"),
		"408":            status(408, ""),
		"401":            status(401, "<html>log in</html>"),
		"403":            status(403, "Invalid Host header - possible DNS rebinding attack detected"),
		"404 of a proxy": status(404, "not here"),
		"garbage":        status(200, "<html>Welcome to the hotel's network</html>"),
		"empty redirect": status(302, ""),
		"half an answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "{")
		},
		"hangs up":        func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"never an answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			o, warnings := fakeOptions(t, f)
			if name == "never an answer" {
				o.pace.call, o.pace.idle = 250*time.Millisecond, 250*time.Millisecond
			}
			run := mustOpen(t, o)
			var failed atomic.Int64
			f.misbehave(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
				if failed.Add(1) > 12 {
					return false
				}
				fail(w, r)
				return true
			})
			run.LogParams(map[string]string{"p": "1"})
			run.LogArtifacts(writeFile(t, "model.pt", "weights"), "checkpoint")
			run.LogInput(Dataset{Name: "d", Digest: "1"})
			for epoch := range int64(5) {
				run.LogMetrics(epoch, map[string]float64{"m": float64(epoch)})
				time.Sleep(time.Millisecond)
			}
			mustFinish(t, run, Finished)
			if got := f.steps("m"); !reflect.DeepEqual(got, []int64{0, 1, 2, 3, 4}) {
				t.Errorf("steps %v", got)
			}
			f.locked(func() {
				if f.params["p"] != "1" || f.inputs != 1 || !reflect.DeepEqual(f.statuses, []string{"FINISHED"}) {
					t.Errorf("params %v, %d inputs, statuses %v", f.params, f.inputs, f.statuses)
				}
				if got := f.artifacts["7/"+run.ID()+"/artifacts/checkpoint/model.pt"]; got != "weights" {
					t.Errorf("artifacts %v", f.artifacts)
				}
			})
			if got := warnings.count("does not take records now"); got != 1 {
				t.Errorf("%d warnings of an outage: %q", got, warnings.all())
			}
			wantNoOutbox(t, o)
		})
	}
}

// An answer that gets lost after the server did its work doubles nothing, not
// even on a server that keeps repeats.
func TestLostAnswers(t *testing.T) {
	f := newFake(t)
	o, warnings := fakeOptions(t, f)
	o.pace.openTries = 5
	lost := map[string]bool{}
	f.misbehave(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		if lost[endpoint(r)] || r.Method != http.MethodPost {
			return false
		}
		lost[endpoint(r)] = true
		f.answer(discard{}, r, body)
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	run := mustOpen(t, o)
	run.LogMetrics(1, map[string]float64{"m": 0.1, "n": 1e-300})
	run.LogMetrics(2, map[string]float64{"m": 0.2})
	mustFinish(t, run, Finished)
	if got := f.steps("m"); !reflect.DeepEqual(got, []int64{1, 2}) {
		t.Errorf("steps %v", got)
	}
	if got := f.called("POST runs/create"); got != 1 {
		t.Errorf("%d runs made", got)
	}
	if len(lost) < 5 {
		t.Errorf("only these answers were lost: %v", lost)
	}
	if got := warnings.all(); len(got) > 0 {
		t.Errorf("warnings for a moment: %q", got)
	}
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

func TestRetryAfterIsHonoured(t *testing.T) {
	for name, test := range map[string]struct {
		retryAfter  string
		attempt     int
		least, most time.Duration
	}{
		"first":          {"", 0, time.Second, 1250 * time.Millisecond},
		"fourth":         {"", 3, 8 * time.Second, 10 * time.Second},
		"capped":         {"", 2000, 30 * time.Second, 37500 * time.Millisecond},
		"seconds":        {"7", 0, 7 * time.Second, 8750 * time.Millisecond},
		"far too many":   {"86400", 0, maxRetryAfter, maxRetryAfter * 5 / 4},
		"a date":         {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), 0, maxRetryAfter, maxRetryAfter * 5 / 4},
		"a date gone by": {"Mon, 02 Jan 2006 15:04:05 GMT", 0, time.Second, 1250 * time.Millisecond},
		"nonsense":       {"soon", 0, time.Second, 1250 * time.Millisecond},
		"negative":       {"-5", 0, time.Second, 1250 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			resp := &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{}, Body: http.NoBody}
			if test.retryAfter != "" {
				resp.Header.Set("Retry-After", test.retryAfter)
			}
			for range 50 {
				if got := backoff(time.Second, 30*time.Second, test.attempt, resp); got < test.least || got > test.most {
					t.Fatalf("waits %v, want %v to %v", got, test.least, test.most)
				}
			}
		})
	}
}

// Logging returns at once while the server hangs, and Finish is bounded.
func TestHangingServerBlocksNothing(t *testing.T) {
	f := newFake(t)
	o, _ := fakeOptions(t, f)
	run := mustOpen(t, o)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	f.misbehave(func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return true
	})
	for step := range int64(1000) { // no call of these returns if logging waits for answers
		run.LogMetrics(step, map[string]float64{"m": 1})
	}
	run.LogArtifacts(writeFile(t, "big", strings.Repeat("x", 1<<20)), "")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	o.pace.grace = time.Millisecond
	err := run.Finish(ctx, Finished)
	wantError(t, err, ErrUnsent, "1000 records, 1 artifact", "go run ./cmd/train sync "+filepath.Join(o.OutboxDir, run.ID()+".jsonl"))

	f.misbehave(nil)
	if err := syncAll(t.Context(), filepath.Join(o.OutboxDir, run.ID()+".jsonl"), o.withDefaults()); err != nil {
		t.Fatal(err)
	}
	if got := f.steps("m"); len(got) != 1000 || got[0] != 0 || got[999] != 999 {
		t.Errorf("%d steps", len(got))
	}
	wantNoOutbox(t, o)
}

// Without a deadline, Finish gives up when nothing can be delivered.
func TestFinishGivesUpWhenStalled(t *testing.T) {
	f := newFake(t)
	o, _ := fakeOptions(t, f)
	o.pace.stall = 100 * time.Millisecond
	run := mustOpen(t, o)
	f.Close()
	run.LogMetrics(1, map[string]float64{"m": 1})
	wantError(t, run.Finish(context.Background(), Finished), ErrUnsent, "1 record,")
	if err := run.Finish(context.Background(), Finished); err != nil {
		t.Errorf("a second Finish: %v", err)
	}
}

// Artifacts that cannot be delivered do not keep the curves and the status back.
func TestArtifactsHoldNothingUp(t *testing.T) {
	f := newFake(t)
	o, _ := fakeOptions(t, f)
	run := mustOpen(t, o)
	f.misbehave(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return r.Method == http.MethodPut
	})
	run.LogArtifacts(writeFile(t, "model.pt", "weights"), "")
	run.LogMetrics(1, map[string]float64{"m": 1})
	waitUntil(t, "the metric", func() bool { return len(f.steps("m")) == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	wantError(t, run.Finish(ctx, Failed), ErrUnsent, "0 records, 1 artifact")
	f.locked(func() {
		if !reflect.DeepEqual(f.statuses, []string{"FAILED"}) {
			t.Errorf("statuses %v", f.statuses)
		}
	})
	f.misbehave(nil)
	if err := syncAll(t.Context(), o.OutboxDir, o.withDefaults()); err != nil {
		t.Fatal(err)
	}
	f.locked(func() {
		if len(f.artifacts) != 1 || f.statuses[len(f.statuses)-1] != "FAILED" {
			t.Errorf("artifacts %v, statuses %v", f.artifacts, f.statuses)
		}
	})
}

// An outbox that its process left behind is sent, and the run marked KILLED.
func TestSyncAfterAKill(t *testing.T) {
	f := newFake(t)
	o, warnings := fakeOptions(t, f)
	box, err := createOutbox(o.OutboxDir, outboxHeader{URI: f.URL, Experiment: "7", Run: "abc", ArtifactURI: "mlflow-artifacts:/7/abc/artifacts", Started: 5})
	if err != nil {
		t.Fatal(err)
	}
	for seq := range int64(4) {
		if err := box.append(record{Seq: seq + 1, Time: 10 + seq, Metrics: map[string]float64{"m": 1}, Step: seq}); err != nil {
			t.Fatal(err)
		}
	}
	if err := box.ack([]int64{1, 3}); err != nil {
		t.Fatal(err)
	}
	err = syncAll(t.Context(), o.OutboxDir, o.withDefaults())
	wantError(t, err, ErrOutboxBusy)
	if err := box.close(); err != nil {
		t.Fatal(err)
	}
	tear(t, box.path, "damaged\n{\"seq\": 9, \"ms\"")
	if err := syncAll(t.Context(), o.OutboxDir, o.withDefaults()); err != nil {
		t.Fatal(err)
	}
	if got := f.steps("m"); !reflect.DeepEqual(got, []int64{1, 3}) {
		t.Errorf("steps %v", got)
	}
	f.locked(func() {
		if !reflect.DeepEqual(f.statuses, []string{"KILLED"}) {
			t.Errorf("statuses %v", f.statuses)
		}
	})
	warnings.want(t, "1 line could not be read")
	wantNoOutbox(t, o)
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Sync does not wait for a server that is away, and keeps everything.
func TestSyncWithoutServer(t *testing.T) {
	f := newFake(t)
	o, _ := fakeOptions(t, f)
	run := mustOpen(t, o)
	f.Close()
	run.LogMetrics(1, map[string]float64{"m": 1})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	wantError(t, run.Finish(ctx, Finished), ErrUnsent)
	path := outboxPath(o.OutboxDir, run.ID())
	before := readText(t, path)
	wantError(t, syncAll(t.Context(), path, o.withDefaults()), ErrUnsent, f.URL, path)
	if after := readText(t, path); after != before {
		t.Errorf("the outbox was\n%s, is\n%s", before, after)
	}
	if err := syncAll(t.Context(), o.OutboxDir+"/none", o.withDefaults()); err == nil {
		t.Error("a folder that is not there is no error")
	}
}
