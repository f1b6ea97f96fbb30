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
	"testing"
	"time"
)

// listen serves on a real port until the test ends.
func (s *testServer) listen() (address string) {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			s.t.Errorf("the server ended with %v", err)
		}
	})
	wait(s.t, "ready", func() bool { return s.ready() == nil })
	return l.Addr().String()
}

// raw sends bytes over a connection of its own and reads an answer; the status
// is 0 if the server hangs up without one.
func raw(t *testing.T, address string, send io.Reader) (status int, body string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() { _, _ = io.Copy(c, send) }() // ends when the server hangs up
	return answerOf(c)
}

func answerOf(c net.Conn) (status int, body string) {
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, ""
	}
	defer r.Body.Close()
	data, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(data)
}

// stillFine asks for something ordinary.
func stillFine(t *testing.T, address string) {
	t.Helper()
	r, err := http.Post("http://"+address+"/v1/predict", "application/json", strings.NewReader(`{"texts": ["my son"]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("afterwards: code %d, %v", r.StatusCode, err)
	}
}

// never is a reader that has no more to give, nor an end.
type never struct{}

func (never) Read([]byte) (int, error) { select {} }

// endless gives the same byte n times, and counts what was taken.
type endless struct {
	mu   sync.Mutex
	left int64
}

func (e *endless) Read(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.left)
	for i := range p[:n] {
		p[i] = 'a'
	}
	e.left -= n
	return int(n), nil
}

const head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

func TestAttacks(t *testing.T) {
	s := newServer(t, func(c *Config) { // so patient that a busy machine doesn't matter
		c.HeaderTimeout, c.ReadTimeout, c.HeaderBytes = 5*time.Minute, 5*time.Minute, 4<<10
	})
	hasty := newServer(t, func(c *Config) {
		c.HeaderTimeout, c.ReadTimeout, c.IdleTimeout = time.Second, 2*time.Second, 2*time.Second
	})
	address, hastily := s.listen(), hasty.listen()
	chunked := head + "Transfer-Encoding: chunked\r\n\r\n40000000\r\n" // a chunk of 1 GiB
	gigabyte, streamed := &endless{left: 1 << 30}, &endless{left: 1 << 30}
	many := `{"texts": [` + strings.Repeat(`"a",`, 9999) + `"a"]}`
	long := `{"texts": ["` + strings.Repeat("a", 10<<20) + `"]}`
	medium := `{"texts": ["` + strings.Repeat("a", 1<<20) + `"]}`
	deep := `{"texts": ` + strings.Repeat("[", 1<<20)
	sized := func(body string) string { return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(body), body) }
	for name, test := range map[string]struct {
		send   io.Reader
		status int // 0: the server hangs up
		want   string
	}{
		"slow headers":      {io.MultiReader(strings.NewReader("POST /v1/predict HTTP/1.1\r\nHost: a\r\n"), never{}), 0, ""},
		"no request":        {never{}, 0, ""},
		"half a body":       {io.MultiReader(strings.NewReader(head+"Content-Length: 100\r\n\r\n{\"texts\": ["), never{}), 408, "the body didn't come within"},
		"half a chunk":      {io.MultiReader(strings.NewReader(head+"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"t"), never{}), 408, "the body didn't come within"},
		"a broken chunk":    {strings.NewReader(head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"), 400, "the body broke off"},
		"large headers":     {strings.NewReader(head + "X-A: " + strings.Repeat("a", 64<<10) + "\r\n\r\n"), 431, ""},
		"no HTTP":           {strings.NewReader("\x16\x03\x01\x02\x00\r\n\r\n"), 400, ""},
		"a tunnel":          {strings.NewReader("CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n"), 405, "want GET"},
		"another's tunnel":  {strings.NewReader("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"), 421, "doesn't answer to this name"},
		"two lengths":       {strings.NewReader(head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}"), 400, ""},
		"a gigabyte":        {io.MultiReader(strings.NewReader(head+"Content-Length: 1073741824\r\n\r\n"), gigabyte), 413, "more than 8388608 bytes"},
		"a gigabyte stream": {io.MultiReader(strings.NewReader(chunked), streamed), 413, "more than 8388608 bytes"},
		"deep JSON":         {strings.NewReader(sized(deep)), 400, "nested too deeply, from byte 1001"},
		"10,000 texts":      {strings.NewReader(sized(many)), 413, "more than 128 texts"},
		"a text of 10 MB":   {strings.NewReader(sized(long)), 413, "more than 8388608 bytes"},
		"a text of 1 MB":    {strings.NewReader(sized(medium)), 413, "texts[0]"},
		"invalid UTF-8":     {strings.NewReader(sized("{\"texts\": [\"\xc3\x28\"]}")), 400, "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := address
			if test.status == 0 || test.status == http.StatusRequestTimeout { // it is the server that loses patience
				to = hastily
			}
			status, body := raw(t, to, test.send)
			if status != test.status || !strings.Contains(body, test.want) {
				t.Errorf("status %d, want %d; answer %.200q, want %q in it", status, test.status, body, test.want)
			}
			if test.want != "" && !strings.Contains(body, `"type":"about:blank"`) {
				t.Errorf("no problem: %.200q", body)
			}
		})
	}
	t.Cleanup(func() {
		stillFine(t, address)
		stillFine(t, hastily)
		for _, body := range []*endless{gigabyte, streamed} {
			body.mu.Lock()
			if taken := 1<<30 - body.left; taken > 64<<20 {
				t.Errorf("the server took %d MB of a body that is too large", taken>>20)
			}
			body.mu.Unlock()
		}
		if s.admission.bytes.Load() != 0 || s.admission.tokens.Load() != 0 {
			t.Errorf("%d bytes and %d tokens are still held", s.admission.bytes.Load(), s.admission.tokens.Load())
		}
	})
}

// TestHangUp: a client that hangs up while its texts wait takes them along.
func TestHangUp(t *testing.T) {
	s := newServer(t, nil)
	address := s.listen()
	g := s.hold()
	var group sync.WaitGroup
	group.Go(func() { stillFine(t, address) })
	<-g.entered
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"texts": ["a", "a", "a"]}`
	if _, err := fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body); err != nil {
		t.Fatal(err)
	}
	wait(t, "three texts in the queue", func() bool { n, _ := s.waiting(); return n == 3 })
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	wait(t, "an empty queue", func() bool { n, _ := s.waiting(); return n == 0 })
	g.open()
	group.Wait()
	if len(g.entered) != 0 {
		t.Errorf("the model read %d texts of who had hung up", len(<-g.entered))
	}
}

// TestDrain: what was accepted before the end is answered.
func TestDrain(t *testing.T) {
	s := newServer(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	wait(t, "ready", func() bool { return s.ready() == nil })
	g := s.hold()
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() { stillFine(t, l.Addr().String()) })
	}
	<-g.entered
	wait(t, "ten accepted", func() bool { return s.metrics.inFlight.Load() == 10 })
	stop()
	wait(t, "the end begins", func() bool { return s.draining.Load() })
	g.open()
	group.Wait()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the port still answers")
	}
	if s.loaded() {
		t.Error("the model wasn't freed")
	}
}

// TestModelMissing: without a model the server ends, with an error.
func TestModelMissing(t *testing.T) {
	s := newServer(t, nil)
	s.Open = func() (*Model, error) { return nil, io.ErrUnexpectedEOF }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context(), l); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}
