package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asCommand is a variable that makes the test's program the train command, so
// that tests have real processes to kill.
const asCommand = "TRIDENT_TEST_AS_COMMAND"

// process is a train command in a process of its own.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr bytes.Buffer
	read   chan struct{} // closed when stdout has ended

	mu     sync.Mutex
	more   *sync.Cond
	stdout strings.Builder
	ended  bool
}

// start runs the command in dir.
func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(program, args...), read: make(chan struct{})}
	p.more = sync.NewCond(&p.mu)
	p.cmd.Dir, p.cmd.Stderr = dir, &p.stderr
	p.cmd.Env = append(os.Environ(), asCommand+"=1", "MLFLOW_TRACKING_URI=", "TMPDIR="+dir)
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // it has ended, unless the test has failed
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			p.mu.Lock()
			p.stdout.WriteString(lines.Text() + "\n")
			p.more.Broadcast()
			p.mu.Unlock()
		}
		p.mu.Lock()
		p.ended = true
		p.more.Broadcast()
		p.mu.Unlock()
		close(p.read)
	}()
	return p
}

// waitFor waits until the process has printed a text.
func (p *process) waitFor(text string) {
	p.t.Helper()
	p.waitForAll(text)
}

// waitForAll waits until the process has printed several texts, one after the other.
func (p *process) waitForAll(texts ...string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	at := 0
	for _, text := range texts {
		for {
			if i := strings.Index(p.stdout.String()[at:], text); i >= 0 {
				at += i + len(text)
				break
			}
			if p.ended {
				p.t.Fatalf("the process never printed %q, but %q", text, p.stdout.String())
			}
			p.more.Wait()
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// end waits for the end: the exit code, or the signal that ended the process.
func (p *process) end() (code int, by syscall.Signal) {
	p.t.Helper()
	<-p.read
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		p.t.Logf("ended by %v, core %v", status.Signal(), status.CoreDump())
		return -1, status.Signal()
	}
	return status.ExitStatus(), 0
}

// killAfter ends the process without a warning after a while, unless it has
// ended by then, and reports whether it did.
func (p *process) killAfter(d time.Duration) bool {
	p.t.Helper()
	timer := time.AfterFunc(d, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	_, by := p.end()
	return by == syscall.SIGKILL
}
