package tracking

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trident-nlp/trident/internal/filetest"
)

// mlflowEnv is an environment without the caller's MLflow settings.
func mlflowEnv(home string, more ...string) []string {
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MLFLOW_") && !strings.HasPrefix(variable, "HOME=") && !strings.Contains(strings.ToLower(variable), "_proxy=") {
			env = append(env, variable)
		}
	}
	return append(env, append([]string{"HOME=" + home, "MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true"}, more...)...)
}

// mlflowServer is a real `mlflow server` with an SQLite backend.
type mlflowServer struct {
	t    *testing.T
	dir  string
	port int
	uri  string
	args []string
	log  *os.File
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
}

// startMLflow starts a server with its data in a folder of the test's own.
func startMLflow(t *testing.T, args ...string) *mlflowServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	s := &mlflowServer{t: t, dir: t.TempDir(), port: port, uri: fmt.Sprintf("http://127.0.0.1:%d", port), args: args}
	if s.log, err = os.Create(filepath.Join(s.dir, "server.log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.kill()
		s.log.Close()
	})
	s.start()
	return s
}

// watched runs a command, and kills the whole process group as soon as standard
// input ends: with the test's process, however that ends.
const watched = `exec 3<&0; (cat <&3 >/dev/null; kill -KILL 0) & exec 3<&-; "$@" </dev/null`

func (s *mlflowServer) start() {
	s.t.Helper()
	s.cmd = exec.Command("sh", append([]string{"-c", watched, "sh", filetest.Python(s.t), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", fmt.Sprint(s.port),
		"--workers", "1", "--backend-store-uri", "sqlite:///" + filepath.Join(s.dir, "mlflow.db")}, s.args...)...)
	s.cmd.Dir = s.dir
	s.cmd.Env = mlflowEnv(s.dir, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false")
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	_, err := s.cmd.StdinPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		s.t.Fatalf("starting mlflow server: %v", err)
	}
	s.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait() // "signal: killed"
		close(done)
	}(s.cmd, s.done)
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		resp, err := http.Get(s.uri + "/health")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("mlflow server does not come up (%v):\n%s", err, s.output())
		}
		select {
		case <-s.done:
			s.t.Fatalf("mlflow server ended:\n%s", s.output())
		default:
		}
	}
}

// kill stops the server and all that it started.
func (s *mlflowServer) kill() {
	if s.done == nil {
		return
	}
	if err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		s.t.Logf("killing mlflow server: %v", err)
	}
	<-s.done
	s.done = nil
}

func (s *mlflowServer) output() string {
	text, _ := os.ReadFile(s.log.Name())
	return string(text)
}

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
	cmd.Env = mlflowEnv(t.TempDir(), "MLFLOW_ALLOW_FILE_STORE=true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false")
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
