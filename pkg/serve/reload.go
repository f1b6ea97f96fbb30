package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ErrReloading means that the model is being loaded already.
var ErrReloading = errors.New("the model is being loaded already")

// Reload rereads keys and certificate, loads the model, warms it up and switches
// to it. Requests already started are answered by the old model, which is freed
// after the last of them. What can't be read stays unchanged. It returns the new
// model's hash, also if the error is only about keys or certificate.
func (s *Server) Reload(ctx context.Context) (hash string, err error) {
	if !s.reloading.TryLock() {
		return "", ErrReloading
	}
	defer s.reloading.Unlock()
	before := s.renew()
	hash, err = s.load(ctx)
	return hash, errors.Join(before, err)
}

// begin loads the first model.
func (s *Server) begin(ctx context.Context) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	_, err := s.load(ctx)
	return err
}

// renew rereads keys and certificate.
func (s *Server) renew() error {
	var wrong []error
	if s.ReadKeys != nil {
		keys, err := s.ReadKeys()
		if err != nil {
			s.Log.Error("the earlier keys stay", "error", err.Error())
			wrong = append(wrong, err)
		} else {
			s.SetKeys(keys)
		}
	}
	if s.ReadCertificate != nil {
		if err := s.ReadCertificate(); err != nil {
			s.Log.Error("the earlier certificate stays", "error", err.Error())
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

// load loads the model. After an error the old one stays.
func (s *Server) load(ctx context.Context) (hash string, err error) {
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

// swap makes next (nil for none) the generation for new requests.
func (s *Server) swap(next *generation) {
	s.mu.Lock()
	old := s.current
	s.current = next
	s.mu.Unlock()
	if old != nil {
		s.retiring.Go(old.retire)
	}
}

// acquire returns the current generation for one request, which must call
// release. It is nil before the first is ready.
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
	hash, err := s.Reload(context.WithoutCancel(r.Context())) // a client that leaves doesn't interrupt it
	switch {
	case errors.Is(err, ErrReloading):
		return problemf(http.StatusConflict, "", "%v", err)
	case err != nil:
		stays := "the earlier model stays"
		if hash != "" {
			stays = "the model was loaded, but the earlier keys or certificate stay"
		}
		p := problemf(http.StatusInternalServerError, "", "%s; the server's log says why, under the request's id", stays)
		p.cause = fmt.Errorf("reload: %w", err) // it contains file names
		return p
	}
	rec.model = hash
	return writeJSON(w, reloadAnswer{hash})
}

// ready returns why the server doesn't accept requests, or nil.
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

// panicError returns an error for a panic without anything that could contain
// text of a call.
func panicError(p any) error {
	if err, ok := p.(interface{ RuntimeError() }); ok {
		return fmt.Errorf("a bug: %v", err)
	}
	return fmt.Errorf("a bug: panic of a %T", p)
}
