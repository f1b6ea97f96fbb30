package serve

import (
	"io"
	"sync/atomic"
)

// admission bounds what all requests in progress hold together, so that memory
// does not grow with the number of clients.
type admission struct {
	maxBytes, maxTokens int64
	bytes, tokens       atomic.Int64
}

// ticket is one request's share.
type ticket struct {
	of            *admission
	bytes, tokens int64
}

// takeTokens reports whether there was room for n more tokens.
func (t *ticket) takeTokens(n int) bool {
	if t.of.tokens.Add(int64(n)) > t.of.maxTokens {
		t.of.tokens.Add(int64(-n))
		return false
	}
	t.tokens += int64(n)
	return true
}

// giveBack frees the share.
func (t *ticket) giveBack() {
	t.of.bytes.Add(-t.bytes)
	t.of.tokens.Add(-t.tokens)
	t.bytes, t.tokens = 0, 0
}

// body returns r with its bytes charged to the share as they arrive. Reads fail
// with errFull when all requests together hold too many.
func (t *ticket) body(r io.Reader) io.Reader { return &metered{r, t} }

type metered struct {
	r io.Reader
	t *ticket
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.t.bytes += int64(n)
	if m.t.of.bytes.Add(int64(n)) > m.t.of.maxBytes {
		return 0, errFull
	}
	return n, err
}
