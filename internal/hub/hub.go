// Package hub finds models in the Hugging Face cache, and downloads them from
// the hub into it.
//
// The cache is shared with Hugging Face's Python tools, with their layout, environment
// variables (see [FromEnv]) and locks. Every file is checked against the hub's size and
// hash before it is put in place, interrupted downloads are resumed, and the access token
// is sent only to the hub's own host, not to the file stores that the hub redirects to.
package hub

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Why a model isn't available; wrapped in the errors of [Client.Download].
var (
	ErrName        = errors.New("not a model's name")
	ErrOffline     = errors.New("offline by HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE")
	ErrUnreachable = errors.New("can't be reached")
	ErrUnknown     = errors.New("unknown model, or a private one")
	ErrRevision    = errors.New("unknown revision")
	ErrFile        = errors.New("no such file")
	ErrDenied      = errors.New("access denied")
	ErrCorrupt     = errors.New("damaged on its way")
)

// Client accesses the cache and the hub. Its methods may be called from several
// goroutines and processes at once.
type Client struct {
	Endpoint string // the hub's address, without a trailing slash
	Cache    string // the folder with models--…
	Token    string // access token; empty for none
	Offline  bool   // never contact the hub

	// Progress, if set, is called with the number of bytes of a file downloaded so far,
	// and its size, or -1 if unknown.
	Progress func(file string, done, total int64)

	limits limits
}

// limits are a client's timeouts. Tests use shorter ones.
type limits struct {
	connect  time.Duration // to connect, and again for the TLS handshake
	answer   time.Duration // for a response's header
	stall    time.Duration // between two parts of a file
	minWait  time.Duration // before a failed request is retried
	maxWait  time.Duration
	attempts int // without progress
}

var patience = limits{
	connect: 5 * time.Second, answer: 20 * time.Second, stall: 30 * time.Second,
	minWait: 500 * time.Millisecond, maxWait: 10 * time.Second, attempts: 4,
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)?$`)

// checkName returns an error for an invalid model name.
func checkName(model, revision string) error {
	if !nameForm.MatchString(model) || len(model) > 96 || strings.Contains(model, "--") || strings.Contains(model, "..") {
		return fmt.Errorf("%w: %q", ErrName, model)
	}
	if !filepath.IsLocal(revision) || revision == "." || strings.ContainsFunc(revision, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return fmt.Errorf("%w: %q is no branch, tag or commit", ErrRevision, revision)
	}
	return nil
}
