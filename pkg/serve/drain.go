package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// drain answers accepted requests without resetting any connection. It stops new
// connections, accepts those in the backlog, closes each connection after its
// next answer, and gives idle connections time for one more request before
// closing them. [http.Server.Shutdown] alone drops the backlog, and requests that
// it reads after the call.
func (s *Server) drain(web *http.Server, l net.Listener, ended <-chan error, open *connections) error {
	s.draining.Store(true)
	s.Log.Info("draining", "requests", s.metrics.inFlight.Load())
	time.Sleep(s.DrainDelay)
	most, cancel := context.WithTimeout(context.Background(), web.WriteTimeout)
	defer cancel()
	s.closing.Store(true)
	emptyBacklog(most, l)
	if err := errors.Join(l.Close(), <-ended); !errors.Is(err, net.ErrClosed) {
		s.Log.Warn("draining", "error", err)
	}
	if err := open.wait(most, s.DrainIdle); err != nil {
		return errors.Join(fmt.Errorf("answer the last requests: %w", err), web.Close())
	}
	s.Log.Info("drained")
	return nil
}

// handshake is how long a TCP handshake in progress may take.
const handshake = 200 * time.Millisecond

// emptyBacklog lets all connections be accepted that clients have started to l,
// and blocks new ones: those retry, and find nobody. A listener closed at once
// would reset its backlog. If the kernel rejects the filter, as for multipath
// TCP, new connections are still accepted meanwhile.
func emptyBacklog(ctx context.Context, l net.Listener) {
	holder, ok := l.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := holder.SyscallConn()
	if err != nil {
		return
	}
	wait := handshake
	_ = raw.Control(func(fd uintptr) { // the rest is useful even without the filter
		if dropSYN(int(fd)) != nil {
			wait = 0
		}
	})
	for ; ; wait = 5 * time.Millisecond {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		waiting := uint32(0)
		err := raw.Control(func(fd uintptr) {
			if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
				waiting = info.Unacked // for a listener: connections waiting to be accepted
			}
		})
		if err != nil || waiting == 0 {
			return
		}
	}
}

// dropSYN makes a listening socket ignore connection attempts: TCP segments with
// the SYN flag, the second bit of the header's byte 13.
func dropSYN(fd int) error {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: 0x02, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 18}, // all of it
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// connections tracks the open connections.
type connections struct {
	mu     sync.Mutex
	states map[net.Conn]http.ConnState
	told   map[net.Conn]bool // informed that no more answers follow
}

func newConnections() *connections {
	return &connections{states: map[net.Conn]http.ConnState{}, told: map[net.Conn]bool{}}
}

func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(c.states, conn)
		delete(c.told, conn)
	default:
		c.states[conn] = state
	}
}

func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.states)
}

// wait waits until no connection is open. Those idle for longer than idle are
// closed.
func (c *connections) wait(ctx context.Context, idle time.Duration) error {
	end := time.After(idle)
	for c.count() > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end:
			c.endIdle()
			end = time.After(handshake)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// endIdle informs clients without a request that no more answers follow, so that
// they close the connection, and closes connections informed earlier.
func (c *connections) endIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn, state := range c.states {
		half, ok := conn.(interface{ CloseWrite() error })
		switch {
		case state != http.StateIdle:
		case c.told[conn] || !ok || half.CloseWrite() != nil:
			_ = conn.Close() // finished anyway
		default:
			c.told[conn] = true
		}
	}
}
