// Package mlflowtest runs MLflow's own server, and mlflow-go, for tests.
package mlflowtest

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trident-nlp/trident/internal/filetest"
)

// Env is an environment without the caller's MLflow settings.
func Env(home string, more ...string) []string {
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MLFLOW_") && !strings.HasPrefix(variable, "HOME=") && !strings.Contains(strings.ToLower(variable), "_proxy=") {
			env = append(env, variable)
		}
	}
	return append(env, append([]string{"HOME=" + home, "MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true"}, more...)...)
}

// Servers are the servers that tests of tracking run against, by name: MLflow's, and
// mlflow-go if TRIDENT_MLFLOW_GO is set, as make servers does: it takes minutes.
func Servers() map[string]func(t testing.TB, args ...string) *Server {
	servers := map[string]func(t testing.TB, args ...string) *Server{"mlflow": Start}
	if os.Getenv("TRIDENT_MLFLOW_GO") != "" {
		servers["mlflow-go"] = StartGo
	}
	return servers
}

// Server is a real `mlflow server` with an SQLite backend.
type Server struct {
	t    testing.TB
	dir  string
	port int
	URI  string
	Go   bool // it is mlflow-go
	args []string
	run  []string // the interpreter and what it runs
	env  []string
	log  *os.File
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
}

// Start starts a server with its data in a folder of the test's own: MLflow's, of
// [filetest.Python] or of the interpreter TRIDENT_MLFLOW_PYTHON.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	python := os.Getenv("TRIDENT_MLFLOW_PYTHON")
	if python == "" {
		python = filetest.Python(t)
	}
	return start(t, []string{python, "-m", "mlflow"}, nil, args)
}

// StartGo is Start for mlflow-go, which has an MLflow of [filetest.Python] behind it.
func StartGo(t testing.TB, args ...string) *Server {
	t.Helper()
	packages, err := filepath.Glob(filepath.Join("..", "..", ".venv-mlflow-go", "lib", "python3.*", "site-packages"))
	if err != nil || len(packages) != 1 {
		t.Fatalf("no mlflow-go (%v): run make servers", err)
	}
	if packages[0], err = filepath.Abs(packages[0]); err != nil {
		t.Fatal(err)
	}
	library := t.TempDir() // the wheel for Linux has the library under the name for macOS
	for name, target := range map[string]string{"libmlflow-go-backend.so": "libmlflow-go-backend.dylib", "libmlflow-go-backend.h": "libmlflow-go-backend.h"} {
		if err := os.Symlink(filepath.Join(packages[0], "mlflow_go_backend", target), filepath.Join(library, name)); err != nil {
			t.Fatal(err)
		}
	}
	python := filetest.Python(t)
	env := []string{"MLFLOW_GO_LIBRARY_PATH=" + library, "PYTHONPATH=" + packages[0], "PATH=" + filepath.Dir(python) + ":" + os.Getenv("PATH")}
	s := start(t, []string{python, "-W", "ignore", "-m", "mlflow_go_backend.cli"}, env, args)
	s.Go = true
	return s
}

func start(t testing.TB, run, env, args []string) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	s := &Server{t: t, dir: t.TempDir(), port: port, URI: fmt.Sprintf("http://127.0.0.1:%d", port), run: run, env: env, args: args}
	if s.log, err = os.Create(filepath.Join(s.dir, "server.log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill()
		s.log.Close()
	})
	s.Restart()
	return s
}

// watched runs a command, and kills the whole process group as soon as standard
// input ends: with the test's process, however that ends.
const watched = `exec 3<&0; (cat <&3 >/dev/null; kill -KILL 0) & exec 3<&-; "$@" </dev/null`

// Restart starts the server again after [Server.Kill].
func (s *Server) Restart() {
	s.t.Helper()
	s.cmd = exec.Command("sh", slices.Concat([]string{"-c", watched, "sh"}, s.run, []string{"server", "--host", "127.0.0.1", "--port", fmt.Sprint(s.port),
		"--workers", "1", "--backend-store-uri", "sqlite:///" + filepath.Join(s.dir, "mlflow.db")}, s.args)...)
	s.cmd.Dir = s.dir
	s.cmd.Env = Env(s.dir, append([]string{"MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false"}, s.env...)...)
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
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		resp, err := http.Get(s.URI + "/health")
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

// Kill stops the server and all that it started.
func (s *Server) Kill() {
	if s.done == nil {
		return
	}
	if err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		s.t.Logf("killing mlflow server: %v", err)
	}
	<-s.done
	s.done = nil
}

func (s *Server) output() string {
	text, _ := os.ReadFile(s.log.Name())
	return string(text)
}
