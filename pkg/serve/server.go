// Package serve is an HTTP service for a model: texts in, labels out. Texts of
// all requests share batches, one goroutine runs the model, and requests beyond
// the limits are refused instead of queued.
//
// cmd/serve opens a model with [OpenModel] and makes a [Server] ([New]); another program
// can serve [Server.Handler] beside its own pages. The Server calls fusion.Predictor;
// the wire format is in pkg/client.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/reviews"
)

// Config configures a [Server]. Start from [Defaults]; Open and Log must be
// set.
type Config struct {
	Open func() (*Model, error) // loads the model, at the start and for each reload
	Log  *slog.Logger           // audit lines and errors, never text of a call
	Page http.Handler           // answers GET for paths that aren't the server's own; nil: / redirects to /docs
	Keys Keys                   // clients need one of these; empty: no key is needed
	TLS  *tls.Config            // nil: plain HTTP

	ReadKeys        func() (Keys, error) // rereads the keys on reload; nil: they stay
	ReadCertificate func() error         // rereads TLS's certificate on reload; may be nil

	Hosts   Hosts  // names that requests may be sent to
	Metrics Access // who may read /metrics

	Origins []string // allowed origins of other web pages, such as https://cases.example.org

	Reviews *reviews.Store // keeps what people say of labels; nil: nothing is kept. The caller closes it

	RedactKey []byte // for redacting with pseudonyms and hashes; nil: requests for these are refused

	IndependentHeads bool // for all requests; see [fusion.PredictOptions]

	Limits      Limits
	QueueTokens int           // limit for all requests in progress together…
	QueueBytes  int64         // …and the bytes of their bodies
	BatchSize   int           // maximum number of texts, or windows of long ones, in a batch…
	BatchTokens int           // …and their tokens
	BatchWait   time.Duration // how long a text may wait for others while the model is idle

	HeaderTimeout time.Duration // for a request's headers
	ReadTimeout   time.Duration // for a whole request
	Timeout       time.Duration // from there to the answer
	WriteTimeout  time.Duration // for sending the answer
	IdleTimeout   time.Duration // between requests of a connection
	HeaderBytes   int
	DrainDelay    time.Duration // from /readyz turning to 503 until connections are no longer accepted
	DrainIdle     time.Duration // then, for one more request on open connections
}

// Defaults returns values suitable for a machine with a few cores.
func Defaults() Config {
	return Config{
		Limits:        Limits{Body: 8 << 20, Texts: 128, Text: 256 << 10},
		QueueTokens:   1 << 16,
		QueueBytes:    64 << 20,
		BatchSize:     fusion.DefaultBatchSize,
		BatchTokens:   fusion.DefaultBatchTokens,
		BatchWait:     2 * time.Millisecond,
		HeaderTimeout: 5 * time.Second,
		ReadTimeout:   30 * time.Second,
		Timeout:       time.Minute,
		WriteTimeout:  30 * time.Second,
		IdleTimeout:   2 * time.Minute,
		HeaderBytes:   16 << 10,
		DrainIdle:     2 * time.Second,
		Metrics:       All,
	}
}

// Server answers requests. Make one with [New].
type Server struct {
	Config
	handler   http.Handler
	metrics   *measures
	admission *admission
	density   density
	openapi   []byte
	read      func(*Model, []fusion.Piece) error // runs a model; tests replace it
	liveKeys  atomic.Pointer[Keys]
	draining  atomic.Bool         // /readyz says no
	closing   atomic.Bool         // connections are no longer accepted
	preparing *semaphore.Weighted // bytes of bodies being decoded and tokenized
	zippers   sync.Pool           // of *gzip.Writer
	reloading sync.Mutex

	mu       sync.Mutex // held briefly, never while a request is processed
	current  *generation
	retiring sync.WaitGroup // generations still in use
}

// New returns a Server without a model: [Server.Serve] or [Server.Reload] loads
// it.
func New(c Config) (*Server, error) {
	if err := c.Metrics.check(); err != nil {
		return nil, fmt.Errorf("who may have the metrics: %w", err)
	}
	if (c.Metrics == Clients || c.Metrics == Admins) && len(c.Keys) == 0 {
		return nil, errors.New("who may have the metrics: a key is wanted, and there are none")
	}
	s := &Server{Config: c, read: run, preparing: semaphore.NewWeighted(prepareBytes), zippers: sync.Pool{New: newZipper}}
	s.admission = &admission{maxBytes: c.QueueBytes, maxTokens: int64(c.QueueTokens)}
	s.SetKeys(c.Keys)
	s.metrics = newMeasures(s)
	var err error
	if s.handler, err = s.routes(); err != nil {
		return nil, err
	}
	return s, nil
}

// Handler returns the handler without a listener: for tests, or for embedding in
// another server.
func (s *Server) Handler() http.Handler { return s.handler }

// SetKeys replaces the keys.
func (s *Server) SetKeys(keys Keys) { s.liveKeys.Store(&keys) }

func (s *Server) keys() Keys { return *s.liveKeys.Load() }

// Serve accepts connections from l, loads the model, and answers requests until
// ctx is done. Then /readyz turns to 503, and after DrainDelay connections are no
// longer accepted; accepted requests are answered before Serve returns. It closes
// l and frees the model.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer s.free()
	web := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: s.HeaderTimeout,
		ReadTimeout:       s.ReadTimeout,
		WriteTimeout:      s.ReadTimeout + s.Timeout + s.WriteTimeout, // net/http counts from the end of the headers
		IdleTimeout:       s.IdleTimeout,
		MaxHeaderBytes:    s.HeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
		TLSConfig:         s.TLS,

		DisableGeneralOptionsHandler: true, // it would answer for any host
	}
	open := newConnections()
	web.ConnState = open.note
	ended := make(chan error, 1)
	go func() {
		if s.TLS != nil {
			ended <- web.ServeTLS(l, "", "")
			return
		}
		ended <- web.Serve(l)
	}()
	s.Log.Info("listening", "address", l.Addr().String(), "tls", s.TLS != nil, "keys", len(s.keys()), "hosts", s.Hosts.String(), "metrics", string(s.Metrics), "memory_mb", s.Memory()>>20)
	if err := s.begin(ctx); err != nil {
		_ = web.Close() // err matters more
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	select {
	case err := <-ended:
		return fmt.Errorf("accept connections: %w", err)
	case <-ctx.Done():
	}
	return s.drain(web, l, ended, open)
}

// free frees the model.
func (s *Server) free() {
	s.swap(nil)
	s.retiring.Wait()
}
