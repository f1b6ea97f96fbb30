package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/trident-nlp/trident/pkg/client"
)

// problem is an error that is answered as application/problem+json.
type problem struct {
	client.Problem
	retryAfter time.Duration // 0: no such header
	cause      error         // what the log says instead; may be nil
}

// reason is what the log says of err, which is the problem.
func (p *problem) reason(err error) string {
	if p.cause != nil {
		return p.cause.Error()
	}
	return err.Error()
}

// problemf is a problem with a field of the request, "" for the request as a
// whole. args must hold nothing of a text.
func problemf(status int, field, format string, args ...any) *problem {
	return &problem{Problem: client.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: fmt.Sprintf(format, args...), Field: field,
	}}
}

// later is a problem that goes away; the client may ask again after a while.
func later(status int, after time.Duration, format string, args ...any) *problem {
	p := problemf(status, "", format, args...)
	p.retryAfter = min(max(after, time.Second), maxRetryAfter)
	return p
}

// maxRetryAfter is the longest that a client is told to wait.
const maxRetryAfter = 10 * time.Minute

// errFull says that the server holds as much as it may.
var errFull = errors.New("full")

// toProblem is err as a problem. What isn't one is the server's own fault: the
// client isn't told what, the log is.
func toProblem(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	return problemf(http.StatusInternalServerError, "", "the server failed; its log has more under the request's id")
}

// plainProblem is the problem in whose place a handler of others wrote plain
// text.
func plainProblem(status int) *problem {
	switch status {
	case http.StatusNotFound:
		return errNothingHere()
	case http.StatusInternalServerError:
		return toProblem(nil)
	}
	return problemf(status, "", "%s", strings.ToLower(http.StatusText(status)))
}

func errNothingHere() *problem {
	return problemf(http.StatusNotFound, "", "there is nothing here; /docs lists what there is")
}

// problemType is the content type of problems.
const problemType = "application/problem+json"

// writeProblem answers with p.
func writeProblem(w http.ResponseWriter, p *problem, requestID string) {
	body := p.Problem
	body.RequestID = requestID
	data, err := json.Marshal(body)
	if err != nil { // it has only strings and a number
		data = []byte("{}")
	}
	h := w.Header()
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(data) // a client that has left
}
