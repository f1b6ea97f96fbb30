package tracking

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-cleanhttp"
)

const (
	apiPath     = "api/2.0/mlflow"
	maxResponse = 64 << 20
)

// client calls the REST API of one tracking server. It makes one attempt per
// call: what to do after a failure depends on what was sent, so callers retry.
type client struct {
	base      *url.URL // without user info
	http      *http.Client
	authorize func(*http.Request)
	pace      pace
}

func newClient(server *url.URL, getenv func(string) string, p *pace) (*client, error) {
	config, err := tlsConfig(getenv)
	if err != nil {
		return nil, err
	}
	transport := cleanhttp.DefaultPooledTransport()
	if config != nil {
		transport.TLSClientConfig = config
	}
	base := *server
	base.User = nil
	return &client{
		base:      &base,
		http:      &http.Client{Transport: transport, CheckRedirect: sameMethodOnly},
		authorize: authorize(getenv, server.User),
		pace:      *p,
	}, nil
}

// sameMethodOnly follows redirects that keep method and body; others would turn a
// POST into a GET.
func sameMethodOnly(req *http.Request, via []*http.Request) error {
	status := req.Response.StatusCode
	if (status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect) && len(via) < 5 {
		return nil
	}
	return http.ErrUseLastResponse
}

// opening calls do until it succeeds, fails permanently, or the time or the
// attempts for the start of a run are used up. If the server merely can't be used,
// the error is an *unavailableError.
func (c *client) opening(ctx context.Context, do func(ctx context.Context, attempt int) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.pace.opening)
	defer cancel()
	for attempt := 0; ; attempt++ {
		once, cancel := context.WithTimeout(ctx, c.pace.openingTry)
		err := do(once, attempt)
		cancel()
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrExperimentDeleted), errors.Is(err, ErrRunNotFound):
			return err
		case attempt+1 >= c.pace.openTries, needsPerson(err):
			return &unavailableError{err}
		}
		select {
		case <-ctx.Done():
			return &unavailableError{err}
		case <-time.After(backoff(c.pace.minWait, c.pace.hurryWait, attempt, nil)):
		}
	}
}

// get calls a GET endpoint of the tracking API, such as "runs/get".
func (c *client) get(ctx context.Context, endpoint string, query url.Values, out any) error {
	target := c.base.JoinPath(apiPath, endpoint)
	target.RawQuery = query.Encode()
	return c.call(ctx, http.MethodGet, target, nil, out)
}

// post calls a POST endpoint of the tracking API; out may be nil. Its error
// isRefused if a retry is pointless.
func (c *client) post(ctx context.Context, endpoint string, in, out any) error {
	return c.send(ctx, http.MethodPost, endpoint, in, out)
}

// send is [client.post] with another method.
func (c *client) send(ctx context.Context, method, endpoint string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return refuse(fmt.Errorf("encoding a request: %w", err))
	}
	return refusal(c.call(ctx, method, c.base.JoinPath(apiPath, endpoint), body, out))
}

func (c *client) call(ctx context.Context, method string, target *url.URL, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.pace.call)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	c.authorize(req)
	return c.do(req, out)
}

// do sends a request and decodes the response, which must be JSON or empty.
func (c *client) do(req *http.Request, out any) error {
	resp, err := c.http.Do(req)
	if err != nil {
		if cause := (*url.Error)(nil); errors.As(err, &cause) {
			err = cause.Err // the outer error repeats the whole URL
		}
		return fmt.Errorf("%w from %s: %w", errNoAnswer, req.URL.Host, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	if err != nil {
		return fmt.Errorf("the answer from %s breaks off: %w", req.URL.Host, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return newAnswerError(resp, answer)
	}
	if len(answer) == 0 && out == nil {
		return nil
	}
	if out == nil {
		out = &struct{}{}
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the answer from %s is not MLflow's: %w", req.URL.Host, err)
	}
	return nil
}

// answerError is an HTTP status other than success.
type answerError struct {
	response *http.Response // its body has been read
	code     string         // MLflow's error_code, or ""
	message  string
}

func newAnswerError(resp *http.Response, body []byte) error {
	e := &answerError{response: resp}
	var parsed struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
	}
	text := strings.TrimSpace(string(body))
	switch {
	case json.Unmarshal(body, &parsed) == nil:
		e.code, e.message = parsed.Code, parsed.Message
	case strings.HasPrefix(text, "<"):
		e.message = "an HTML page"
	default:
		e.message = text
	}
	e.message = cut(oneLine(e.message), 300)
	return e
}

// refusal marks a response that rejects the content sent.
func refusal(err error) error {
	var answer *answerError
	if !errors.As(err, &answer) {
		return err
	}
	switch answer.response.StatusCode {
	case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusUnprocessableEntity:
		return refuse(err)
	}
	return err
}

func (e *answerError) Error() string {
	text := "the server answers " + strconv.Itoa(e.response.StatusCode)
	if e.code != "" {
		text += " " + e.code
	}
	if e.message != "" {
		text += ": " + e.message
	}
	switch e.response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		text += "; check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
		if strings.Contains(e.message, "Host header") {
			text += ", and the server's --allowed-hosts"
		}
	case http.StatusNotFound:
		if e.code == "" {
			text += "; check the path in the tracking URI"
		}
	}
	if to := e.response.Header.Get("Location"); to != "" {
		text += "; it redirects to " + to + ", which may be the tracking URI to use"
	}
	return text
}

// needsPerson reports whether an error is a response that waiting is unlikely to
// change: status 3xx or 4xx, except those that ask for a retry.
func needsPerson(err error) bool {
	var answer *answerError
	if !errors.As(err, &answer) {
		return false
	}
	switch status := answer.response.StatusCode; status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	default:
		return status >= 300 && status < 500
	}
}

func hasCode(err error, code string) bool {
	var answer *answerError
	return errors.As(err, &answer) && answer.code == code
}

// number is an integer that some servers send as a string.
type number int64

func (n *number) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseInt(strings.Trim(string(data), `"`), 10, 64)
	if err != nil {
		return err
	}
	*n = number(value)
	return nil
}

// decimal is a float that may be sent as a string, as "NaN" must be.
type decimal float64

func (d *decimal) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return err
	}
	*d = decimal(value)
	return nil
}
