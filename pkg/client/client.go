// Package client is a client of a Trident server (cmd/serve). It doesn't use libtorch,
// and contains the types of the wire format.
//
// Other programs call [Client.Predict]. pkg/serve uses the types.
package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/hashicorp/go-retryablehttp"
)

// Options are the settings of a connection. The zero value is for a server without keys.
type Options struct {
	Key     string       // sent as "Authorization: Bearer KEY"
	HTTP    *http.Client // nil: a new one
	Gzip    bool         // compress large requests, for a slow network; answers are compressed anyway
	Retries int          // how often a request that met a full queue, a server that starts or ends, or a broken connection is sent again; 0: DefaultRetries, negative: never
}

// DefaultRetries is the default number of retries; see [Options].
const DefaultRetries = 4

// Client is a client of one server. It is safe for concurrent use.
type Client struct {
	base     string
	key      string
	gzip     bool
	patient  *retryablehttp.Client
	straight *retryablehttp.Client // without retries
}

// New returns a client of the server at base, such as http://127.0.0.1:8080. It doesn't
// connect yet.
func New(base string, o Options) (*Client, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return nil, fmt.Errorf("server's address: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("server's address %q: want one such as http://127.0.0.1:8080", base)
	}
	retries := o.Retries
	if retries == 0 {
		retries = DefaultRetries
	}
	return &Client{
		base:     strings.TrimSuffix(base, "/"),
		key:      o.Key,
		gzip:     o.Gzip,
		patient:  transport(o.HTTP, max(0, retries)),
		straight: transport(o.HTTP, 0),
	}, nil
}

func transport(over *http.Client, retries int) *retryablehttp.Client {
	c := retryablehttp.NewClient()
	c.Logger = nil
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler // the last response has the reason
	c.CheckRetry = worthRetrying
	c.RetryMax = retries
	if over != nil {
		c.HTTPClient = over
	}
	return c
}

// worthRetrying excludes a server's own errors (500), which would recur.
func worthRetrying(ctx context.Context, r *http.Response, err error) (bool, error) {
	if err == nil && r.StatusCode == http.StatusInternalServerError {
		return false, ctx.Err()
	}
	return retryablehttp.DefaultRetryPolicy(ctx, r, err)
}

// Predict returns one prediction per text, in the same order. An error described by the
// server is a *[Problem]; errors don't contain the texts.
func (c *Client) Predict(ctx context.Context, request Request) (*Response, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	var response Response
	if err := c.do(ctx, c.patient, http.MethodPost, "/v1/predict", body, &response); err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	if len(response.Predictions) != len(request.Texts) {
		return nil, fmt.Errorf("predict: the server gave %d predictions for %d texts; is it another version?", len(response.Predictions), len(request.Texts))
	}
	return &response, nil
}

// Ready returns an error if the server doesn't accept requests yet, or no longer. It
// doesn't retry.
func (c *Client) Ready(ctx context.Context) error {
	if err := c.do(ctx, c.straight, http.MethodGet, "/readyz", nil, nil); err != nil {
		return fmt.Errorf("is the server ready: %w", err)
	}
	return nil
}

// Reload makes the server reload its model, and returns the SHA-256 of the new model. If
// it fails, the server continues with the current model.
func (c *Client) Reload(ctx context.Context) (model string, err error) {
	var answer struct{ Model string }
	if err := c.do(ctx, c.patient, http.MethodPost, "/admin/reload", nil, &answer); err != nil {
		return "", fmt.Errorf("reload: %w", err)
	}
	return answer.Model, nil
}

// worthZipping is the size from which a compressed body needs fewer packets.
const worthZipping = 1400

// do sends a request and decodes the response into out, unless that is nil.
func (c *Client) do(ctx context.Context, over *retryablehttp.Client, method, path string, body []byte, out any) error {
	var payload any // untyped nil: no body
	zipped := c.gzip && len(body) >= worthZipping
	switch {
	case zipped:
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(body); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		payload = b.Bytes()
	case body != nil:
		payload = body
	}
	request, err := retryablehttp.NewRequestWithContext(ctx, method, c.base+path, payload)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if zipped {
		request.Header.Set("Content-Encoding", "gzip")
	}
	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	response, err := over.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // read-only
	data, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return fmt.Errorf("read the answer: %w", err)
	case response.StatusCode != http.StatusOK:
		return problemOf(response, data)
	case out == nil:
		return nil
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(out); err != nil {
		return errors.New("the answer is not the JSON of a Trident server; is the address right?") // err may hold text
	}
	return nil
}

// problemOf converts an error response to an error.
func problemOf(response *http.Response, data []byte) error {
	var p Problem
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/problem+json") && json.Unmarshal(data, &p) == nil {
		return &p
	}
	return fmt.Errorf("the server answered %s", response.Status)
}
