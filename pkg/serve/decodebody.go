package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// decodeBody reads a request's body into v, a struct whose fields are all that are known.
// Errors are problems and quote nothing of the body. Like [Server.prepare] it waits for
// its turn, since decoding takes many times the body's memory.
// The body may have most bytes, or fewer if the server's limit is lower.
func (s *Server) decodeBody(w http.ResponseWriter, r *http.Request, rec *record, most int, v any) error {
	data, err := s.body(w, r, &rec.share)
	rec.bytesIn = len(data)
	switch {
	case err != nil:
		return err
	case len(data) > most:
		return problemf(http.StatusRequestEntityTooLarge, "", "the body has %d bytes; want no more than %d", len(data), most)
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
	defer cancel()
	turn := min(int64(len(data)), prepareBytes)
	if err := s.preparing.Acquire(ctx, turn); err != nil {
		return later(http.StatusServiceUnavailable, s.delay(s.held()), "no answer within %v", s.Timeout)
	}
	defer s.preparing.Release(turn)
	return decodeStrictly(data, v)
}

// decodeStrictly decodes JSON in UTF-8 into v. Fields that v lacks are errors.
func decodeStrictly(data []byte, v any) error {
	rest := bytes.TrimPrefix(data, byteOrderMark)
	mark := len(data) - len(rest)
	if !utf8.Valid(rest) {
		return problemf(http.StatusBadRequest, "", "the body is not UTF-8: see byte %d", mark+firstInvalid(rest)+1)
	}
	if err := json.Unmarshal(rest, &passedOver{}); err != nil {
		return brokenJSON(rest, mark, err)
	}
	if datasets.HalfSurrogate(rest) {
		return problemf(http.StatusUnprocessableEntity, "", "there is half a surrogate pair in it (\\ud800 to \\udfff alone), which is no character")
	}
	d := json.NewDecoder(bytes.NewReader(rest))
	d.DisallowUnknownFields()
	var kind *json.UnmarshalTypeError
	switch err := d.Decode(v); {
	case err == nil:
		return nil
	case errors.As(err, &kind):
		return problemf(http.StatusUnprocessableEntity, kind.Field, "the value has another type than /openapi.json says")
	case strings.HasPrefix(err.Error(), "json: unknown field"): // whose name could be text of a call
		return problemf(http.StatusUnprocessableEntity, "", "there is a field that isn't known; /openapi.json lists those that are")
	default:
		return problemf(http.StatusUnprocessableEntity, "", "a value has another form than /openapi.json says")
	}
}

// checkText returns a problem unless a text may be that of a call.
func (l Limits) checkText(field, text string) error {
	switch {
	case len(text) > l.Text:
		return problemf(http.StatusRequestEntityTooLarge, field, "the text has %d bytes; want no more than %d", len(text), l.Text)
	case !visible.MatchString(text):
		return problemf(http.StatusUnprocessableEntity, field, "the text is empty")
	}
	return nil
}
