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

// drain answers what was accepted, and breaks no connection. In turn: new
// connections are no longer begun, those that wait to be accepted are; each
// answer says that it is its connection's last; connections without a request
// have a while for one more, and are closed. [http.Server.Shutdown] alone drops
// what waits, and requests that it reads after it was called.
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

// handshake is how long a connection that has been begun may take to be ready.
const handshake = 200 * time.Millisecond

// emptyBacklog lets all connections to l be accepted that clients have begun,
// and no other begin: those try again, and find nobody. Closed at once, a
// listener resets what the kernel holds for it. Where the kernel doesn't take
// the filter, as for multipath TCP, connections go on to begin meanwhile.
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
	_ = raw.Control(func(fd uintptr) { // without the filter, the rest is worth doing
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
				waiting = info.Unacked // of a listener: connections that wait to be accepted
			}
		})
		if err != nil || waiting == 0 {
			return
		}
	}
}

// dropSYN lets a listening socket pass over what begins a connection: TCP
// segments with the flag SYN, which is the second bit of the header's byte 13.
func dropSYN(fd int) error {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: 0x02, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 18}, // all of it
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// connections are those that are open.
type connections struct {
	mu     sync.Mutex
	states map[net.Conn]http.ConnState
	told   map[net.Conn]bool // that there are no more answers
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

// wait waits until none is open. Those that have had no request for the time
// idle are ended.
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

// endIdle tells clients without a request that there are no more answers, so
// that they close the connection, and closes those that were told before.
func (c *connections) endIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn, state := range c.states {
		half, ok := conn.(interface{ CloseWrite() error })
		switch {
		case state != http.StateIdle:
		case c.told[conn] || !ok || half.CloseWrite() != nil:
			_ = conn.Close() // it's over anyway
		default:
			c.told[conn] = true
		}
	}
}
