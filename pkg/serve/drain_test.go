package serve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// serving serves on a real port; stop begins the end, of which ended tells.
func (s *testServer) serving() (address string, stop func(), ended <-chan error) {
	s.t.Helper()
	var listen net.ListenConfig
	listen.SetMultipathTCP(false)
	l, err := listen.Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.t.Cleanup(stop)
	end := make(chan error, 1)
	go func() { end <- s.Serve(ctx, l) }()
	wait(s.t, "ready", func() bool { return s.ready() == nil })
	return l.Addr().String(), stop, end
}

// client is a connection, by hand.
type byHand struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, address string) byHand {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return byHand{t, c, bufio.NewReader(c)}
}

func (c byHand) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Errorf("send: %v", err)
	}
}

// answer reads one, and reports whether it is the connection's last.
func (c byHand) answer() (status int, last bool) {
	c.t.Helper()
	r, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.t.Errorf("no answer: %v", err)
		return 0, false
	}
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		c.t.Errorf("half an answer: %v", err)
	}
	return r.StatusCode, r.Close
}

const small = `{"texts": ["my son"]}`

func post() string { return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(small), small) }

// TestDrainResetsNothing: at the end a connection that is open has one more
// request, a body that is on its way is read, a connection that waits to be
// accepted is; who has no request sees the connection's proper end.
func TestDrainResetsNothing(t *testing.T) {
	s := newServer(t, func(c *Config) { c.DrainIdle = 3 * time.Second })
	address, stop, ended := s.serving()
	idle, again, half, asked := dial(t, address), dial(t, address), dial(t, address), dial(t, address)
	for _, c := range []byHand{idle, again} {
		c.send(post())
		if status, last := c.answer(); status != 200 || last {
			t.Fatalf("status %d, last %t", status, last)
		}
	}
	half.send(post()[:len(post())-5])
	g := s.hold()
	asked.send(post())
	<-g.entered
	wait(t, "half a body", func() bool { return s.metrics.inFlight.Load() == 2 })
	stop()
	wait(t, "the end begins", s.closing.Load)
	half.send(small[len(small)-5:])
	again.send(post())
	g.open()
	for name, c := range map[string]byHand{"half a body": half, "another request": again, "in the queue": asked} {
		if status, last := c.answer(); status != 200 || !last {
			t.Errorf("%s: status %d, last %t", name, status, last)
		}
	}
	for name, c := range map[string]byHand{"idle": idle, "half a body": half, "another request": again} {
		if _, err := c.r.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: the connection ends with %v", name, err)
		}
	}
	if err := idle.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestDrainUnderLoad: of many that ask, over new connections and old ones, each
// has an answer until nobody accepts the connection.
func TestDrainUnderLoad(t *testing.T) {
	for round := range 2 {
		s := newServer(t, func(c *Config) { c.DrainIdle = time.Minute }) // longer than any of these connections is idle
		address, stop, ended := s.serving()
		var group sync.WaitGroup
		answers := make(chan int, 100_000)
		for caller := range 16 {
			group.Go(func() {
				over := &http.Client{Transport: &http.Transport{DisableKeepAlives: caller%2 == 0}}
				defer over.CloseIdleConnections()
				for {
					r, err := over.Post("http://"+address+"/v1/predict", "application/json", strings.NewReader(small))
					if errors.Is(err, syscall.ECONNREFUSED) {
						return
					}
					if err != nil {
						t.Errorf("round %d: a request was lost: %v", round, err)
						return
					}
					_, err = io.Copy(io.Discard, r.Body)
					if err = errors.Join(err, r.Body.Close()); err != nil || r.StatusCode != http.StatusOK {
						t.Errorf("round %d: status %d, %v", round, r.StatusCode, err)
						return
					}
					answers <- 1
				}
			})
		}
		for range 200 {
			<-answers
		}
		stop()
		group.Wait()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestBacklog: connections that wait to be accepted when the end begins are.
func TestBacklog(t *testing.T) {
	var listen net.ListenConfig
	listen.SetMultipathTCP(false)
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const n = 50
	var clients []net.Conn
	for range n {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	accepted := make(chan net.Conn, n)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	emptyBacklog(t.Context(), l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	got := 0
	for c := range accepted {
		got++
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if got != n {
		t.Errorf("%d connections of %d were accepted", got, n)
	}
	for _, c := range clients {
		if _, err := io.ReadAll(c); err != nil {
			t.Errorf("a connection ends with %v", err)
		}
		_ = c.Close()
	}
}
