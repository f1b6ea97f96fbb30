package serve

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// requestIDHeader gives a client the id of its request in the log. The server
// always generates it: a client's own id could be a person's name.
const requestIDHeader = "X-Request-Id"

// record is a request's audit line, and its share of what all requests hold
// together. It has sizes and times, and no text.
type record struct {
	id        string
	status    int // 0: what was written
	key       string
	model     string
	texts     int
	tokens    int
	truncated int
	review    string // the id of one that was kept
	bytesIn   int
	share     ticket // held until the answer has been written
	stages    stages
}

// stages is the time that a request spent in each stage.
type stages struct {
	decode, tokenize time.Duration
	times            // queue and model
	encode           time.Duration
}

// audited handles a route's requests: it requires a key if needed, turns errors
// and panics into problems, counts, and writes the audit line.
func (s *Server) audited(rt route) http.Handler {
	return http.HandlerFunc(func(inner http.ResponseWriter, r *http.Request) {
		r, upload := watched(r)
		begun := time.Now()
		w := &answerWriter{ResponseWriter: inner, request: r, pool: &s.zippers, last: &s.closing, upload: upload}
		rec := &record{id: rand.Text(), share: ticket{of: s.admission}}
		defer rec.share.giveBack()
		w.Header().Set(requestIDHeader, rec.id)
		s.metrics.inFlight.Add(1)
		defer s.metrics.inFlight.Add(-1)
		err := s.answer(w, r, rt, rec)
		if err == nil && w.plain {
			err = plainProblem(w.status)
		}
		if err != nil {
			p := toProblem(err)
			if p.Status == http.StatusInternalServerError {
				s.Log.Error("request", "id", rec.id, "error", p.reason(err))
			}
			if w.drop() {
				rec.share.giveBack() // a problem is small
				writeProblem(w, p, rec.id)
			}
		}
		w.finish()
		rec.share.giveBack()
		if rec.status == 0 {
			rec.status = w.status
		}
		took := time.Since(begun)
		s.metrics.answered(rt.path, rec, took)
		s.audit(r, rt, rec, w.bytes, took)
		if w.lingers {
			s.linger(inner, upload)
		}
	})
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, rt route, rec *record) (err error) {
	defer func() {
		switch p := recover(); {
		case p == nil:
		case p == any(http.ErrAbortHandler):
			panic(p)
		default:
			s.Log.Error("panic", "id", rec.id, "stack", string(debug.Stack())) // contains addresses, no values
			err = panicError(p)
		}
	}()
	if err := s.admit(w, r, rt.access, rec); err != nil {
		return err
	}
	return rt.handle(w, r, rec)
}

// audit writes a request's line.
func (s *Server) audit(r *http.Request, rt route, rec *record, bytesOut int, took time.Duration) {
	level := slog.LevelInfo
	if rt.quiet {
		level = slog.LevelDebug
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	attrs := []slog.Attr{
		slog.String("id", rec.id), slog.String("method", methodOf(r)), slog.String("path", rt.path), // not what the client wrote
		slog.Int("status", rec.status), slog.String("from", host), slog.Int("bytes_in", rec.bytesIn), slog.Int("bytes_out", bytesOut),
		millis("total_ms", took),
	}
	if rec.key != "" {
		attrs = append(attrs, slog.String("key", rec.key))
	}
	if rec.model != "" {
		attrs = append(attrs, slog.String("model", rec.model))
	}
	if rec.review != "" {
		attrs = append(attrs, slog.String("review", rec.review))
	}
	if rec.texts > 0 {
		attrs = append(attrs, slog.Int("texts", rec.texts), slog.Int("tokens", rec.tokens), slog.Int("truncated", rec.truncated),
			millis("decode_ms", rec.stages.decode), millis("tokenize_ms", rec.stages.tokenize), millis("queue_ms", rec.stages.queue),
			millis("model_ms", rec.stages.model), millis("encode_ms", rec.stages.encode))
	}
	s.Log.LogAttrs(context.WithoutCancel(r.Context()), level, "request", attrs...)
}

// methodOf returns a request's method, unless it isn't a standard one.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

func millis(name string, d time.Duration) slog.Attr {
	return slog.Float64(name, float64(d.Microseconds())/1000)
}
