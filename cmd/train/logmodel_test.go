package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/mlflowtest"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/run"
)

// The best model of a run, on a real server and in the file store, is one that MLflow loads
// and serves in Python, with the answers of infer.
func TestLoggedModel(t *testing.T) {
	python, server := filetest.Python(t), mlflowtest.Start(t)
	script, err := filepath.Abs("../../pkg/mlmodel/testdata/predict.py")
	if err != nil {
		t.Fatal(err)
	}
	config := inRepo(t, "multitask.yaml")[0]
	t.Chdir(t.TempDir())
	demo(t, 40, 40, 40)
	for name, uri := range map[string]string{"server": server.URI, "store": "file:./mlruns"} {
		t.Run(name, func(t *testing.T) {
			mustRun(t, settings(config, "training.num_epochs=1", "output.model_dir="+name, "mlflow.enabled=true", "mlflow.tracking_uri="+uri)...)
			env := mlflowtest.Env(t.TempDir(), "MLFLOW_ALLOW_FILE_STORE=true", "MLFLOW_TRACKING_URI="+uri, "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false",
				"PATH="+filepath.Dir(python)+":"+os.Getenv("PATH"))
			logged := "runs:/" + runOf(t, name) + "/checkpoint"
			want := inferred(t, name, run.ExampleCall)
			text, err := json.Marshal([]string{run.ExampleCall})
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), python, script, string(text), logged)
			cmd.Env = env
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("load %s: %v\n%s", logged, err, stderr.String())
			}
			var said []struct {
				Answers  []any
				Metadata struct{ Scores map[string]float64 }
			}
			if err := json.Unmarshal(out, &said); err != nil || len(said) != 1 {
				t.Fatalf("%v in %s", err, out)
			}
			if !goldentest.AlikeJSON(said[0].Answers, []any{want}) {
				t.Errorf("answers %v, want %v", said[0].Answers, want)
			}
			if _, found := said[0].Metadata.Scores["val/avg"]; !found {
				t.Errorf("scores %v", said[0].Metadata.Scores)
			}
			if name == "server" {
				if got := served(t, python, env, logged, run.ExampleCall); !goldentest.AlikeJSON(got, []any{want}) {
					t.Errorf("mlflow models serve says %v, want %v", got, want)
				}
			}
		})
	}
}

// runOf returns the MLflow run of the model in dir.
func runOf(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "mlflow", "MLmodel"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if id, found := strings.CutPrefix(line, "run_id: "); found {
			return strings.Trim(id, "\"\n")
		}
	}
	t.Fatalf("no run in %s", text)
	return ""
}

// inferred is the predictor's answer, as JSON.
func inferred(t *testing.T, dir, text string) (answer any) {
	t.Helper()
	m, tok, err := fusion.Load(dir, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	list, err := fusion.NewPredictor(m, tok).Predict(t.Context(), []datasets.Transcript{datasets.Transcript(text)}, fusion.PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(list[0])
	if err == nil {
		err = json.Unmarshal(data, &answer)
	}
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// served asks `mlflow models serve`.
func served(t *testing.T, python string, env []string, uri, text string) any {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	listener.Close()
	var log bytes.Buffer
	cmd := exec.Command(python, "-m", "mlflow", "models", "serve", "--model-uri", uri, "--env-manager", "local", "--host", "127.0.0.1", "--port", port)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait() // "signal: killed"
	}()
	address := "http://127.0.0.1:" + port
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if resp, err := http.Get(address + "/ping"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("mlflow models serve doesn't come up")
		}
	}
	body, err := json.Marshal(map[string][]string{"inputs": {text}})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(address+"/invocations", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	var out struct{ Predictions any }
	if err != nil || json.Unmarshal(answer, &out) != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	return out.Predictions
}
