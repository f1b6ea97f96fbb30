package tracking

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestOpenFallsBackToFiles(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	for name, test := range map[string]struct {
		serve http.HandlerFunc // nil: nobody listens
		tells string
		calls int // at most
	}{
		"nobody listens":   {nil, "connection refused", 0},
		"never an answer":  {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "deadline exceeded", 3},
		"500":              {answer(500, "oh"), "500", 3},
		"another program":  {answer(200, "<html>"), "not MLflow's", 3},
		"another JSON":     {answer(200, "{}"), "does not answer as an MLflow server does", 3},
		"wrong path":       {answer(404, "<html>"), "check the path in the tracking URI", 1},
		"no password":      {answer(401, "You are not authenticated."), "MLFLOW_TRACKING_USERNAME", 1},
		"host not allowed": {answer(403, "Invalid Host header - possible DNS rebinding attack detected"), "--allowed-hosts", 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			o, warnings := fakeOptions(t, f)
			if name == "never an answer" {
				o.pace.openingTry = 20 * time.Millisecond
			}
			o.URI = unusedAddress(t)
			calls := 0
			if test.serve != nil {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					calls++
					test.serve(w, r)
				}))
				defer server.Close()
				o.URI = server.URL
			}
			run := mustOpen(t, o)
			run.LogMetrics(1, map[string]float64{"m": 0.5})
			mustFinish(t, run, Finished)
			if got := readText(t, filepath.Join(run.URL(), "metrics", "m")); !strings.HasSuffix(got, " 0.5 1\n") {
				t.Errorf("metric %q", got)
			}
			if !strings.HasPrefix(run.URL(), o.Fallback) {
				t.Errorf("recorded in %s, not in %s", run.URL(), o.Fallback)
			}
			if got := warnings.all(); len(got) != 1 || !strings.Contains(got[0], test.tells) || !strings.Contains(got[0], o.Fallback) {
				t.Errorf("warnings %q, want one that tells %q", got, test.tells)
			}
			if calls > test.calls {
				t.Errorf("%d calls, want %d at most", calls, test.calls)
			}
			wantNoOutbox(t, o)

			// The state of a training holds the run's id and no more: resuming finds it.
			o.ResumeID = run.ID()
			again := mustOpen(t, o)
			again.LogMetrics(2, map[string]float64{"m": 0.25})
			mustFinish(t, again, Finished)
			if got := readText(t, filepath.Join(run.URL(), "metrics", "m")); strings.Count(got, "\n") != 2 {
				t.Errorf("metric %q", got)
			}
		})
	}
}

func unusedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return "http://" + listener.Addr().String()
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOpenErrors(t *testing.T) {
	missing := strings.Repeat("f", 32)
	for name, test := range map[string]struct {
		change func(*Options, *fakeServer)
		kind   error
		tells  string
	}{
		"database URI":         {func(o *Options, _ *fakeServer) { o.URI = "sqlite:///mlflow.db" }, ErrUnsupportedURI, "mlflow server"},
		"fallback is a server": {func(o *Options, _ *fakeServer) { o.Fallback = "http://other" }, ErrUnsupportedURI, "must be a directory"},
		"deleted experiment": {func(_ *Options, f *fakeServer) {
			f.experiments["e"], f.stage = "7", "deleted"
		}, ErrExperimentDeleted, "mlflow experiments restore -x 7"},
		"deleted run": {func(o *Options, f *fakeServer) { o.ResumeID, f.stage = missing, "deleted" }, ErrRunNotFound, "mlflow runs restore"},
		"unknown run": {func(o *Options, f *fakeServer) {
			o.ResumeID = missing
			f.misbehave(func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
				reject(w, 404, "RESOURCE_DOES_NOT_EXIST", "no such run")
				return true
			})
		}, ErrRunNotFound, missing},
		"a path as run":        {func(o *Options, _ *fakeServer) { o.ResumeID = "../../etc" }, ErrRunNotFound, "not a run id"},
		"a path as run, files": {func(o *Options, _ *fakeServer) { o.ResumeID, o.URI = "../../etc", o.Fallback }, ErrRunNotFound, "not a run id"},
		"unknown run, files":   {func(o *Options, _ *fakeServer) { o.ResumeID, o.URI = missing, o.Fallback }, ErrRunNotFound, missing},
		"run of the variable": {func(o *Options, _ *fakeServer) {
			o.Getenv, o.URI = env(map[string]string{"MLFLOW_RUN_ID": missing}), o.Fallback
		}, ErrRunNotFound, missing},
		"folder that is a file": {func(o *Options, _ *fakeServer) { o.URI = writeFile(t, "mlruns", "") }, nil, "MLflow file store"},
		"contradicting TLS": {func(o *Options, _ *fakeServer) {
			o.Getenv = env(map[string]string{"MLFLOW_TRACKING_INSECURE_TLS": "true", "MLFLOW_TRACKING_SERVER_CERT_PATH": "x"})
		}, nil, "contradict"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			o, _ := fakeOptions(t, f)
			test.change(&o, f)
			_, err := Open(t.Context(), o)
			if err == nil {
				t.Fatal("no error")
			}
			if test.kind == nil {
				test.kind = err
			}
			wantError(t, err, test.kind, test.tells)
		})
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	f := newFake(t)
	o, _ := fakeOptions(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	f.misbehave(func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		cancel()
		<-r.Context().Done()
		return true
	})
	if _, err := Open(ctx, o); err == nil || fileExists(o.Fallback) {
		t.Errorf("error %v; file store made: %v", err, fileExists(o.Fallback))
	}
}

// Two processes make the experiment at the same time.
func TestExperimentRace(t *testing.T) {
	f := newFake(t)
	o, _ := fakeOptions(t, f)
	asked := 0
	f.misbehave(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if endpoint(r) == "experiments/get-by-name" {
			if asked++; asked == 1 {
				reject(w, 404, "RESOURCE_DOES_NOT_EXIST", "not yet")
				f.locked(func() { f.experiments["e"] = "7" })
				return true
			}
		}
		return false
	})
	run := mustOpen(t, o)
	mustFinish(t, run, Finished)
	if run.ExperimentID() != "7" || f.called("POST experiments/create") != 1 {
		t.Errorf("experiment %s, calls %v", run.ExperimentID(), f.calls)
	}
}

func TestTagsOfANewRun(t *testing.T) {
	f := newFake(t)
	o, _ := fakeOptions(t, f)
	o.Getenv = env(map[string]string{"USER": "otieno"})
	o.Tags = map[string]string{"mlflow.source.name": "cmd/train", "mlflow.source.git.commit": "c0ffee", "mlflow.note.content": "# A note"}
	run := mustOpen(t, o)
	mustFinish(t, run, Finished)
	tags := f.savedTags()
	delete(tags, tagClientKey)
	want := map[string]string{"mlflow.runName": "r", "mlflow.user": "otieno", "mlflow.source.name": "cmd/train", "mlflow.source.type": "LOCAL", "mlflow.source.git.commit": "c0ffee", "mlflow.note.content": "# A note"}
	if !reflect.DeepEqual(tags, want) {
		t.Errorf("tags %v, want %v", tags, want)
	}
	if want := f.URL + "/#/experiments/7/runs/" + run.ID() + "?workflowType=machine_learning"; run.URL() != want || run.Hints()[0] != want {
		t.Errorf("URL %s, hints %q, want %s", run.URL(), run.Hints(), want)
	}
}

// A run whose process was killed goes on: what it had not delivered is sent, what
// it had is not logged again, and an old end does not count.
func TestResumeOnServer(t *testing.T) {
	for name, away := range map[string]bool{"server there": false, "server away": true} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			o, warnings := fakeOptions(t, f)
			id := strings.Repeat("a", 32)
			box, err := createOutbox(o.OutboxDir, outboxHeader{URI: f.URL, Experiment: "7", Run: id, ArtifactURI: "mlflow-artifacts:/7/x"})
			if err != nil {
				t.Fatal(err)
			}
			for seq := range int64(3) {
				if err := box.append(record{Seq: seq + 1, Time: 10, Metrics: map[string]float64{"m": 1}, Step: seq}); err != nil {
					t.Fatal(err)
				}
			}
			err = box.append(record{Seq: 4, Time: 10, Status: Killed})
			if err == nil {
				err = box.ack([]int64{1})
			}
			if err == nil {
				err = box.close()
			}
			if err != nil {
				t.Fatal(err)
			}
			if away {
				f.misbehave(func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
					w.WriteHeader(http.StatusServiceUnavailable)
					return true
				})
			}
			o.ResumeID = id
			run := mustOpen(t, o)
			if away {
				warnings.want(t, "its records are kept in")
			}
			f.misbehave(nil)
			for step := range int64(5) {
				run.LogMetrics(step, map[string]float64{"m": 1, "old": 1})
			}
			mustFinish(t, run, Finished)
			if got := f.steps("m"); !reflect.DeepEqual(got, []int64{1, 2, 3, 4}) {
				t.Errorf("steps %v", got)
			}
			if got := f.steps("old"); !away && !reflect.DeepEqual(got, []int64{4}) {
				t.Errorf("steps of old %v", got)
			}
			f.locked(func() {
				if got := f.statuses[len(f.statuses)-1]; got != "FINISHED" || strings.Contains(strings.Join(f.statuses, " "), "KILLED") {
					t.Errorf("statuses %v", f.statuses)
				}
			})
			wantNoOutbox(t, o)
		})
	}
}

func TestResumeRefusesForeignOutbox(t *testing.T) {
	f := newFake(t)
	o, _ := fakeOptions(t, f)
	o.ResumeID = "abc"
	box, err := createOutbox(o.OutboxDir, outboxHeader{URI: "http://elsewhere", Run: "abc"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), o)
	wantError(t, err, ErrOutboxBusy)
	if err := box.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "belongs to run abc on http://elsewhere") {
		t.Errorf("error %v", err)
	}
}

// Credentials are sent to the tracking server, and never land on disk or in words.
func TestCredentials(t *testing.T) {
	f := newFake(t)
	o, warnings := fakeOptions(t, f)
	base, err := url.Parse(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	base.User = url.UserPassword("amina", "s3cret")
	o.URI = base.String()
	run := mustOpen(t, o)
	f.misbehave(func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	run.LogMetrics(1, map[string]float64{"m": 1})
	warnings.waitFor(t, "MLFLOW_TRACKING_USERNAME")
	text := readText(t, outboxPath(o.OutboxDir, run.ID()))
	f.misbehave(nil)
	mustFinish(t, run, Finished)
	for _, said := range append(warnings.all(), text, run.URL(), strings.Join(run.Hints(), " ")) {
		if strings.Contains(said, "s3cret") || strings.Contains(said, "amina") {
			t.Errorf("credentials in %q", said)
		}
	}
	f.locked(func() {
		for _, got := range f.auth {
			if got != "Basic YW1pbmE6czNjcmV0" {
				t.Fatalf("authorization %q", got)
			}
		}
	})
}
