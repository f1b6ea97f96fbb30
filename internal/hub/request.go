package hub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"github.com/hashicorp/go-retryablehttp"
)

// requester speaks HTTP for one download.
type requester struct {
	*Client
	host *url.URL // the hub's
	http *http.Client
}

func (c *Client) requester() (*requester, error) {
	host, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("the hub's address: %w", err)
	}
	transport := cleanhttp.DefaultPooledTransport()
	transport.DialContext = (&net.Dialer{Timeout: c.limits.connect}).DialContext
	transport.TLSHandshakeTimeout = c.limits.connect
	transport.ResponseHeaderTimeout = c.limits.answer
	transport.DisableCompression = true // sizes and ranges are the file's
	return &requester{Client: c, host: host, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (r *requester) close() { r.http.CloseIdleConnections() }

// address returns the URL of a model's file.
func (r *requester) address(model, revision, name string) string {
	return r.Endpoint + "/" + model + "/resolve/" + url.PathEscape(revision) + "/" + name
}

const maxRedirects = 10

// do makes a request and follows redirects until enough accepts one, or there is a final
// response. The token is sent only to the hub.
func (r *requester) do(ctx context.Context, method, address string, header http.Header, enough func(*http.Response) bool) (*http.Response, error) {
	for range maxRedirects {
		req, err := http.NewRequestWithContext(ctx, method, address, nil)
		if err != nil {
			return nil, err
		}
		req.Header = header.Clone()
		req.Header.Set("User-Agent", "trident")
		req.Header.Set("Accept-Encoding", "identity")
		if r.Token != "" && r.isHub(req.URL) {
			req.Header.Set("Authorization", "Bearer "+r.Token)
		}
		resp, err := r.http.Do(req)
		if err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, unreachable(req.URL, err)
		}
		location := resp.Header.Get("Location")
		if resp.StatusCode < 300 || resp.StatusCode > 399 || location == "" || enough(resp) {
			return resp, nil
		}
		resp.Body.Close()
		next, err := req.URL.Parse(location)
		if err != nil {
			return nil, fmt.Errorf("%s redirects to no address", req.URL.Host)
		}
		if req.URL.Scheme == "https" && next.Scheme != "https" {
			return nil, fmt.Errorf("%s redirects to %s without encryption", req.URL.Host, next.Host)
		}
		address = next.String()
	}
	return nil, fmt.Errorf("%s redirects more than %d times", r.host.Host, maxRedirects)
}

func (r *requester) isHub(u *url.URL) bool {
	return u.Scheme == r.host.Scheme && strings.EqualFold(u.Host, r.host.Host)
}

// unreachable removes what net/http adds to an error: the method, and a URL that may be
// signed.
func unreachable(u *url.URL, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("%s://%s %w (%w)", u.Scheme, u.Host, ErrUnreachable, err)
}

// busyError is a response that may succeed on a retry.
type busyError struct {
	resp *http.Response
	host string
}

func (e *busyError) Error() string { return e.host + " answers " + e.resp.Status }

// statusError returns the meaning of an error response.
func (r *requester) statusError(resp *http.Response) error {
	host := resp.Request.URL.Host
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 {
		return &busyError{resp, host}
	}
	if !r.isHub(resp.Request.URL) {
		return fmt.Errorf("%s, where the hub keeps the file, answers %s", host, resp.Status)
	}
	switch code := resp.Header.Get("X-Error-Code"); {
	case code == "EntryNotFound":
		return ErrFile
	case code == "RevisionNotFound":
		return ErrRevision
	case code == "GatedRepo":
		return fmt.Errorf("%w: its owner wants terms accepted first: accept them on the model's page at %s, and set HF_TOKEN to a token of that account", ErrDenied, r.host.Redacted())
	case resp.StatusCode == http.StatusUnauthorized && strings.HasPrefix(resp.Header.Get("X-Error-Message"), "Invalid credentials"):
		return fmt.Errorf("%w: the hub doesn't know the access token; set HF_TOKEN to another, or log in anew with `hf auth login`", ErrDenied)
	case code == "RepoNotFound", resp.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%w; check its name at %s, or set HF_TOKEN to a token that may read it", ErrUnknown, r.host.Redacted())
	case resp.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w: the hub answers %s; set HF_TOKEN to a token that may read the model", ErrDenied, resp.Status)
	case resp.StatusCode == http.StatusNotFound:
		return ErrFile
	}
	return fmt.Errorf("%s answers %s", host, resp.Status)
}

// pause waits before retrying attempt number n, from 0: as long as the server asks for,
// within limits.
func (r *requester) pause(ctx context.Context, n int, err error) error {
	var busy *busyError
	var resp *http.Response
	if errors.As(err, &busy) {
		resp = busy.resp
	}
	wait := retryablehttp.DefaultBackoff(r.limits.minWait, r.limits.maxWait, n, resp)
	return sleep(ctx, min(max(wait, 0), r.limits.maxWait))
}

// describe requests a file's information from the hub.
func (r *requester) describe(ctx context.Context, model, revision, name string) (remoteFile, error) {
	for attempt := 0; ; attempt++ {
		file, err := r.describeOnce(ctx, model, revision, name)
		var busy *busyError
		if !errors.As(err, &busy) || attempt+1 == r.limits.attempts {
			return file, err
		}
		if err := r.pause(ctx, attempt, err); err != nil {
			return remoteFile{}, err
		}
	}
}

func (r *requester) describeOnce(ctx context.Context, model, revision, name string) (remoteFile, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.limits.answer, fmt.Errorf("%s %w (no answer in %v)", r.host.Redacted(), ErrUnreachable, r.limits.answer.Round(time.Second)))
	defer cancel()
	file := remoteFile{address: r.address(model, revision, name), size: -1}
	resp, err := r.do(ctx, http.MethodHead, file.address, http.Header{}, func(redirect *http.Response) bool {
		file.learn(redirect.Header)
		return file.commit != "" && file.hash != ""
	})
	if err != nil {
		return file, err
	}
	resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK:
		file.learn(resp.Header)
		if file.hash == "" {
			file.hash = unquote(resp.Header.Get("ETag"))
		}
		if file.size < 0 {
			file.size = resp.ContentLength
		}
	case resp.StatusCode > 399 || resp.StatusCode < 300:
		err := r.statusError(resp)
		if errors.Is(err, ErrFile) {
			file.learn(resp.Header) // the commit that lacks it
		}
		return file, err
	}
	if !commitForm.MatchString(file.commit) || !hashForm.MatchString(file.hash) {
		return file, fmt.Errorf("%s doesn't answer as a Hugging Face hub does (no commit or ETag); check HF_ENDPOINT", r.host.Redacted())
	}
	return file, nil
}
