package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/trident-nlp/trident/bench/protocol"
	"github.com/trident-nlp/trident/internal/usage"
)

// worker is a running process that answers requests.
type worker struct {
	name    string
	hello   protocol.Hello
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	said    *tail
	timeout time.Duration
}

// start runs a shell command line as a worker and waits until it is ready.
func start(ctx context.Context, name, line string, timeout time.Duration) (*worker, error) {
	w := &worker{name: name, said: &tail{}, timeout: timeout}
	w.command = exec.CommandContext(ctx, "sh", "-c", "exec "+line)
	w.command.Stderr = w.said
	w.command.WaitDelay = 5 * time.Second // for processes of its own that hold its pipes
	in, err := w.command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start worker %s: %w", name, err)
	}
	out, err := w.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start worker %s: %w", name, err)
	}
	w.in, w.out = in, bufio.NewReader(out)
	if err := w.command.Start(); err != nil {
		return nil, fmt.Errorf("start worker %s: %w", name, err)
	}
	if err := w.read(&w.hello); err != nil {
		return nil, fmt.Errorf("start worker %s: %w", name, w.blame(err))
	}
	if !w.hello.Ready {
		w.kill()
		return nil, fmt.Errorf("start worker %s: its first line doesn't say that it is ready", name)
	}
	return w, nil
}

// rest is a pause before each turn: threads of the worker before may go on spinning for
// some time after its answer, and would slow the next one down.
const rest = 100 * time.Millisecond

// ask has the worker run a case. After an error other than the case's own the
// worker is dead.
func (w *worker) ask(request protocol.Request) (protocol.Response, error) {
	time.Sleep(rest)
	var r protocol.Response
	what := strings.Join(strings.Fields(fmt.Sprintf("%s %s", request.Case, request.Precision)), " ")
	line, err := json.Marshal(request)
	if err != nil {
		return r, fmt.Errorf("worker %s, case %s: %w", w.name, what, err)
	}
	if _, err := w.in.Write(append(line, '\n')); err != nil {
		w.kill() // it reads no more: reading finds out why
	}
	if err := w.read(&r); err != nil {
		return r, fmt.Errorf("worker %s, case %s: %w", w.name, what, w.blame(err))
	}
	if r.Error != "" {
		return r, fmt.Errorf("worker %s, case %s: %s", w.name, what, r.Error)
	}
	return r, nil
}

// read takes one line of JSON, within the time limit.
func (w *worker) read(into any) error {
	late := make(chan struct{})
	timer := time.AfterFunc(w.timeout, func() {
		close(late)
		w.kill()
	})
	line, err := w.out.ReadBytes('\n')
	if !timer.Stop() {
		<-late
		return fmt.Errorf("no answer in %s", w.timeout)
	}
	if errors.Is(err, io.EOF) {
		return errDied
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("its answer isn't one: %q", shorten(string(line), 80))
	}
	return nil
}

var errDied = errors.New("it died")

// blame ends the worker and adds its last words.
func (w *worker) blame(err error) error {
	w.kill()
	_ = w.command.Wait() // said in ProcessState
	if errors.Is(err, errDied) {
		err = fmt.Errorf("%w (%s)", err, w.command.ProcessState)
	}
	if words := w.said.String(); words != "" {
		return fmt.Errorf("%w; its last words:\n%s", err, words)
	}
	return err
}

func (w *worker) kill() { _ = w.command.Process.Kill() } // it may have ended

// stop ends the worker.
func (w *worker) stop() {
	_ = w.in.Close()
	timer := time.AfterFunc(10*time.Second, w.kill)
	defer timer.Stop()
	_ = w.command.Wait() // how it ends no longer matters
}

// resetPeak makes [worker.peak] count from now on.
func (w *worker) resetPeak() {
	// Where the kernel doesn't have it, the peak is that of all cases so far.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", w.command.Process.Pid), []byte("5"), 0)
}

// peak is the largest memory that the process has had, in MB; 0: unknown.
func (w *worker) peak() float64 {
	bytes, err := usage.PeakMemory(w.command.Process.Pid)
	if err != nil {
		return 0
	}
	return float64(bytes) / 1e6
}

// tail keeps the end of what is written to it.
type tail struct {
	mutex sync.Mutex
	text  string
}

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.text += string(p)
	t.text = t.text[max(0, len(t.text)-tailBytes):]
	return len(p), nil
}

const tailBytes = 2000

// String returns the end of what was written.
func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return strings.TrimSpace(t.text)
}

func shorten(s string, n int) string {
	s = strings.TrimSpace(s)
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
