package serve

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// measures are what /metrics shows.
type measures struct {
	set      *metrics.Set
	inFlight atomic.Int64

	batchTexts, batchTokens *metrics.PrometheusHistogram
	stages                  map[string]*metrics.PrometheusHistogram
	texts, tokens           *metrics.Counter
}

var (
	secondBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	textBounds   = []float64{1, 2, 4, 8, 16, 32, 64, 128}
	tokenBounds  = []float64{16, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384}
)

// stageNames are the stages of a request whose time is measured.
var stageNames = []string{"decode", "tokenize", "queue", "model", "encode"}

func newMeasures(s *Server) *measures {
	set := metrics.NewSet()
	m := &measures{
		set:         set,
		batchTexts:  set.NewPrometheusHistogramExt("trident_batch_texts", textBounds),
		batchTokens: set.NewPrometheusHistogramExt("trident_batch_tokens", tokenBounds),
		texts:       set.NewCounter("trident_texts_total"),
		tokens:      set.NewCounter("trident_tokens_total"),
		stages:      map[string]*metrics.PrometheusHistogram{},
	}
	for _, name := range stageNames {
		m.stages[name] = set.NewPrometheusHistogramExt(fmt.Sprintf("trident_stage_seconds{stage=%q}", name), secondBounds)
	}
	set.NewGauge("trident_requests_in_flight", func() float64 { return float64(m.inFlight.Load()) })
	set.NewGauge("trident_held_tokens", func() float64 { return float64(s.admission.tokens.Load()) })
	set.NewGauge("trident_held_bytes", func() float64 { return float64(s.admission.bytes.Load()) })
	set.NewGauge("trident_queue_texts", func() float64 { texts, _ := s.waiting(); return float64(texts) })
	set.NewGauge("trident_queue_tokens", func() float64 { _, tokens := s.waiting(); return float64(tokens) })
	set.NewGauge("trident_ready", func() float64 {
		if s.ready() != nil {
			return 0
		}
		return 1
	})
	return m
}

// waiting counts what the current model's queue holds.
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
	m.set.GetOrCreateCounter(fmt.Sprintf("trident_requests_total{path=%q,status=\"%d\"}", path, rec.status)).Inc()
	m.set.GetOrCreatePrometheusHistogramExt(fmt.Sprintf("trident_request_seconds{path=%q}", path), secondBounds).Update(took.Seconds())
	if rec.texts == 0 || rec.status != http.StatusOK {
		return
	}
	m.texts.Add(rec.texts)
	m.tokens.Add(rec.tokens)
	for i, d := range []time.Duration{rec.stages.decode, rec.stages.tokenize, rec.stages.queue, rec.stages.model, rec.stages.encode} {
		m.stages[stageNames[i]].Update(d.Seconds())
	}
}

// batch counts what goes through the model at once.
func (m *measures) batch(texts, tokens int) {
	m.batchTexts.Update(float64(texts))
	m.batchTokens.Update(float64(tokens))
}

func (m *measures) reloaded(err error) {
	result := "ok"
	if err != nil {
		result = "failed"
	}
	m.set.GetOrCreateCounter(fmt.Sprintf("trident_reloads_total{result=%q}", result)).Inc()
}

func (s *Server) handleMetrics(w http.ResponseWriter, _ *http.Request, _ *record) error {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	g, release := s.acquire()
	defer release()
	if g != nil {
		fmt.Fprintf(w, "trident_model_info{model=%q,precision=%q} 1\n", g.Hash, g.Precision)
	}
	s.metrics.set.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
	return nil
}
