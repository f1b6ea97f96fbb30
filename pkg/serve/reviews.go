package serve

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/trident-nlp/trident/pkg/reviews"
)

// reviewRequest is the body of POST /v1/reviews.
type reviewRequest struct {
	Text    string         `json:"text" doc:"The call. Only its SHA-256 is kept, unless the server was told to keep texts."`
	Record  string         `json:"record,omitempty" doc:"The call's id in the file that it comes from."`
	Model   string         `json:"model,omitempty" doc:"SHA-256 of the model that made the proposal, as /v1/predict gives it."`
	BasedOn string         `json:"based_on,omitempty" doc:"Id of the call's latest review that the reviewer knows of, by whomever; if there is a newer one, the answer is 409."`
	Old     reviews.Labels `json:"old,omitzero" doc:"What the model proposed."`
	New     reviews.Labels `json:"new,omitzero" doc:"What the reviewer says; without what wasn't checked. If model is this server's, its labels alone are taken."`
	Unsure  []string       `json:"unsure,omitempty" doc:"What the reviewer isn't sure of: ner, cls/priority, qa/opening/0, …"`
	Note    string         `json:"note,omitempty" doc:"The reviewer's own words, which are kept."`
}

// findRequest is the body of POST /v1/reviews/find.
type findRequest struct {
	Texts []string `json:"texts" doc:"The calls."`
}

// findAnswer is what POST /v1/reviews/find returns.
type findAnswer struct {
	You   string             `json:"you" doc:"Name of the client's key; empty on a server without keys."`
	Calls [][]reviews.Review `json:"calls" doc:"Of each text, in their order: the latest review of each reviewer, the newest last."`
}

// keeping says, in /readyz, that reviews are kept.
type keeping struct {
	Texts bool    `json:"texts" doc:"Texts of reviewed calls are kept, too…"`
	Days  float64 `json:"retention_days,omitempty" doc:"…for so many days after the day of the review; for good, if it isn't there."`
}

// Bytes of a review beside its text, at most, and of a byte of a text that is written as an
// escape.
const (
	largestReview = 1 << 20
	escaped       = 6
)

// largestFound is how many bytes of reviews an answer has, at most.
const largestFound = 4 << 20

// keeps describes what is kept; nil: nothing.
func (s *Server) keeps() *keeping {
	if s.Reviews == nil {
		return nil
	}
	k := &keeping{Texts: s.Reviews.Texts}
	if k.Texts {
		k.Days = s.Reviews.Retention.Hours() / 24
	}
	return k
}

// reviewRoutes are the routes for reviews, if they are kept.
func (s *Server) reviewRoutes() []route {
	if s.Reviews == nil {
		return nil
	}
	return []route{
		{method: "POST", path: "/v1/reviews", summary: "Keep what a person says of a call's labels.", access: Clients,
			request: reviewRequest{}, answer: reviews.Review{}, problems: []int{400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503, 507}, handle: s.handleReview},
		{method: "POST", path: "/v1/reviews/find", summary: "The reviews of calls.", access: Clients,
			request: findRequest{}, answer: findAnswer{}, problems: []int{400, 401, 403, 408, 413, 415, 422, 429, 500, 503}, handle: s.handleFindReviews},
	}
}

// handleReview answers POST /v1/reviews.
func (s *Server) handleReview(w http.ResponseWriter, r *http.Request, rec *record) error {
	var asked reviewRequest
	if err := s.decodeBody(w, r, rec, escaped*s.Limits.Text+largestReview, &asked); err != nil {
		s.metrics.reviewed("refused")
		return err
	}
	if err := cmp.Or(s.Limits.checkText("text", asked.Text), s.checkKnown(asked)); err != nil {
		s.metrics.reviewed("refused")
		return err
	}
	kept, err := s.Reviews.Add(reviews.Review{
		Who: rec.key, Record: asked.Record, Model: asked.Model, BasedOn: asked.BasedOn,
		Old: asked.Old, New: asked.New, Unsure: asked.Unsure, Note: asked.Note,
	}, asked.Text)
	var wrong *reviews.Invalid
	switch {
	case err == nil:
		s.metrics.reviewed("kept")
		rec.review = kept.ID
		return writeJSON(w, kept)
	case errors.As(err, &wrong):
		s.metrics.reviewed("refused")
		return problemf(http.StatusUnprocessableEntity, wrong.Field, "%s", wrong.Reason)
	case errors.Is(err, reviews.ErrStale):
		s.metrics.reviewed("stale")
		return problemf(http.StatusConflict, "based_on", "the call has a newer review than the one that this is based on; POST /v1/reviews/find has it: look at it, then send yours based on it")
	}
	s.metrics.reviewed("failed")
	return notKept(err)
}

// notKept returns the problem for a review that couldn't be written.
func notKept(err error) error {
	p := problemf(http.StatusInternalServerError, "", "nothing was kept: the server failed; its log has more under the request's id")
	if errors.Is(err, reviews.ErrNoRoom) {
		p = problemf(http.StatusInsufficientStorage, "", "nothing was kept: the server's disk is full; when there is room, send the review again")
	}
	p.cause = err
	return p
}

// handleFindReviews answers POST /v1/reviews/find.
func (s *Server) handleFindReviews(w http.ResponseWriter, r *http.Request, rec *record) error {
	var asked findRequest
	if err := s.decodeBody(w, r, rec, int(s.Limits.Body), &asked); err != nil {
		return err
	}
	switch {
	case len(asked.Texts) == 0:
		return problemf(http.StatusUnprocessableEntity, "texts", "want an array with at least one text")
	case len(asked.Texts) > s.Limits.Texts:
		return problemf(http.StatusRequestEntityTooLarge, "texts", "more than %d texts; send them in several requests", s.Limits.Texts)
	}
	answer := struct { // a findAnswer, encoded so far
		You   string              `json:"you"`
		Calls [][]json.RawMessage `json:"calls"`
	}{You: rec.key}
	size := 0
	for i, text := range asked.Texts {
		if err := s.Limits.checkText("texts["+strconv.Itoa(i)+"]", text); err != nil {
			return err
		}
		found, err := s.Reviews.Of(reviews.HashText(text))
		if err != nil {
			return err
		}
		list := []json.RawMessage{}
		for _, review := range found {
			line, err := json.Marshal(review)
			if err != nil {
				return err
			}
			if size += len(line); size > largestFound {
				return problemf(http.StatusRequestEntityTooLarge, "texts", "their reviews have more than %d bytes; ask for fewer texts", largestFound)
			}
			list = append(list, line)
		}
		answer.Calls = append(answer.Calls, list)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.WriteTimeout))
	return writeJSON(w, answer)
}
