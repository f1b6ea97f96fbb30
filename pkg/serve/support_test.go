package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// secret stands in texts, and never in an answer that isn't a prediction, nor
// in a log.
const secret = "SECRET"

// logged is a log that tests read.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// requests are the log's lines about requests.
func (l *logged) requests(t *testing.T) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []map[string]any
	for line := range strings.Lines(l.b.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("a line of the log is no JSON: %v", err)
		}
		if entry["msg"] == "request" {
			list = append(list, entry)
		}
	}
	return list
}

// testServer is a server of a tiny model.
type testServer struct {
	*Server
	t   *testing.T
	dir string
	log *logged
}

// newServer makes a server without a model. change may be nil.
func newServer(t *testing.T, change func(*Config)) *testServer {
	t.Helper()
	s := &testServer{t: t, dir: tinymodel.Dir(t, 1), log: &logged{}}
	c := Defaults()
	c.Hosts.Names = []string{"example.com"} // httptest's
	c.Log = slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.Open = func() (*Model, error) { return OpenModel(s.dir, gotch.CPU, torchx.FP32) }
	if change != nil {
		change(&c)
	}
	var err error
	if s.Server, err = New(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.free()
		s.log.mu.Lock()
		defer s.log.mu.Unlock()
		if strings.Contains(s.log.b.String(), secret) {
			t.Error("a text is in the log")
		}
	})
	return s
}

// newReadyServer makes a server with a model.
func newReadyServer(t *testing.T, change func(*Config)) *testServer {
	t.Helper()
	s := newServer(t, change)
	if _, err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// reply is what came back.
type reply struct {
	code   int
	header http.Header
	body   string
}

// problem decodes a problem.
func (r reply) problem(t *testing.T) (status int, field, detail string) {
	t.Helper()
	var p struct {
		Type, Title   string
		Status        int
		Field, Detail string
		RequestID     string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		t.Fatalf("code %d: no problem: %v", r.code, err)
	}
	switch {
	case r.header.Get("Content-Type") != "application/problem+json":
		t.Errorf("a problem has the type %q", r.header.Get("Content-Type"))
	case p.Status != r.code || p.Title != http.StatusText(r.code) || p.Type != "about:blank":
		t.Errorf("code %d has the problem %+v", r.code, p)
	case p.RequestID == "" || p.RequestID != r.header.Get(requestIDHeader):
		t.Errorf("request id %q in the problem, %q in the header", p.RequestID, r.header.Get(requestIDHeader))
	case strings.Contains(r.body, secret):
		t.Error("a text is in a problem")
	}
	return p.Status, p.Field, p.Detail
}

// do sends a request to the handler. header are pairs.
func (s *testServer) do(ctx context.Context, method, path, body string, header ...string) reply {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

func (s *testServer) predict(body string) reply {
	return s.do(context.Background(), "POST", "/v1/predict", body)
}

// gate holds the model back.
type gate struct {
	entered chan []fusion.Piece // the pieces that it begins to read
	open    func()              // lets all through from then on
}

// hold puts a gate in front of a server's model. The test's end opens it.
func (s *testServer) hold() gate {
	s.t.Helper()
	opened := make(chan struct{})
	g := gate{entered: make(chan []fusion.Piece, 1000), open: sync.OnceFunc(func() { close(opened) })}
	s.t.Cleanup(g.open)
	model := s.read
	s.read = func(m *Model, pieces []fusion.Piece) error {
		g.entered <- pieces
		<-opened
		return model(m, pieces)
	}
	return g
}

// asValue is v as encoding/json sees it.
func asValue(t *testing.T, v any) (value any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &value)
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}
