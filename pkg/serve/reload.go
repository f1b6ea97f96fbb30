package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ErrReloading says that the model is being loaded already.
var ErrReloading = errors.New("the model is being loaded already")

// Reload loads the model anew, warms it up, and lets it take over: requests that
// the earlier one has begun are answered by that, which is freed after the last
// of them. After an error everything stays as it was. It returns the new
// model's hash.
func (s *Server) Reload(ctx context.Context) (hash string, err error) {
	if !s.reloading.TryLock() {
		return "", ErrReloading
	}
	defer s.reloading.Unlock()
	begun := time.Now()
	defer func() {
		s.metrics.reloaded(err)
		if err != nil {
			s.Log.Error("reload", "error", err.Error(), "seconds", time.Since(begun).Seconds())
			return
		}
		s.Log.Info("reload", "model", hash, "seconds", time.Since(begun).Seconds())
	}()
	m, err := s.Open()
	if err != nil {
		return "", err
	}
	if m.Warning != "" {
		s.Log.Warn("reload", "warning", m.Warning)
	}
	next := s.generation(m)
	if err := next.warmUp(ctx); err != nil {
		next.retire()
		return "", err
	}
	s.swap(next)
	return m.Hash, nil
}

// swap makes next, nil for none, the generation that new requests get.
func (s *Server) swap(next *generation) {
	s.mu.Lock()
	old := s.current
	s.current = next
	s.mu.Unlock()
	if old != nil {
		s.retiring.Go(old.retire)
	}
}

// acquire returns the current generation for one request, which calls release.
// It is nil before the first is ready.
func (s *Server) acquire() (g *generation, release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return nil, func() {}
	}
	s.current.users.Add(1)
	return s.current, s.current.users.Done
}

// reloadAnswer is what POST /admin/reload returns.
type reloadAnswer struct {
	Model string `json:"model" doc:"SHA-256 of the model that answers now."`
}

func (s *Server) handleReload(w http.ResponseWriter, r *http.Request, rec *record) error {
	if len(s.keys()) == 0 && !fromLoopback(r) {
		return problemf(http.StatusForbidden, "", "without keys, only this machine may reload; start the server with --keys")
	}
	hash, err := s.Reload(context.WithoutCancel(r.Context())) // a client that leaves doesn't stop it half way
	switch {
	case errors.Is(err, ErrReloading):
		return problemf(http.StatusConflict, "", "%v", err)
	case err != nil:
		return problemf(http.StatusInternalServerError, "", "the earlier model stays: %v", err)
	}
	rec.model = hash
	return writeJSON(w, reloadAnswer{hash})
}

// ready reports why the server takes no requests.
func (s *Server) ready() error {
	switch {
	case s.draining.Load():
		return later(http.StatusServiceUnavailable, 5*time.Second, "the server is shutting down")
	case !s.loaded():
		return later(http.StatusServiceUnavailable, 2*time.Second, "the model is being loaded")
	}
	return nil
}

func (s *Server) loaded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current != nil
}

// panicError tells no more of a panic than what cannot hold a text.
func panicError(p any) error {
	if err, ok := p.(interface{ RuntimeError() }); ok {
		return fmt.Errorf("a bug: %v", err)
	}
	return fmt.Errorf("a bug: panic of a %T", p)
}
