package serve

import (
	"net/http"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// measures are the metrics that /metrics shows.
type measures struct {
	show     http.Handler
	inFlight atomic.Int64

	requests, reloads       *prometheus.CounterVec
	reviews                 *prometheus.CounterVec // nil: none are kept
	requestSeconds, stages  *prometheus.HistogramVec
	batchTexts, batchTokens prometheus.Histogram
	texts, tokens           prometheus.Counter
}

var (
	secondBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	textBounds   = []float64{1, 2, 4, 8, 16, 32, 64, 128}
	tokenBounds  = []float64{16, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384}
)

// stageNames are the measured stages of a request.
var stageNames = []string{"decode", "tokenize", "queue", "model", "encode"}

func newMeasures(s *Server) *measures {
	registry := prometheus.NewRegistry()
	add := promauto.With(registry)
	counter := func(name, help string) prometheus.CounterOpts { return prometheus.CounterOpts{Name: name, Help: help} }
	histogram := func(name, help string, bounds []float64) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds}
	}
	m := &measures{
		show:           promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true}), // answers are compressed elsewhere
		requests:       add.NewCounterVec(counter("trident_requests_total", "Requests that were answered, by route and HTTP status; 499: the client left before."), []string{"path", "status"}),
		reloads:        add.NewCounterVec(counter("trident_reloads_total", "Times that the model was loaded, by result."), []string{"result"}),
		requestSeconds: add.NewHistogramVec(histogram("trident_request_seconds", "Time from a request's headers to the end of its answer, by route.", secondBounds), []string{"path"}),
		stages:         add.NewHistogramVec(histogram("trident_stage_seconds", "Where the time of requests that were answered with predictions went.", secondBounds), []string{"stage"}),
		batchTexts:     add.NewHistogram(histogram("trident_batch_texts", "Texts, or windows of long ones, that went through the model at once.", textBounds)),
		batchTokens:    add.NewHistogram(histogram("trident_batch_tokens", "Their tokens, without padding.", tokenBounds)),
		texts:          add.NewCounter(counter("trident_texts_total", "Texts that were answered with predictions.")),
		tokens:         add.NewCounter(counter("trident_tokens_total", "Their tokens that the model read.")),
	}
	for _, name := range stageNames {
		m.stages.WithLabelValues(name)
	}
	gauge := func(name, help string, f func() float64) {
		add.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f)
	}
	gauge("trident_requests_in_flight", "Requests that are being answered.", func() float64 { return float64(m.inFlight.Load()) })
	gauge("trident_held_tokens", "Tokens of the requests that are being answered (--queue-tokens).", func() float64 { return float64(s.admission.tokens.Load()) })
	gauge("trident_held_bytes", "Bytes of their bodies (--queue-bytes).", func() float64 { return float64(s.admission.bytes.Load()) })
	gauge("trident_queue_texts", "Texts, or windows of long ones, that wait for the model.", func() float64 { texts, _ := s.waiting(); return float64(texts) })
	gauge("trident_queue_tokens", "Their tokens.", func() float64 { _, tokens := s.waiting(); return float64(tokens) })
	gauge("trident_ready", "1 if the server takes requests, as /readyz says.", func() float64 {
		if s.ready() != nil {
			return 0
		}
		return 1
	})
	if s.Reviews != nil {
		m.reviews = add.NewCounterVec(counter("trident_reviews_total", "Reviews that came, by result: kept, stale (there was a newer one), refused or failed."), []string{"result"})
		for _, result := range []string{"kept", "stale", "refused", "failed"} {
			m.reviews.WithLabelValues(result)
		}
		gauge("trident_kept_reviews", "Reviews in the folder.", func() float64 { return float64(s.Reviews.Count()) })
	}
	registry.MustRegister(buildInfo(), modelInfo{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// buildInfo is a metric that identifies this program.
func buildInfo() prometheus.Collector {
	version, revision, goVersion := "unknown", "unknown", "unknown"
	if build, known := debug.ReadBuildInfo(); known {
		version, goVersion = build.Main.Version, build.GoVersion
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" {
				revision = setting.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "trident_build_info", Help: "Always 1; which program this is: its version, its revision in version control, its Go.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": goVersion},
	}, func() float64 { return 1 })
}

// modelInfo is a metric that identifies the current model, if there is one.
type modelInfo struct{ of *Server }

var modelInfoDesc = prometheus.NewDesc("trident_model_info", "Always 1; which model answers: the SHA-256 of its files, and its precision.", []string{"model", "precision"}, nil)

// Describe implements [prometheus.Collector].
func (modelInfo) Describe(to chan<- *prometheus.Desc) { to <- modelInfoDesc }

// Collect implements [prometheus.Collector].
func (m modelInfo) Collect(to chan<- prometheus.Metric) {
	g, release := m.of.acquire()
	defer release()
	if g != nil {
		to <- prometheus.MustNewConstMetric(modelInfoDesc, prometheus.GaugeValue, 1, g.Hash, string(g.Precision))
	}
}

// waiting counts the pieces and tokens in the current model's queue.
func (s *Server) waiting() (texts, tokens int) {
	g, release := s.acquire()
	defer release()
	if g == nil {
		return 0, 0
	}
	return g.batcher.waiting()
}

// answered counts a request.
func (m *measures) answered(path string, rec *record, took time.Duration) {
	m.requests.WithLabelValues(path, strconv.Itoa(rec.status)).Inc()
	m.requestSeconds.WithLabelValues(path).Observe(took.Seconds())
	if rec.texts == 0 || rec.status != http.StatusOK {
		return
	}
	m.texts.Add(float64(rec.texts))
	m.tokens.Add(float64(rec.tokens))
	for i, d := range []time.Duration{rec.stages.decode, rec.stages.tokenize, rec.stages.queue, rec.stages.model, rec.stages.encode} {
		m.stages.WithLabelValues(stageNames[i]).Observe(d.Seconds())
	}
}

// batch counts a batch.
func (m *measures) batch(texts, tokens int) {
	m.batchTexts.Observe(float64(texts))
	m.batchTokens.Observe(float64(tokens))
}

// reviewed counts a review.
func (m *measures) reviewed(result string) { m.reviews.WithLabelValues(result).Inc() }

func (m *measures) reloaded(err error) {
	result := "ok"
	if err != nil {
		result = "failed"
	}
	m.reloads.WithLabelValues(result).Inc()
}

func (s *Server) handleMetrics(w http.ResponseWriter, r *http.Request, _ *record) error {
	s.metrics.show.ServeHTTP(w, r)
	return nil
}
