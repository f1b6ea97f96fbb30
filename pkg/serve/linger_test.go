package serve

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestRefusedBody: a client that sends all of its body before it reads has the
// answer, whatever it is refused for, and sees the connection's proper end.
func TestRefusedBody(t *testing.T) {
	limit := func(c *Config) { c.Limits.Body = 1 << 20 }
	open := newServer(t, limit)
	full := newServer(t, func(c *Config) { limit(c); c.QueueBytes = 1 })
	keyed := newServer(t, func(c *Config) { limit(c); c.Keys = mustKeys(t, "nairobi "+goodKey) })
	openly, fully, keyedly := open.listen(), full.listen(), keyed.listen()
	const predict, asJSON = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\n", "Content-Type: application/json\r\n"
	for name, test := range map[string]struct {
		to, head string
		status   int // of a body that isn't too large
		large    int // of one that is; 0: the same
	}{
		"too large":        {openly, predict + asJSON, 400, 413},
		"full":             {fully, predict + asJSON, 429, 413},
		"no key":           {keyedly, predict + asJSON, 401, 0},
		"another origin":   {openly, predict + asJSON + "Origin: https://evil.example.org\r\n", 403, 0},
		"another host":     {openly, "POST /v1/predict HTTP/1.1\r\nHost: evil.example.org\r\n" + asJSON, 421, 0},
		"no JSON":          {openly, predict, 415, 0},
		"brotli":           {openly, predict + asJSON + "Content-Encoding: br\r\n", 415, 0},
		"no such path":     {openly, "POST /none HTTP/1.1\r\nHost: localhost\r\n", 404, 0},
		"no such method":   {openly, "PUT /v1/predict HTTP/1.1\r\nHost: localhost\r\n", 405, 0},
		"nobody wants it":  {openly, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n", 200, 0},
		"not waiting":      {openly, "POST /none HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n", 404, 0},
		"an older version": {openly, "POST /none HTTP/1.0\r\nHost: localhost\r\n", 404, 0},
	} {
		for _, size := range []int{1000, 200_000, 900_000, 3 << 20} {
			for _, closing := range []string{"", "Connection: close\r\n"} {
				for _, length := range []string{fmt.Sprintf("Content-Length: %d\r\n\r\n", size), fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", size)} {
					chunked := strings.Contains(length, "chunked")
					if chunked && strings.Contains(test.head, "HTTP/1.0") {
						continue // it has no such thing
					}
					want := test.status
					if size > 1<<20 && test.large != 0 {
						want = test.large
						if chunked && test.status == http.StatusTooManyRequests {
							want = test.status // the size isn't known before
						}
					}
					c := dial(t, test.to)
					what := fmt.Sprintf("%s, %d bytes, %q, %t", name, size, closing, chunked)
					c.send(test.head + closing + length + strings.Repeat("x", size))
					if chunked {
						c.send("\r\n0\r\n\r\n")
					}
					status, last := c.answer()
					if status != want || closing != "" && !last {
						t.Errorf("%s: status %d, want %d; last %t", what, status, want, last)
					}
					if !last {
						c.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
						if status, _ := c.answer(); status != http.StatusOK {
							t.Errorf("%s: the next request has status %d", what, status)
						}
					}
					if _, err := c.r.ReadByte(); !errors.Is(err, io.EOF) {
						t.Errorf("%s: the connection ends with %v", what, err)
					}
					_ = c.Close()
				}
			}
		}
	}
}

// TestLingerEnds: who was refused and sends no more, or without an end, is not
// waited for longer than a request may take, nor are more than some bytes read.
func TestLingerEnds(t *testing.T) {
	s := newServer(t, func(c *Config) { c.Limits.Body, c.ReadTimeout = 1<<20, 2*time.Second })
	address := s.listen()
	for name, rest := range map[string]io.Reader{"silent": strings.NewReader("x"), "without an end": &endless{left: 1 << 40}} {
		c := dial(t, address)
		c.send(head + "Content-Length: 1099511627776\r\n\r\n")
		if status, last := c.answer(); status != http.StatusRequestEntityTooLarge || !last {
			t.Errorf("%s: status %d, last %t", name, status, last)
		}
		sent, _ := io.Copy(c, rest) // until the server hangs up
		if sent > 64<<20 {
			t.Errorf("%s: the server took %d MB", name, sent>>20)
		}
		_, _ = c.r.ReadByte() // returns when the connection has ended
	}
	wait(t, "no requests", func() bool { return s.metrics.inFlight.Load() == 0 })
}

// TestDrainLingers: at the server's end too, a body on its way that was refused
// is read on, so that nothing is reset.
func TestDrainLingers(t *testing.T) {
	s := newServer(t, func(c *Config) { c.Limits.Body = 1 << 20 })
	address, stop, ended := s.serving()
	c := dial(t, address)
	c.send(fmt.Sprintf("%sContent-Length: %d\r\n\r\n", head, 2<<20))
	if status, last := c.answer(); status != http.StatusRequestEntityTooLarge || !last {
		t.Errorf("status %d, last %t", status, last)
	}
	stop()
	wait(t, "the end begins", s.closing.Load)
	c.send(strings.Repeat("x", 2<<20))
	if _, err := c.r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the connection ends with %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
