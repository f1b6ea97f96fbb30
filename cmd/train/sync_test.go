package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
)

// mlflow is a tracking server in memory. While away it answers 503.
type mlflow struct {
	mu       sync.Mutex
	away     bool
	steps    map[string][]int64
	params   map[string]string
	statuses []string
}

func (m *mlflow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var in struct {
		Status  string
		Params  []struct{ Key, Value string }
		Metrics []struct {
			Key  string
			Step int64
		}
	}
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
	answer := "{}"
	switch strings.TrimPrefix(r.URL.Path, "/api/2.0/mlflow/") {
	case "experiments/get-by-name":
		answer = `{"experiment": {"experiment_id": "1", "lifecycle_stage": "active"}}`
	case "runs/create", "runs/get":
		answer = `{"run": {"info": {"run_id": "abc", "experiment_id": "1", "artifact_uri": "mlflow-artifacts:/1/abc/artifacts", "lifecycle_stage": "active"}}}`
		if strings.HasSuffix(r.URL.Path, "create") {
			defer func() { m.away = true }() // it goes as soon as the run has begun
		}
	case "runs/update":
		m.statuses = append(m.statuses, in.Status)
	case "runs/log-batch":
		for _, p := range in.Params {
			m.params[p.Key] = p.Value
		}
		for _, v := range in.Metrics {
			m.steps[v.Key] = append(m.steps[v.Key], v.Step)
		}
	}
	fmt.Fprint(w, answer)
}

// stopAt sends this process SIGTERM when what is written through it holds a text.
type stopAt struct {
	bytes.Buffer
	text string
	once sync.Once
}

func (s *stopAt) Write(p []byte) (int, error) {
	n, err := s.Buffer.Write(p)
	if strings.Contains(s.String(), s.text) {
		s.once.Do(func() { err = errors.Join(err, syscall.Kill(os.Getpid(), syscall.SIGTERM)) })
	}
	return n, err
}

// The tracking server goes away when the training has begun, and is back after it:
// the training doesn't mind, and `train sync` sends everything, once.
func TestSyncAfterAnOutage(t *testing.T) {
	t.Chdir(t.TempDir())
	store := &mlflow{steps: map[string][]int64{}, params: map[string]string{}}
	server := httptest.NewServer(store)
	defer server.Close()
	t.Setenv("MLFLOW_TRACKING_URI", server.URL)
	// A training that is stopped waits for the server for three seconds at its end, one
	// that has finished for half a minute.
	out := &stopAt{text: "Epoch 4/"}
	var stderr bytes.Buffer
	code := execute(append(slices.Clone(tiny), "--set", "training.num_epochs=50"), cli.Streams{In: strings.NewReader(""), Out: out, Err: &stderr})
	if code != 143 {
		t.Fatalf("exit code %d, stderr %q", code, stderr.String())
	}
	mustContain(t, stderr.String(), "training goes on", "to send them run: go run ./cmd/train sync")
	if len(store.steps) > 0 || len(store.statuses) > 0 {
		t.Errorf("the server that was away got %v, %v", store.steps, store.statuses)
	}

	store.mu.Lock()
	store.away = false
	store.mu.Unlock()
	mustContain(t, mustRun(t, "sync", "models/quickstart.outbox"), "All of models/quickstart.outbox has been sent.")
	for _, key := range []string{"train/loss", "val/avg", "val/ner_f1", "early_stop/best_avg"} {
		var want []int64 // epochs from 1 on, once; how many is chance
		for step := range store.steps[key] {
			want = append(want, int64(step)+1)
		}
		if got := store.steps[key]; len(got) < 2 || !reflect.DeepEqual(got, want) {
			t.Errorf("steps of %s: %v", key, got)
		}
	}
	if store.params["batch_size"] == "" || store.params["backbone"] != "random weights" || !reflect.DeepEqual(store.statuses, []string{"KILLED"}) {
		t.Errorf("params %v, statuses %v", store.params, store.statuses)
	}
	if left, err := filepath.Glob("models/quickstart.outbox*"); err != nil || len(left) > 0 {
		t.Errorf("left of the outbox: %v, %v", left, err)
	}
}
