package serve

import (
	"net/http"
	"testing"
	"time"
)

// TestPace: batches count by their size, and the last ones most.
func TestPace(t *testing.T) {
	var p pace
	if d := p.delay(1000); d != 0 {
		t.Errorf("before anything was read: %v", d)
	}
	p.add(1000, time.Second)
	if d := p.delay(5000); d != 5*time.Second {
		t.Errorf("1000 tokens a second: %v for 5000", d)
	}
	p.add(1, 100*time.Millisecond) // a small batch is slow for its size
	if d := p.delay(1000); d < time.Second || d > 1200*time.Millisecond {
		t.Errorf("after a small batch: %v for 1000", d)
	}
	for range 100 {
		p.add(4000, time.Second)
	}
	if d := p.delay(4000).Round(time.Millisecond); d != time.Second {
		t.Errorf("after the machine became faster: %v for 4000", d)
	}
}

// TestRetryAfter: the client is told to come when there will be room, at the
// pace that was measured.
func TestRetryAfter(t *testing.T) {
	s := newReadyServer(t, func(c *Config) { c.QueueTokens, c.QueueBytes = 1000, 10_000 })
	s.density.bytes, s.density.read = 100, 10
	for _, test := range []struct {
		held, more int
		bytes      int64 // whose tokens may not have been counted
		want       string
	}{
		{900, 200, 0, "10"},   // 100 tokens too many, at 10 a second
		{900, 101, 0, "1"},    // one
		{1000, 600, 0, "60"},  // 600
		{900, 0, 0, "90"},     // too many bytes: after all that is held
		{500, 100, 0, "50"},   // there is room again
		{0, 0, 2000, "20"},    // too many bytes, of which nothing is counted yet: a token for 10 bytes
		{100, 0, 5000, "50"},  // some of it is
		{0, 0, 90_000, "100"}, // more than there is room for will be refused
		{1000, 10_000, 0, "600"},
	} {
		s.current.batcher.forget()
		s.current.batcher.mu.Lock()
		s.current.batcher.pace.add(1000, 100*time.Second)
		s.current.batcher.mu.Unlock()
		s.admission.tokens.Store(int64(test.held))
		s.admission.bytes.Store(test.bytes)
		err := s.full(test.more)
		p := toProblem(err)
		if p.Status != http.StatusTooManyRequests {
			t.Fatal(err)
		}
		w := &looker{header: http.Header{}}
		writeProblem(w, p, "id")
		if got := w.header.Get("Retry-After"); got != test.want {
			t.Errorf("%d held, %d more: Retry-After %s, want %s", test.held, test.more, got, test.want)
		}
	}
	s.admission.tokens.Store(0)
	s.admission.bytes.Store(0)
}

// TestDensity: before anything is known, bytes are those of English; then they
// are what the last requests had.
func TestDensity(t *testing.T) {
	var d density
	if n := d.tokens(1000); n != 250 {
		t.Errorf("nothing measured: %d tokens in 1000 bytes", n)
	}
	for range 100 {
		d.add(1000, 1)
	}
	for range 100 {
		d.add(100, 10)
	}
	if n := d.tokens(1000); n < 95 || n > 100 {
		t.Errorf("%d tokens in 1000 bytes", n)
	}
}
