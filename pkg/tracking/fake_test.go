package tracking

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeServer is a tracking server in memory that a test can make misbehave.
type fakeServer struct {
	*httptest.Server
	t testing.TB

	mu          sync.Mutex
	intercept   func(w http.ResponseWriter, r *http.Request, body []byte) bool // true: it has answered
	artifactURI string                                                         // %s is the run
	experiments map[string]string                                              // name → id
	stage       string                                                         // of experiments and runs
	clientKeys  map[string]string                                              // client key → run
	params      map[string]string
	tags        map[string]string
	metrics     []metricValue
	artifacts   map[string]string
	inputs      int
	statuses    []string
	calls       []string // "METHOD endpoint"
	auth        []string
}

func newFake(t testing.TB) *fakeServer {
	f := &fakeServer{
		t: t, artifactURI: "mlflow-artifacts:/7/%s/artifacts", stage: "active",
		experiments: map[string]string{}, clientKeys: map[string]string{},
		params: map[string]string{}, tags: map[string]string{}, artifacts: map[string]string{},
	}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

// misbehave sets what is asked before each answer; nil ends it.
func (f *fakeServer) misbehave(intercept func(w http.ResponseWriter, r *http.Request, body []byte) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intercept = intercept
}

// locked reads the server's state.
func (f *fakeServer) locked(read func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	read()
}

func endpoint(r *http.Request) string {
	_, after, _ := strings.Cut(r.URL.Path, "/api/2.0/")
	return strings.TrimPrefix(after, "mlflow/")
}

func (f *fakeServer) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client hung up
	}
	f.mu.Lock()
	f.calls = append(f.calls, r.Method+" "+endpoint(r))
	f.auth = append(f.auth, r.Header.Get("Authorization"))
	intercept := f.intercept
	f.mu.Unlock()
	if intercept != nil && intercept(w, r, body) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer(w, r, body)
}

func (f *fakeServer) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	if name, ok := strings.CutPrefix(endpoint(r), "mlflow-artifacts/artifacts/"); ok && r.Method == http.MethodPut {
		f.artifacts[name] = string(body)
		fmt.Fprint(w, "{}")
		return
	}
	var in struct {
		Name    string        `json:"name"`
		Filter  string        `json:"filter"`
		Status  string        `json:"status"`
		Params  []keyValue    `json:"params"`
		Tags    []keyValue    `json:"tags"`
		Metrics []metricValue `json:"metrics"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &in); err != nil {
			f.t.Errorf("%s got %q: %v", r.URL, body, err)
		}
	}
	switch r.Method + " " + endpoint(r) {
	case "GET experiments/get-by-name":
		id, ok := f.experiments[r.URL.Query().Get("experiment_name")]
		if !ok {
			reject(w, 404, "RESOURCE_DOES_NOT_EXIST", "no such experiment")
			return
		}
		send(w, map[string]any{"experiment": map[string]any{"experiment_id": id, "lifecycle_stage": f.stage}})
	case "POST experiments/create":
		if _, ok := f.experiments[in.Name]; ok {
			reject(w, 400, "RESOURCE_ALREADY_EXISTS", "it exists")
			return
		}
		f.experiments[in.Name] = "7"
		send(w, map[string]any{"experiment_id": "7"})
	case "POST runs/create":
		run := fmt.Sprintf("%032d", len(f.clientKeys)+1)
		for _, tag := range in.Tags {
			f.tags[tag.Key] = tag.Value
		}
		f.clientKeys[f.tags[tagClientKey]] = run
		send(w, f.runJSON(run))
	case "POST runs/search":
		var runs []any
		for key, run := range f.clientKeys {
			if strings.Contains(in.Filter, "'"+key+"'") {
				runs = append(runs, f.runJSON(run)["run"])
			}
		}
		send(w, map[string]any{"runs": runs})
	case "GET runs/get":
		send(w, f.runJSON(r.URL.Query().Get("run_id")))
	case "POST runs/update":
		f.statuses = append(f.statuses, in.Status)
		send(w, map[string]any{})
	case "POST runs/log-batch":
		if len(in.Params) > maxBatchParams || len(in.Tags) > maxBatchTags || len(in.Metrics) > maxBatchMetrics || len(in.Params)+len(in.Tags)+len(in.Metrics) > maxBatchItems {
			reject(w, 400, "INVALID_PARAMETER_VALUE", "too much")
			return
		}
		for _, p := range in.Params {
			if old, ok := f.params[p.Key]; ok && old != p.Value {
				reject(w, 400, "INVALID_PARAMETER_VALUE", "param "+p.Key+" was "+old)
				return
			}
		}
		for _, p := range in.Params {
			f.params[p.Key] = p.Value
		}
		for _, p := range in.Tags {
			f.tags[p.Key] = p.Value
		}
		f.metrics = append(f.metrics, in.Metrics...) // repeats are kept, as a file store does
		send(w, map[string]any{})
	case "GET metrics/get-history":
		var found []any
		for _, m := range f.metrics {
			if m.Key == r.URL.Query().Get("metric_key") {
				// int64 as strings, as protobuf's JSON has them
				found = append(found, map[string]any{"key": m.Key, "value": m.Value, "timestamp": fmt.Sprint(m.Time), "step": fmt.Sprint(m.Step)})
			}
		}
		send(w, map[string]any{"metrics": found})
	case "POST runs/log-inputs":
		f.inputs++
		send(w, map[string]any{})
	case "GET artifacts/list":
		send(w, map[string]any{})
	default:
		reject(w, 404, "ENDPOINT_NOT_FOUND", r.URL.Path)
	}
}

func (f *fakeServer) runJSON(run string) map[string]any {
	uri := f.artifactURI
	if strings.Contains(uri, "%s") {
		uri = fmt.Sprintf(uri, run)
	}
	return map[string]any{"run": map[string]any{
		"info": map[string]any{"run_id": run, "experiment_id": "7", "artifact_uri": uri, "lifecycle_stage": f.stage},
		"data": map[string]any{"metrics": []any{map[string]any{"key": "old", "value": 1, "step": "3", "timestamp": "5"}}},
	}}
}

func send(w http.ResponseWriter, answer any) {
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		panic(http.ErrAbortHandler) // the client hung up
	}
}

func reject(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	send(w, map[string]string{"error_code": code, "message": message})
}

// steps lists the steps of a metric in the order in which they came.
func (f *fakeServer) steps(key string) []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	var steps []int64
	for _, m := range f.metrics {
		if m.Key == key {
			steps = append(steps, m.Step)
		}
	}
	return steps
}

func (f *fakeServer) savedTags() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.tags)
}

// called counts the calls of an endpoint.
func (f *fakeServer) called(call string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if c == call {
			n++
		}
	}
	return n
}

// hasty waits far shorter than a real client does.
var hasty = pace{
	opening: 10 * time.Second, openingTry: 5 * time.Second, openTries: 3,
	call: 10 * time.Second, idle: 10 * time.Second, stall: patience, grace: patience,
	minWait: time.Millisecond, maxWait: 4 * time.Millisecond, hurryWait: 2 * time.Millisecond,
}

// fakeOptions are for a run on a fake server.
func fakeOptions(t testing.TB, f *fakeServer) (Options, *lines) {
	warnings := &lines{}
	p := hasty
	return Options{
		URI: f.URL, Experiment: "e", RunName: "r", OutboxDir: t.TempDir() + "/outbox", Fallback: t.TempDir() + "/mlruns",
		Getenv: noEnv, Warn: warnings.add, pace: &p,
	}, warnings
}
