// Package mlflowtest runs MLflow's own server for tests.
package mlflowtest

import (
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

// Server is a real `mlflow server` with an SQLite backend.
type Server struct {
	t    testing.TB
	dir  string
	port int
	URI  string
	args []string
	log  *os.File
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
}

// Start starts a server with its data in a folder of the test's own.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	s := &Server{t: t, dir: t.TempDir(), port: port, URI: fmt.Sprintf("http://127.0.0.1:%d", port), args: args}
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
	s.cmd = exec.Command("sh", append([]string{"-c", watched, "sh", filetest.Python(s.t), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", fmt.Sprint(s.port),
		"--workers", "1", "--backend-store-uri", "sqlite:///" + filepath.Join(s.dir, "mlflow.db")}, s.args...)...)
	s.cmd.Dir = s.dir
	s.cmd.Env = Env(s.dir, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false")
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
