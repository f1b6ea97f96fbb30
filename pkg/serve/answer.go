package serve

import (
	"bytes"
	"compress/gzip"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// answerWriter writes a response. It counts the bytes written, compresses large
// responses for clients that accept gzip, and holds back the plain text that
// other handlers write with an error, in place of which [audited] sends a
// problem.
type answerWriter struct {
	http.ResponseWriter
	request *http.Request
	pool    *sync.Pool   // of *gzip.Writer
	last    *atomic.Bool // the connection is closed after the answer
	upload  *upload
	lingers bool // the rest of the body is read after the answer

	status  int // 0: nothing has been written
	bytes   int // sent
	plain   bool
	zip     *gzip.Writer
	zipped  bytes.Buffer
	flushed bool // the header has been sent
}

// minZipped is the smallest answer that is compressed, in bytes: less fits into
// one packet anyway.
const minZipped = 1400

func (a *answerWriter) WriteHeader(status int) {
	h := a.Header()
	last := a.last.Load()
	a.lingers = a.upload.lingers(last)
	if last || a.lingers {
		h.Set("Connection", "close")
	}
	switch {
	case status < 200:
		a.ResponseWriter.WriteHeader(status)
	case a.status != 0:
	case status >= 400 && h.Get("Content-Type") != problemType:
		a.status, a.plain = status, true
	default:
		a.status = status
		if a.worthZipping() {
			a.zip = a.pool.Get().(*gzip.Writer)
			a.zip.Reset(&a.zipped)
			return
		}
		a.flushed = true
		a.ResponseWriter.WriteHeader(status)
	}
}

// worthZipping reports whether to compress an answer, and tells caches that it
// depends on the request's Accept-Encoding.
func (a *answerWriter) worthZipping() bool {
	h := a.Header()
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	text := strings.HasPrefix(kind, "text/") || kind == "application/json" || kind == "image/svg+xml"
	if !text || a.status != http.StatusOK || h.Get("Content-Encoding") != "" {
		return false
	}
	h.Add("Vary", "Accept-Encoding")
	if n, err := strconv.Atoi(h.Get("Content-Length")); err == nil && n < minZipped {
		return false
	}
	return a.request.Method != http.MethodHead && acceptsGzip(a.request.Header)
}

func (a *answerWriter) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	switch {
	case a.plain:
		return len(p), nil
	case a.zip != nil:
		return a.zip.Write(p)
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += n
	return n, err
}

// drop discards unsent output and reports whether another answer can still be
// written.
func (a *answerWriter) drop() bool {
	if a.flushed {
		return false
	}
	a.release()
	a.status, a.plain = 0, false
	a.zipped.Reset()
	h := a.Header()
	for _, name := range []string{"Content-Length", "Content-Range", "Accept-Ranges", "Etag", "Last-Modified"} {
		h.Del(name)
	}
	return true
}

// finish sends the compressed output at once, so that the compressor's memory
// isn't held for a slow client.
func (a *answerWriter) finish() {
	if a.zip == nil {
		return
	}
	err := a.zip.Close() // to a buffer
	a.release()
	if err != nil {
		return
	}
	h := a.Header()
	h.Set("Content-Encoding", "gzip")
	h.Set("Content-Length", strconv.Itoa(a.zipped.Len()))
	h.Del("Accept-Ranges")
	if etag := h.Get("Etag"); strings.HasPrefix(etag, `"`) {
		h.Set("Etag", "W/"+etag) // same content, different bytes
	}
	a.flushed = true
	a.ResponseWriter.WriteHeader(a.status)
	n, _ := a.ResponseWriter.Write(a.zipped.Bytes()) // the client may have left
	a.bytes += n
}

func (a *answerWriter) release() {
	if a.zip != nil {
		a.zip.Reset(nil)
		a.pool.Put(a.zip)
		a.zip = nil
	}
}

// Unwrap is for [http.ResponseController].
func (a *answerWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// newZipper returns a compressor with fast, light compression.
func newZipper() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil { // the level is valid
		return gzip.NewWriter(nil)
	}
	return z
}

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3).
func acceptsGzip(h http.Header) (accepted bool) {
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(part, ";")
		wanted := true
		if _, q, found := strings.Cut(strings.ToLower(weight), "q="); found {
			value, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			wanted = err == nil && value > 0
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return wanted
		case "*":
			accepted = wanted
		}
	}
	return accepted
}
