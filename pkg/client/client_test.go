package client_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/client"
	"github.com/trident-nlp/trident/pkg/serve"
)

// server serves a tiny model, and keeps the last answer.
func server(t *testing.T) (address string, last *bytes.Buffer) {
	t.Helper()
	c := serve.Defaults()
	dir := tinymodel.Dir(t, 1)
	c.Log = slog.New(slog.DiscardHandler)
	c.Open = func() (*serve.Model, error) { return serve.OpenModel(dir, gotch.CPU, torchx.FP32) }
	s, err := serve.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	last = &bytes.Buffer{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last.Reset()
		s.Handler().ServeHTTP(tee{w, last}, r)
	}))
	t.Cleanup(web.Close)
	return web.URL, last
}

type tee struct {
	http.ResponseWriter
	also io.Writer
}

func (t tee) Write(p []byte) (int, error) {
	_, _ = t.also.Write(p) // a buffer
	return t.ResponseWriter.Write(p)
}

func newClient(t *testing.T, address string, o client.Options) *client.Client {
	t.Helper()
	c, err := client.New(address, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestAgainstServer: the client's types hold all that a server answers.
func TestAgainstServer(t *testing.T) {
	address, last := server(t)
	c := newClient(t, address+"/", client.Options{})
	if err := c.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	model, err := c.Reload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"Hello, my name is Mwakamba from Kisumu.", strings.Repeat("my son ", 40)}
	got, err := c.Predict(t.Context(), client.Request{Texts: texts, Scores: true, Attention: true, QAThreshold: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	if got.Model != model || !got.Predictions[1].Truncated || len(got.Predictions[0].NER) != 9 {
		t.Errorf("model %s, want %s; %d words", got.Model, model, len(got.Predictions[0].NER))
	}
	data, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(last)
	if err != nil {
		t.Fatalf("the answer isn't compressed: %v", err)
	}
	answer, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if mine, theirs := value(t, data), value(t, answer); !reflect.DeepEqual(mine, theirs) {
		t.Error("the client's types lose something of the server's answer")
	}
}

// TestGzip: large requests are compressed if that is wanted, and answered alike.
func TestGzip(t *testing.T) {
	address, _ := server(t)
	var coding atomic.Value
	over := &http.Client{Transport: watched{http.DefaultTransport, &coding}}
	for _, test := range []struct {
		gzip bool
		text string
		want string
	}{{false, strings.Repeat("my son ", 400), ""}, {true, strings.Repeat("my son ", 400), "gzip"}, {true, "my son", ""}} {
		got, err := newClient(t, address, client.Options{Gzip: test.gzip, HTTP: over}).Predict(t.Context(), client.Request{Texts: []string{test.text}})
		if err != nil || got.Predictions[0].NER[1].Text != "son" || coding.Load() != test.want {
			t.Errorf("gzip %t, %d bytes: %v, Content-Encoding %q", test.gzip, len(test.text), err, coding.Load())
		}
	}
}

// watched keeps the last request's Content-Encoding.
type watched struct {
	http.RoundTripper
	coding *atomic.Value
}

func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	w.coding.Store(r.Header.Get("Content-Encoding"))
	return w.RoundTripper.RoundTrip(r)
}

// value decodes JSON; empty arrays are as good as none.
func value(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	var drop func(v any) any
	drop = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for name, field := range v {
				if list, isList := field.([]any); isList && len(list) == 0 {
					delete(v, name)
					continue
				}
				v[name] = drop(field)
			}
		case []any:
			for i := range v {
				v[i] = drop(v[i])
			}
		}
		return v
	}
	return drop(v)
}

func TestProblem(t *testing.T) {
	address, _ := server(t)
	_, err := newClient(t, address, client.Options{}).Predict(t.Context(), client.Request{Texts: []string{"SECRET", " "}})
	var p *client.Problem
	if !errors.As(err, &p) || p.Status != http.StatusUnprocessableEntity || p.Field != "texts[1]" {
		t.Fatalf("got %v", err)
	}
	if err.Error() != "predict: texts[1]: the text is empty" {
		t.Errorf("got %q", err)
	}
}

// TestRetries: a full queue is waited for, a failure is not.
func TestRetries(t *testing.T) {
	var asked, refusals atomic.Int64
	var status atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") != "Bearer key" {
			t.Errorf("the key is %q", r.Header.Get("Authorization"))
		}
		if refusals.Add(-1) >= 0 {
			w.Header().Set("Retry-After", "0")
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(int(status.Load()))
			fmt.Fprintf(w, `{"status": %d, "detail": "later"}`, status.Load())
			return
		}
		fmt.Fprint(w, `{"model": "m", "predictions": [{}]}`)
	}))
	defer web.Close()
	for name, test := range map[string]struct {
		status, refusals, retries int
		asked                     int64
		good                      bool
	}{
		"full for a while":  {429, 2, 3, 3, true},
		"starts":            {503, 1, 3, 2, true},
		"always full":       {429, 100, 2, 3, false},
		"never again":       {429, 1, -1, 1, false},
		"the server failed": {500, 1, 3, 1, false},
		"wrong":             {422, 1, 3, 1, false},
	} {
		asked.Store(0)
		status.Store(int64(test.status))
		refusals.Store(int64(test.refusals))
		c := newClient(t, web.URL, client.Options{Key: "key", Retries: test.retries})
		_, err := c.Predict(t.Context(), client.Request{Texts: []string{"SECRET"}})
		if (err == nil) != test.good || asked.Load() != test.asked {
			t.Errorf("%s: %v, asked %d times, want %d", name, err, asked.Load(), test.asked)
		}
		var p *client.Problem
		if !test.good && (!errors.As(err, &p) || p.Status != test.status) {
			t.Errorf("%s: got %v, want the server's problem", name, err)
		}
	}
}

// TestOtherServers: an address that is no Trident server's.
func TestOtherServers(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"not found":     http.NotFound,
		"a page":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>SECRET") },
		"other numbers": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"predictions": []}`) },
	} {
		web := httptest.NewServer(answer)
		_, err := newClient(t, web.URL, client.Options{}).Predict(t.Context(), client.Request{Texts: []string{"SECRET"}})
		if err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: got %v", name, err)
		}
		web.Close()
	}
	for _, address := range []string{"", "localhost:8080", "ftp://a", "http://", "http://a b"} {
		if _, err := client.New(address, client.Options{}); err == nil {
			t.Errorf("address %q: no error", address)
		}
	}
}
