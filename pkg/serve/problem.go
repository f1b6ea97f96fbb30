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

// problem is an error that is sent as application/problem+json.
type problem struct {
	client.Problem
	retryAfter time.Duration // 0: no such header
	cause      error         // logged instead; may be nil
}

// reason returns the log's text for err, which is the problem.
func (p *problem) reason(err error) string {
	if p.cause != nil {
		return p.cause.Error()
	}
	return err.Error()
}

// problemf returns a problem with a field of the request, "" for the request as
// a whole. args must not contain text of a call.
func problemf(status int, field, format string, args ...any) *problem {
	return &problem{Problem: client.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: fmt.Sprintf(format, args...), Field: field,
	}}
}

// later returns a temporary problem; the client may retry after a while.
func later(status int, after time.Duration, format string, args ...any) *problem {
	p := problemf(status, "", format, args...)
	p.retryAfter = min(max(after, time.Second), maxRetryAfter)
	return p
}

// maxRetryAfter is the longest wait that a client is given.
const maxRetryAfter = 10 * time.Minute

// errFull means that the server is at its limit.
var errFull = errors.New("full")

// toProblem returns err as a problem. Any other error is the server's fault: the
// details are logged but not sent to the client.
func toProblem(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	return problemf(http.StatusInternalServerError, "", "the server failed; its log has more under the request's id")
}

// plainProblem returns the problem to send in place of another handler's plain
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

// writeProblem sends p as the answer.
func writeProblem(w http.ResponseWriter, p *problem, requestID string) {
	body := p.Problem
	body.RequestID = requestID
	data, err := json.Marshal(body)
	if err != nil { // only strings and a number
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
	_, _ = w.Write(data) // the client may have left
}
