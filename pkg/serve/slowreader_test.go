package serve

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// stuck is the connection of a client that doesn't read until it is let.
type stuck struct {
	looker
	writing chan<- struct{} // holds a value when the answer waits for the client
	read    <-chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	s.writing <- struct{}{}
	<-s.read
	return len(p), nil
}

// TestSlowReaders: a request counts as long as its answer hasn't been taken,
// compressed or not.
func TestSlowReaders(t *testing.T) {
	body := `{"texts": ["` + strings.Repeat("my son ", 20) + `"], "scores": true}`
	for _, accept := range []string{"gzip", "identity"} {
		s := newReadyServer(t, func(c *Config) { c.QueueBytes = int64(len(body)) + 100 })
		writing, read := make(chan struct{}, 100), make(chan struct{})
		slow := &stuck{looker{header: http.Header{}}, writing, read}
		var group sync.WaitGroup
		group.Go(func() {
			r := httptest.NewRequest(http.MethodPost, "/v1/predict", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept-Encoding", accept)
			s.Handler().ServeHTTP(slow, r)
		})
		<-writing
		if n := s.admission.bytes.Load(); n != int64(len(body)) || s.admission.tokens.Load() == 0 {
			t.Errorf("%s: %d bytes and %d tokens are held while the client doesn't read", accept, n, s.admission.tokens.Load())
		}
		if got := s.predict(body); got.code != http.StatusTooManyRequests {
			t.Errorf("%s: another request has code %d", accept, got.code)
		}
		close(read)
		group.Wait()
		if slow.status != http.StatusOK || (slow.header.Get("Content-Encoding") == "gzip") != (accept == "gzip") {
			t.Errorf("%s: status %d, Content-Encoding %q", accept, slow.status, slow.header.Get("Content-Encoding"))
		}
		if s.admission.bytes.Load() != 0 || s.admission.tokens.Load() != 0 {
			t.Errorf("%s: %d bytes and %d tokens are still held", accept, s.admission.bytes.Load(), s.admission.tokens.Load())
		}
		if got := s.predict(body); got.code != http.StatusOK {
			t.Errorf("%s: afterwards: code %d", accept, got.code)
		}
	}
}
