package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trident-nlp/trident/pkg/client"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// statusLeft is the audit line's status for a client that left before its
// answer.
const statusLeft = 499

// predict answers POST /v1/predict.
func (s *Server) predict(w http.ResponseWriter, r *http.Request, rec *record) error {
	if err := s.loading(); err != nil {
		return err
	}
	share := &rec.share
	data, err := s.body(w, r, share)
	rec.bytesIn = len(data)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
	defer cancel()
	watch := stopwatch{at: time.Now()}
	g, reading, release, err := s.prepare(ctx, data, share, rec, &watch)
	if g != nil {
		defer release()
	}
	if err == nil {
		rec.stages.times, err = g.batcher.submit(ctx, reading.Pieces())
		watch.lap()
	}
	switch {
	case errors.Is(err, context.Canceled):
		rec.status = statusLeft
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return later(http.StatusServiceUnavailable, s.delay(s.held()), "no answer within %v", s.Timeout)
	case err != nil:
		return err
	}
	predictions := reading.Predictions()
	for i, p := range predictions {
		if p.Err != nil {
			return problemf(http.StatusInternalServerError, "texts["+strconv.Itoa(i)+"]", "%v", p.Err)
		}
		if p.Truncated {
			rec.truncated++
		}
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.WriteTimeout)) // net/http's counts from the headers; slow readers hold the share
	err = writeAnswer(w, predictAnswer{Model: g.Hash, Predictions: predictions})
	rec.stages.encode = watch.lap()
	return err
}

// loading returns an error as long as there is no model. Unlike [Server.ready] it
// admits requests that arrive while the server shuts down.
func (s *Server) loading() error {
	if s.loaded() {
		return nil
	}
	return later(http.StatusServiceUnavailable, 2*time.Second, "the model is being loaded")
}

// full returns the problem for a request whose n tokens don't fit: retry once
// the excess has been processed.
func (s *Server) full(n int) error {
	over := s.admission.tokens.Load() + int64(n) - s.admission.maxTokens
	if n == 0 || over <= 0 { // the bytes don't fit, or there is room again
		over = s.held()
	}
	return later(http.StatusTooManyRequests, s.delay(over), "too many requests at the moment; ask again later")
}

// held estimates the number of tokens in all requests in progress, including
// bodies that aren't tokenized yet.
func (s *Server) held() int64 {
	counted := s.admission.tokens.Load()
	return max(counted, min(s.admission.maxTokens, s.density.tokens(s.admission.bytes.Load())))
}

// delay estimates how long the model needs for tokens.
func (s *Server) delay(tokens int64) time.Duration {
	g, release := s.acquire()
	defer release()
	if g == nil {
		return 0
	}
	return g.batcher.delay(int(tokens))
}

// prepare decodes and tokenizes a body. This takes many times the body's memory,
// so only a limited number of bytes of all requests are prepared at a time; ctx
// bounds how long a request waits for its turn. It returns the generation that
// the texts were tokenized for and a function that releases it, also with an
// error.
func (s *Server) prepare(ctx context.Context, data []byte, share *ticket, rec *record, watch *stopwatch) (g *generation, reading *fusion.Reading, release func(), err error) {
	turn := min(int64(len(data)), prepareBytes)
	if err := s.preparing.Acquire(ctx, turn); err != nil {
		return nil, nil, nil, err
	}
	defer s.preparing.Release(turn)
	asked, err := s.Limits.decode(data)
	rec.texts, rec.stages.decode = len(asked.Texts), watch.lap()
	if err != nil {
		return nil, nil, nil, err
	}
	asked.IndependentHeads = asked.IndependentHeads || s.IndependentHeads
	if g, release = s.acquire(); g == nil {
		return nil, nil, nil, s.loading()
	}
	rec.model = g.Hash
	reading, err = g.tokenize(ctx, asked, s.QueueTokens)
	rec.stages.tokenize = watch.lap()
	if err != nil {
		return g, nil, release, err
	}
	rec.tokens = reading.Tokens()
	s.density.add(len(data), rec.tokens)
	if !share.takeTokens(rec.tokens) {
		return g, nil, release, s.full(rec.tokens)
	}
	return g, reading, release, nil
}

// tokenize checks a request's options against the model and tokenizes its texts,
// which may have at most most tokens.
func (g *generation) tokenize(ctx context.Context, asked client.Request, most int) (*fusion.Reading, error) {
	learnt := g.Predictor.Tasks()
	for i, name := range asked.Tasks {
		if _, err := tasks.Find(learnt, name); err != nil { // err contains the name, which could be text of a call
			return nil, problemf(http.StatusUnprocessableEntity, "tasks["+strconv.Itoa(i)+"]", "the model has no such task; it has %s", strings.Join(tasks.Names(learnt), ", "))
		}
	}
	if half := g.Predictor.MaxLength() / 2; asked.Overlap > half {
		return nil, problemf(http.StatusUnprocessableEntity, "overlap", "with this model want 0 to %d, half of what it reads at once", half)
	}
	if fusion.Long(asked.Long) == fusion.LongTruncate && asked.Overlap > 0 {
		return nil, problemf(http.StatusUnprocessableEntity, "overlap", "it is for windows; leave it out with long: truncate")
	}
	texts := make([]datasets.Transcript, len(asked.Texts))
	for i, text := range asked.Texts {
		texts[i] = datasets.Transcript(text)
	}
	var languages []string
	if asked.Language != "" {
		languages = slices.Repeat([]string{asked.Language}, len(texts))
	}
	reading, err := g.Predictor.Prepare(ctx, texts, fusion.PredictOptions{
		Tasks: asked.Tasks, Scores: asked.Scores, TextScores: asked.TextScores, Attention: asked.Attention, Review: true,
		Threshold: asked.QAThreshold, Long: fusion.Long(asked.Long), Overlap: asked.Overlap, MaxTokens: most,
		IndependentHeads: asked.IndependentHeads, Languages: languages,
	})
	if errors.Is(err, fusion.ErrTooManyTokens) {
		return nil, problemf(http.StatusRequestEntityTooLarge, "texts", "more than %d tokens in all, windows included, which is what the server takes at a time: send the texts in several requests%s", most, orCut(asked))
	}
	if err != nil {
		return nil, err
	}
	if i := reading.Empty(); i >= 0 {
		return nil, emptyText(i)
	}
	return reading, nil
}

// orCut is another way out for texts with too many tokens.
func orCut(asked client.Request) string {
	if fusion.Long(asked.Long) == fusion.LongTruncate {
		return ""
	}
	return ", or with long: truncate, which reads their beginnings"
}

// writeAnswer is writeJSON without HTML escapes, as infer writes it.
func writeAnswer(w http.ResponseWriter, answer predictAnswer) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		return err // a probability that is NaN; err contains no text
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes()) // the client may have left
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
