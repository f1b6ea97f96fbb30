package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/internal/torchx"
)

// TestNotReady: before there is a model, and after the end has begun.
func TestNotReady(t *testing.T) {
	s := newServer(t, nil)
	for _, path := range []string{"/readyz", "/v1/predict"} {
		method, body := "GET", ""
		if path == "/v1/predict" {
			method, body = "POST", `{"texts": ["`+secret+`"]}`
		}
		got := s.do(t.Context(), method, path, body)
		if status, _, detail := got.problem(t); status != http.StatusServiceUnavailable || detail != "the model is being loaded" || got.header.Get("Retry-After") != "2" {
			t.Errorf("%s: got %d, %q, Retry-After %q", path, status, detail, got.header.Get("Retry-After"))
		}
	}
	if got := s.do(t.Context(), "GET", "/healthz", ""); got.code != http.StatusOK {
		t.Errorf("/healthz: code %d", got.code)
	}
	if _, err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.do(t.Context(), "GET", "/readyz", ""); got.code != http.StatusOK || !strings.Contains(got.body, s.current.Hash) || !strings.Contains(got.body, fmt.Sprintf(`"max_length":%d`, s.current.Predictor.MaxLength())) {
		t.Errorf("/readyz: code %d, %s", got.code, got.body)
	}
	s.draining.Store(true)
	if got := s.do(t.Context(), "GET", "/readyz", ""); got.code != http.StatusServiceUnavailable {
		t.Errorf("/readyz at the end: code %d", got.code)
	}
	if got := s.predict(`{"texts": ["a"]}`); got.code != http.StatusOK {
		t.Errorf("a request that was accepted at the end: code %d", got.code)
	}
}

// TestReloadUnderLoad: models take turns while many ask. Every answer is a
// success, and the one that the model which it names would give.
func TestReloadUnderLoad(t *testing.T) {
	s := newServer(t, nil)
	dirs := []string{s.dir, tinymodel.Dir(t, 2)}
	var turn, dropped atomic.Int64
	s.Open = func() (*Model, error) {
		m, err := OpenModel(dirs[turn.Add(1)%2], gotch.CPU, torchx.FP32)
		if err == nil {
			drop := m.Drop
			m.Drop = func() { dropped.Add(1); drop() }
		}
		return m, err
	}
	const body = `{"texts": ["my son was beaten in Kisumu .", "Hello ?"], "scores": true}`
	expected := map[string]any{}
	for range 2 {
		if _, err := s.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		expected[s.current.Hash] = predictions(t, s.predict(body))
	}
	if len(expected) != 2 {
		t.Fatal("two models have one hash")
	}
	stop := make(chan struct{})
	var group sync.WaitGroup
	var answers [2]atomic.Int64
	for range 8 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got := s.predict(body)
				var answer struct {
					Model       string
					Predictions any
				}
				if got.code != http.StatusOK || json.Unmarshal([]byte(got.body), &answer) != nil {
					t.Errorf("code %d", got.code)
					return
				}
				if want, known := expected[answer.Model]; !known || !goldentest.AlikeJSON(answer.Predictions, want) {
					t.Error("an answer isn't that of the model that it names")
					return
				}
				answers[turn.Load()%2].Add(1)
			}
		})
	}
	const reloads = 8
	for range reloads {
		before := answers[0].Load() + answers[1].Load()
		if got := s.do(t.Context(), "POST", "/admin/reload", ""); got.code != http.StatusForbidden {
			t.Errorf("reload from another machine without keys: code %d", got.code)
		}
		if _, err := s.Reload(t.Context()); err != nil {
			t.Error(err)
		}
		wait(t, "answers from the new model", func() bool { return answers[0].Load()+answers[1].Load() > before+20 || t.Failed() })
	}
	close(stop)
	group.Wait()
	s.retiring.Wait()
	if dropped.Load() != reloads+1 {
		t.Errorf("%d models were freed, want all %d earlier ones", dropped.Load(), reloads+1)
	}
}

func predictions(t *testing.T, r reply) any {
	t.Helper()
	var answer struct{ Predictions any }
	if err := json.Unmarshal([]byte(r.body), &answer); err != nil || r.code != http.StatusOK {
		t.Fatalf("code %d: %v", r.code, err)
	}
	return answer.Predictions
}

// TestReloadFails: when the directory has vanished, or is no model any more,
// the earlier one stays.
func TestReloadFails(t *testing.T) {
	s := newReadyServer(t, nil)
	hash := s.current.Hash
	moved := s.dir + ".moved"
	stays := func(after string) {
		t.Helper()
		if _, err := s.Reload(t.Context()); err == nil {
			t.Errorf("%s: no error", after)
		}
		if got := s.predict(`{"texts": ["a"]}`); got.code != http.StatusOK || !strings.Contains(got.body, hash) {
			t.Errorf("%s: code %d", after, got.code)
		}
	}
	if err := os.Rename(s.dir, moved); err != nil {
		t.Fatal(err)
	}
	stays("vanished")
	if err := os.Mkdir(s.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	stays("empty")
	if err := os.Remove(s.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(moved, s.dir); err != nil {
		t.Fatal(err)
	}
	if again, err := s.Reload(t.Context()); err != nil || again != hash {
		t.Errorf("back again: %v, hash %s, want %s", err, again, hash)
	}
}

// TestOneReload: two at a time are one too many.
func TestOneReload(t *testing.T) {
	s := newReadyServer(t, nil)
	loading, goOn := make(chan struct{}), make(chan struct{})
	open := s.Open
	s.Open = func() (*Model, error) {
		close(loading)
		<-goOn
		return open()
	}
	first := make(chan error)
	go func() {
		_, err := s.Reload(t.Context())
		first <- err
	}()
	<-loading
	if _, err := s.Reload(t.Context()); !errors.Is(err, ErrReloading) {
		t.Errorf("got %v", err)
	}
	close(goOn)
	if err := <-first; err != nil {
		t.Error(err)
	}
}
