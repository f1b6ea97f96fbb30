package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/trident-nlp/trident/pkg/label"
)

// asCommand is a variable that makes the test's program the infer command, so
// that tests have real processes to kill.
const asCommand = "TRIDENT_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is an infer command in a process of its own.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan struct{} // closed when it has
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(program, args...), ended: make(chan struct{})}
	p.cmd.Stderr = &p.stderr
	p.cmd.Env = append(os.Environ(), asCommand+"=1", "OMP_NUM_THREADS=1")
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its state tells more
		close(p.ended)
	}()
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); <-p.ended })
	return p
}

// end waits for the end, and returns the exit code, or -1 if a signal ended it.
func (p *process) end() int {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// hasSaved waits until answers to more than so many calls are saved. It reports false
// if the process has ended before.
func (p *process) hasSaved(dir string, more int) bool {
	p.t.Helper()
	for saved(p.t, dir) <= more {
		select {
		case <-p.ended:
			return false
		case <-time.After(time.Millisecond):
		}
	}
	return true
}

// saved is the number of calls whose answers the furthest attempt in a folder has saved.
func saved(t *testing.T, dir string) int {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, ".part-*", "progress.json"))
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for _, path := range paths {
		var is struct{ Counts label.Counts }
		data, err := os.ReadFile(path)
		if err == nil && json.Unmarshal(data, &is) == nil { // otherwise it has gone
			most = max(most, is.Counts.Records)
		}
	}
	return most
}
