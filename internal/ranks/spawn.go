package ranks

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/trident-nlp/trident/internal/cli"
)

// How long the other processes may take to end after the first has failed: to notice the
// failure, and to save the run's state.
const (
	untilTold   = 10 * time.Second
	untilKilled = 40 * time.Second
)

// Spawned is an environment variable set in processes started by [Spawn].
const Spawned = "TRIDENT_SPAWNED"

// Spawn runs this program n times on this machine, as ranks 0 to n-1, with the
// same arguments, and waits for all. Rank 0 has the streams; the others' stderr is
// prefixed with their ranks. SIGINT and SIGTERM are passed to all. If one fails, the others
// notice or are terminated, and its error is returned.
func Spawn(n int, args []string, streams cli.Streams) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("start %d processes: %w", n, err)
	}
	port, err := freePort()
	if err != nil {
		return fmt.Errorf("start %d processes: %w", n, err)
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	runtime.LockOSThread() // the processes die with the thread that started them
	defer runtime.UnlockOSThread()

	c := children{ended: make(chan child, n)}
	for rank := range n {
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), Spawned+"=1", "RANK="+strconv.Itoa(rank), "LOCAL_RANK="+strconv.Itoa(rank),
			"WORLD_SIZE="+strconv.Itoa(n), "LOCAL_WORLD_SIZE="+strconv.Itoa(n), "MASTER_ADDR=127.0.0.1", "MASTER_PORT="+strconv.Itoa(port))
		if os.Getenv("GLOO_SOCKET_IFNAME") == "" {
			cmd.Env = append(cmd.Env, "GLOO_SOCKET_IFNAME=lo")
		}
		// A separate process group: Ctrl-C is passed on from here only, once.
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		cmd.Stdout, cmd.Stderr = streams.Out, streams.Err
		if rank > 0 {
			cmd.Stdout, cmd.Stderr = io.Discard, nil
		}
		if err := c.start(rank, cmd, streams.Err); err != nil {
			c.end(syscall.SIGKILL)
			return errors.Join(fmt.Errorf("start rank %d: %w", rank, err), c.wait(nil))
		}
	}
	return c.wait(signals)
}

// freePort returns an unused port.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// child is a started process.
type child struct {
	rank int
	cmd  *exec.Cmd
	err  error
}

type children struct {
	running []child
	ended   chan child
	mu      sync.Mutex // guards the prefixed lines
}

func (c *children) start(rank int, cmd *exec.Cmd, stderr io.Writer) error {
	var lines io.ReadCloser
	if cmd.Stderr == nil {
		var err error
		if lines, err = cmd.StderrPipe(); err != nil {
			return err
		}
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.running = append(c.running, child{rank: rank, cmd: cmd})
	go func() {
		if lines != nil {
			c.mark(rank, lines, stderr)
		}
		c.ended <- child{rank, cmd, cmd.Wait()}
	}()
	return nil
}

// mark copies lines, prefixed with the rank.
func (c *children) mark(rank int, lines io.Reader, w io.Writer) {
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		c.mu.Lock()
		fmt.Fprintf(w, "rank %d: %s\n", rank, scanner.Text())
		c.mu.Unlock()
	}
	_, _ = io.Copy(io.Discard, lines) // after a line without end
}

// end signals all running processes.
func (c *children) end(s os.Signal) {
	for _, one := range c.running {
		_ = one.cmd.Process.Signal(s) // it may have ended
	}
}

// wait waits for all, forwards signals, and ends the others after the first failure,
// whose error it returns.
func (c *children) wait(signals <-chan os.Signal) error {
	var failure error
	var tell, kill <-chan time.Time
	for left := len(c.running); left > 0; {
		select {
		case s := <-signals:
			c.end(s)
		case <-tell:
			c.end(syscall.SIGTERM)
		case <-kill:
			c.end(syscall.SIGKILL)
		case one := <-c.ended:
			left--
			if one.err != nil && failure == nil {
				failure = failed(one)
				tell, kill = time.After(untilTold), time.After(untilKilled)
			}
		}
	}
	return failure
}

// failed returns the error for a failed process. One that could still report the reason
// has done so.
func failed(one child) error {
	status, ok := one.cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case ok && status.Signaled():
		return cli.Exit(128+int(status.Signal()), fmt.Errorf("rank %d was ended by a signal: %v; the others have been ended too", one.rank, status.Signal()))
	case ok && status.Exited():
		return cli.Exit(status.ExitStatus(), nil)
	}
	return fmt.Errorf("rank %d: %w", one.rank, one.err)
}
