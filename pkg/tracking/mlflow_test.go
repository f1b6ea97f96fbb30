package tracking

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/mlflowtest"
)

// readBack is a run as MLflow's Python client sees it.
type readBack struct {
	Runs         int                     `json:"runs"`
	Experiments  []string                `json:"experiments"`
	ID           string                  `json:"run_id"`
	ExperimentID string                  `json:"experiment_id"`
	Status       string                  `json:"status"`
	Name         string                  `json:"run_name"`
	User         string                  `json:"user"`
	Start        int64                   `json:"start"`
	End          int64                   `json:"end"`
	Params       map[string]string       `json:"params"`
	Tags         map[string]string       `json:"tags"`
	Metrics      map[string][][3]float64 `json:"metrics"` // step, value, time
	Artifacts    map[string]int          `json:"artifacts"`
	Inputs       []struct {
		Name    string            `json:"name"`
		Digest  string            `json:"digest"`
		Source  map[string]string `json:"source"`
		Profile string            `json:"profile"`
		Context map[string]string `json:"context"`
	} `json:"inputs"`
}

// readWithPython reads a run with MLflow's Python client.
func readWithPython(t *testing.T, uri, experiment, run string) readBack {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filetest.Python(t), filepath.Join("testdata", "readback.py"), uri, experiment, run, t.TempDir())
	cmd.Env = mlflowtest.Env(t.TempDir(), "MLFLOW_ALLOW_FILE_STORE=true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("reading back with MLflow's client: %v\n%s", err, stderr.String())
	}
	var got readBack
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatalf("%v in %s", err, output)
	}
	return got
}
