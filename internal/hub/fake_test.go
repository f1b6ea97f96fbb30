package hub

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	model  = "owner/model"
	commit = "0123456789abcdef0123456789abcdef01234567"
	token  = "hf_secret"
)

// fakeHub plays the hub for one model, and the store of its large files on
// another port.
type fakeHub struct {
	hub, store *httptest.Server
	files      map[string][]byte
	commit     string // of main

	// intercept, if set, answers instead where it returns true. Requests come one at a time.
	intercept func(w http.ResponseWriter, r *http.Request) bool

	mu       sync.Mutex
	requests []string // method, path and range
	leaked   []string // requests to the store that had a token
	missing  int      // requests to the hub that had none
}

func newFakeHub(t *testing.T) *fakeHub {
	t.Helper()
	f := &fakeHub{commit: commit, files: map[string][]byte{
		"config.json":       []byte(`{"model_type": "distilbert"}` + "\n"),
		"vocab.txt":         []byte("[PAD]\n[UNK]\n"),
		"model.safetensors": weights(300_000),
	}}
	f.hub = httptest.NewServer(f.handler(f.serveHub))
	t.Cleanup(f.hub.Close)
	f.store = httptest.NewServer(f.handler(f.serveStore))
	t.Cleanup(f.store.Close)
	return f
}

// weights is a large file's content.
func weights(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i * 31 >> 3)
	}
	return data
}

// client is one of an empty cache, and of little patience.
func (f *fakeHub) client(t *testing.T) *Client {
	t.Helper()
	return &Client{Endpoint: f.hub.URL, Cache: t.TempDir(), Token: token, limits: limits{
		connect: 5 * time.Second, answer: 5 * time.Second, stall: 5 * time.Second,
		minWait: time.Millisecond, maxWait: 2 * time.Millisecond, attempts: 3,
	}}
}

func (f *fakeHub) handler(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		entry := r.Method + " " + r.URL.Path
		if part := r.Header.Get("Range"); part != "" {
			entry += " " + part
		}
		f.requests = append(f.requests, entry)
		if f.intercept == nil || !f.intercept(w, r) {
			serve(w, r)
		}
	}
}

func (f *fakeHub) count(prefix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, request := range f.requests {
		if strings.HasPrefix(request, prefix) {
			n++
		}
	}
	return n
}

func (f *fakeHub) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = nil
}

func refuse(w http.ResponseWriter, status int, code string) {
	if code != "" {
		w.Header().Set("X-Error-Code", code)
	}
	w.WriteHeader(status)
}

func (f *fakeHub) serveHub(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+token {
		f.missing++
	}
	path, isCache := strings.CutPrefix(r.URL.Path, "/api/resolve-cache/models/")
	if !isCache {
		if rest, ok := strings.CutPrefix(r.URL.Path, "/model/"); ok { // renamed
			w.Header().Set("Location", "/owner/model/"+rest)
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		rest, ok := strings.CutPrefix(r.URL.Path, "/"+model+"/resolve/")
		if !ok {
			refuse(w, http.StatusUnauthorized, "RepoNotFound")
			return
		}
		path = rest
	}
	revision, name, _ := strings.Cut(path, "/")
	if revision != "main" && revision != f.commit {
		refuse(w, http.StatusNotFound, "RevisionNotFound")
		return
	}
	w.Header().Set("X-Repo-Commit", f.commit)
	data, ok := f.files[name]
	switch {
	case !ok:
		refuse(w, http.StatusNotFound, "EntryNotFound")
	case strings.HasSuffix(name, ".safetensors"):
		w.Header().Set("X-Linked-Etag", `"`+sha256Of(data)+`"`)
		w.Header().Set("X-Linked-Size", strconv.Itoa(len(data)))
		w.Header().Set("Location", f.store.URL+"/"+name+"?signature=1")
		w.WriteHeader(http.StatusFound)
	case !isCache:
		w.Header().Set("Location", "/api/resolve-cache/models/"+f.commit+"/"+name)
		w.WriteHeader(http.StatusTemporaryRedirect)
	default:
		w.Header().Set("ETag", `"`+gitHash(data)+`"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(data)))
	}
}

func (f *fakeHub) serveStore(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		f.leaked = append(f.leaked, r.URL.Path)
	}
	data, ok := f.files[strings.TrimPrefix(r.URL.Path, "/")]
	if !ok || r.URL.RawQuery != "signature=1" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	w.Header().Set("ETag", `"of-the-store"`)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(data)))
}

// breakAfter answers a store's request with the file's part asked for, but
// breaks off after n bytes.
func (f *fakeHub) breakAfter(w http.ResponseWriter, r *http.Request, n int) {
	data := f.files[strings.TrimPrefix(r.URL.Path, "/")]
	from, status := 0, http.StatusOK
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
		status = http.StatusPartialContent
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(data)-from))
	w.WriteHeader(status)
	_, _ = w.Write(data[from:min(from+n, len(data))]) // then the connection is closed: Content-Length isn't reached
}

func sha256Of(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func gitHash(data []byte) string {
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(data)), data...))
	return hex.EncodeToString(sum[:])
}
