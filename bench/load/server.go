package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is one that is measured: a process of ours, or one that runs anyway.
type server struct {
	*generator
	name    string
	process *exec.Cmd // nil: not ours
	ended   chan struct{}
}

// start makes s take requests: it starts the process, if it is to be one, and
// waits until /readyz says yes.
func (m *measuring) start(ctx context.Context, s spec) (*server, error) {
	one := &server{name: s.name, ended: make(chan struct{})}
	address := s.command
	if !strings.HasPrefix(s.command, "http://") && !strings.HasPrefix(s.command, "https://") {
		free, err := freeAddress()
		if err != nil {
			return nil, fmt.Errorf("start server %s: %w", s.name, err)
		}
		log, err := m.log(s.name)
		if err != nil {
			return nil, fmt.Errorf("start server %s: %w", s.name, err)
		}
		defer func() { _ = log.Close() }() // the process has its own
		one.process = exec.Command("sh", "-c", "exec "+strings.ReplaceAll(s.command, "{address}", free))
		one.process.Stdout, one.process.Stderr = log, log
		if err := one.process.Start(); err != nil {
			return nil, fmt.Errorf("start server %s: %w", s.name, err)
		}
		go func() {
			_ = one.process.Wait() // how it ends is in ProcessState
			close(one.ended)
		}()
		address = "http://" + free
	}
	var err error
	if one.generator, err = newGenerator(m.flags, address, m.texts); err == nil {
		err = one.await(ctx)
	}
	if err != nil {
		one.stop()
		return nil, fmt.Errorf("start server %s: %w%s", s.name, err, m.seeLog(s.name))
	}
	return one, nil
}

// startTime is what a server may take to load its model.
const startTime = 2 * time.Minute

func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		code, _, err := s.send(ctx, http.MethodGet, "/readyz", nil)
		if err == nil && code == http.StatusOK {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("it ended (%s)", s.process.ProcessState)
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("it isn't ready: %w", ctx.Err()), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// stop ends a process of ours. One that doesn't end within ten seconds, as with
// requests that wait for the model, is killed.
func (s *server) stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		_ = s.process.Process.Kill() // the same
		<-s.ended
	}
}

func (m *measuring) log(name string) (io.WriteCloser, error) {
	if m.Logs == "" {
		return os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	return os.Create(m.logPath(name))
}

func (m *measuring) logPath(name string) string { return filepath.Join(m.Logs, "load-"+name+".log") }

func (m *measuring) seeLog(name string) string {
	if m.Logs == "" {
		return "; --logs DIR keeps what it says"
	}
	return "; see " + m.logPath(name)
}

// freeAddress is one of this machine that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
