package serve

import (
	"io"
	"net/http"
	"time"
)

// How much of a body that nobody wants is read after the answer, so that the
// client gets to read that: a connection which is closed while bytes wait in it
// is reset, and the answer is lost with it (RFC 9112, 9.6).
const (
	lingerBodies  = 4                // times what a body may have…
	lingerLeast   = 1 << 20          // …and at least so many bytes,
	lingerSilence = 5 * time.Second  // unless nothing comes for so long,
	lingerMost    = 30 * time.Second // or this is over
)

// netHTTPReads is how much of a body net/http itself reads before it answers,
// so that the connection can be used again.
const netHTTPReads = 256 << 10

// upload is a request's body, which notes whether it has been read to its end.
type upload struct {
	io.ReadCloser
	request *http.Request
	ended   bool
}

// watched is r with an upload for a body. It leaves r as it is, as net/http
// looks at it afterwards.
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
	if err != nil { // whatever it is, nothing follows
		u.ended = true
	}
	return n, err
}

// lingers reports whether the connection has to end with the answer, after
// which the rest of the body is read. HTTP/2 needs none of it; and where little
// is left, and the connection stays, net/http does it.
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

// linger sends the answer and reads on, until the client has sent all, or hangs
// up, or is too slow, or has too much to send.
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
