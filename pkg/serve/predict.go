package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/trident-nlp/trident/pkg/client"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// statusLeft stands in the audit line for a client that left before its answer.
const statusLeft = 499

// predict answers POST /v1/predict.
func (s *Server) predict(w http.ResponseWriter, r *http.Request, rec *record) error {
	if err := s.loading(); err != nil {
		return err
	}
	share := &ticket{of: s.admission}
	defer share.giveBack()
	data, err := s.body(w, r, share)
	rec.bytesIn = len(data)
	if err != nil {
		return err
	}
	watch := stopwatch{at: time.Now()}
	asked, err := s.Limits.decode(data)
	rec.texts, rec.stages.decode = len(asked.Texts), watch.lap()
	if err != nil {
		return err
	}
	g, release := s.acquire()
	defer release()
	if g == nil {
		return s.loading()
	}
	rec.model = g.Hash
	asked.IndependentHeads = asked.IndependentHeads || s.IndependentHeads
	reading, err := g.prepare(asked)
	if err != nil {
		return err
	}
	pieces := reading.Pieces()
	for _, p := range pieces {
		rec.tokens += p.Tokens()
	}
	rec.stages.tokenize = watch.lap()
	if rec.tokens > s.QueueTokens {
		return problemf(http.StatusRequestEntityTooLarge, "texts", "%d tokens in all; the server takes %d at a time: send the texts in several requests", rec.tokens, s.QueueTokens)
	}
	if !share.takeTokens(rec.tokens) {
		return s.full(g)
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
	defer cancel()
	spent, err := g.batcher.submit(ctx, pieces)
	rec.stages.times = spent
	watch.lap()
	switch {
	case errors.Is(err, context.Canceled):
		rec.status = statusLeft
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return later(http.StatusServiceUnavailable, g.batcher.delay(int(s.admission.tokens.Load())), "no answer within %v", s.Timeout)
	case err != nil:
		return err
	}
	predictions := reading.Predictions()
	for _, p := range predictions {
		if p.Truncated {
			rec.truncated++
		}
	}
	err = writeAnswer(w, predictAnswer{Model: g.Hash, Predictions: predictions})
	rec.stages.encode = watch.lap()
	return err
}

// loading is an error as long as there is no model. Unlike [Server.ready] it
// lets the requests in that come while the server ends.
func (s *Server) loading() error {
	if s.loaded() {
		return nil
	}
	return later(http.StatusServiceUnavailable, 2*time.Second, "the model is being loaded")
}

func (s *Server) full(g *generation) error {
	return later(http.StatusTooManyRequests, g.batcher.delay(int(s.admission.tokens.Load())), "too many requests at the moment; ask again later")
}

// body reads a request's body, as far as it and all requests together may be
// large.
func (s *Server) body(w http.ResponseWriter, r *http.Request, share *ticket) ([]byte, error) {
	if err := checkType(r.Header); err != nil {
		return nil, err
	}
	if r.ContentLength > s.Limits.Body {
		w.Header().Set("Connection", "close") // the body isn't read
		return nil, s.tooLarge()
	}
	data, err := io.ReadAll(share.body(http.MaxBytesReader(w, r.Body, s.Limits.Body)))
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return data, nil
	case errors.As(err, &tooLarge):
		return data, s.tooLarge()
	case errors.Is(err, errFull):
		w.Header().Set("Connection", "close")
		return data, later(http.StatusTooManyRequests, time.Second, "too many requests at the moment; ask again later")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return data, problemf(http.StatusRequestTimeout, "", "the body didn't come within %v", s.ReadTimeout)
	}
	return data, problemf(http.StatusBadRequest, "", "the body broke off")
}

func (s *Server) tooLarge() error {
	return problemf(http.StatusRequestEntityTooLarge, "", "the body has more than %d bytes; send the texts in several requests", s.Limits.Body)
}

// checkType wants JSON in UTF-8 as it is.
func checkType(h http.Header) error {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch charset := params["charset"]; {
	case err != nil || kind != "application/json":
		return problemf(http.StatusUnsupportedMediaType, "", "want the header Content-Type: application/json")
	case charset != "" && !strings.EqualFold(charset, "utf-8"):
		return problemf(http.StatusUnsupportedMediaType, "", "want JSON in UTF-8")
	}
	if encoding := h.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return problemf(http.StatusUnsupportedMediaType, "", "want no Content-Encoding")
	}
	return nil
}

// prepare checks what a request asks of the model, and tokenizes its texts.
func (g *generation) prepare(asked client.Request) (*fusion.Reading, error) {
	learnt := g.Predictor.Tasks()
	for i, name := range asked.Tasks {
		if _, err := tasks.Find(learnt, name); err != nil { // err has the name, which could be a text
			return nil, problemf(http.StatusUnprocessableEntity, "tasks["+strconv.Itoa(i)+"]", "the model has no such task; it has %s", strings.Join(tasks.Names(learnt), ", "))
		}
	}
	if most := g.Predictor.MaxLength() - 3; asked.Overlap > most {
		return nil, problemf(http.StatusUnprocessableEntity, "overlap", "with this model want 0 to %d", most)
	}
	texts := make([]datasets.Transcript, len(asked.Texts))
	for i, text := range asked.Texts {
		texts[i] = datasets.Transcript(text)
	}
	return g.Predictor.Prepare(texts, fusion.PredictOptions{
		Tasks: asked.Tasks, Scores: asked.Scores, Attention: asked.Attention, Threshold: asked.QAThreshold, Overlap: asked.Overlap, IndependentHeads: asked.IndependentHeads,
	})
}

// writeAnswer is writeJSON without escapes for HTML, as infer writes it.
func writeAnswer(w http.ResponseWriter, answer predictAnswer) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		return err // a probability that is no number; err holds no text
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes()) // a client that has left
	return nil
}

// stopwatch measures one stage after the other.
type stopwatch struct{ at time.Time }

func (s *stopwatch) lap() time.Duration {
	now := time.Now()
	took := now.Sub(s.at)
	s.at = now
	return took
}
