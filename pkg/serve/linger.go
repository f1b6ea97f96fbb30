package serve

import (
	"io"
	"net/http"
	"time"
)

// Limits for reading the rest of an unwanted body after the answer. A connection
// that is closed with unread bytes is reset, and the client loses the answer (RFC
// 9112, 9.6).
const (
	lingerBodies  = 4                // times the limit of a body…
	lingerLeast   = 1 << 20          // …and at least this many bytes,
	lingerSilence = 5 * time.Second  // unless nothing arrives for this long,
	lingerMost    = 30 * time.Second // or this time is over
)

// netHTTPReads is how much of a body net/http itself reads before it answers, so
// that the connection can be reused.
const netHTTPReads = 256 << 10

// upload is a request's body; it records whether it has been read to its end.
type upload struct {
	io.ReadCloser
	request *http.Request
	ended   bool
}

// watched returns r with an upload as its body. It doesn't change r, which
// net/http uses afterwards.
func watched(r *http.Request) (*http.Request, *upload) {
	u := &upload{ReadCloser: r.Body, request: r}
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		u.ended = true
		return r, u
	}
	seen := *r
	seen.Body = u
	return &seen, u
}

// Read implements [io.Reader].
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if err != nil { // after any error, nothing follows
		u.ended = true
	}
	return n, err
}

// lingers reports whether the connection must be closed after the answer, with
// the rest of the body read first. HTTP/2 doesn't need this; if little is left
// and the connection stays open, net/http does it.
func (u *upload) lingers(last bool) bool {
	r := u.request
	switch {
	case u.ended || r.ProtoMajor != 1:
		return false
	case last || r.Close || !r.ProtoAtLeast(1, 1) || r.Header.Get("Expect") != "":
		return true
	}
	return r.ContentLength < 0 || r.ContentLength >= netHTTPReads
}

// linger sends the answer and keeps reading until the client has sent everything,
// hangs up, is too slow, or sends too much.
func (s *Server) linger(w http.ResponseWriter, u *upload) {
	control := http.NewResponseController(w)
	if control.Flush() != nil {
		return // there is no connection
	}
	end := time.Now().Add(min(lingerMost, s.ReadTimeout))
	left := max(lingerBodies*s.Limits.Body, lingerLeast)
	block := make([]byte, 8<<10)
	for left > 0 {
		now := time.Now()
		until := now.Add(lingerSilence)
		if until.After(end) {
			until = end
		}
		if !now.Before(end) || control.SetReadDeadline(until) != nil {
			return
		}
		n, err := u.Read(block)
		if left -= int64(n); err != nil {
			return
		}
	}
}
