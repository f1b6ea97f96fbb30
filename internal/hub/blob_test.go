package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// partialPath is where a client keeps what it has of the weights.
func partialPath(f *fakeHub, c *Client) string {
	return c.folder(model).blob(sha256Of(f.files["model.safetensors"])) + ".incomplete"
}

func leave(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestResume(t *testing.T) {
	const size = 300_000
	fine := weights(size)
	for name, tc := range map[string]struct {
		left      []byte // by an earlier try
		ignore    bool   // the store knows no ranges
		breakAt   int    // each answer breaks off after so many bytes
		transfers []string
	}{
		"nothing left":        {nil, false, 0, []string{"GET /model.safetensors"}},
		"a third left":        {fine[:100_000], false, 0, []string{"GET /model.safetensors bytes=100000-"}},
		"all left":            {fine, false, 0, nil},
		"too much left":       {append(slices.Clone(fine), 1, 2), false, 0, []string{"GET /model.safetensors"}},
		"all of it wrong":     {make([]byte, size), false, 0, []string{"GET /model.safetensors"}},
		"another file's part": {make([]byte, 7), false, 0, []string{"GET /model.safetensors bytes=7-", "GET /model.safetensors"}},
		"no ranges":           {fine[:100_000], true, 0, []string{"GET /model.safetensors bytes=100000-"}},
		"broken connections": {nil, false, 70_000, []string{
			"GET /model.safetensors", "GET /model.safetensors bytes=70000-", "GET /model.safetensors bytes=140000-",
			"GET /model.safetensors bytes=210000-", "GET /model.safetensors bytes=280000-",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeHub(t)
			c := f.client(t)
			if tc.left != nil {
				leave(t, partialPath(f, c), tc.left)
			}
			f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/model.safetensors" {
					return false
				}
				if tc.ignore {
					r.Header.Del("Range")
				}
				if tc.breakAt > 0 {
					f.breakAfter(w, r, tc.breakAt)
					return true
				}
				return false
			}
			mustDownload(t, f, c)
			var transfers []string
			for _, request := range f.requests {
				if strings.HasPrefix(request, "GET /model.safetensors") {
					transfers = append(transfers, request)
				}
			}
			if !slices.Equal(transfers, tc.transfers) {
				t.Errorf("transfers %q, want %q", transfers, tc.transfers)
			}
			expectNothing(t, partialPath(f, c))
		})
	}
}

// TestBrokenForGood keeps what came for the next time.
func TestBrokenForGood(t *testing.T) {
	f := newFakeHub(t)
	c := f.client(t)
	limit := 90_000
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/model.safetensors" {
			return false
		}
		f.breakAfter(w, r, limit)
		limit = 0
		return true
	}
	_, err := c.Download(t.Context(), model, "main", wants...)
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "model.safetensors") {
		t.Errorf("error %v", err)
	}
	if n := f.count("GET /model.safetensors"); n != c.limits.attempts {
		t.Errorf("%d attempts", n)
	}
	if info, err := os.Stat(partialPath(f, c)); err != nil || info.Size() != 90_000 {
		t.Errorf("what came isn't kept: %v, %v", info, err)
	}
	f.forget()
	f.intercept = nil
	mustDownload(t, f, c)
	if n := f.count("GET /model.safetensors bytes=90000-"); n != 1 {
		t.Errorf("not gone on from 90000: %q", f.requests)
	}
}

func TestDamageIsFound(t *testing.T) {
	for name, tc := range map[string]struct {
		file  string
		alter func([]byte) []byte
	}{
		"a bit of the weights":         {"model.safetensors", func(data []byte) []byte { data[1000] ^= 1; return data }},
		"a letter of a small file":     {"vocab.txt", func(data []byte) []byte { data[1] = 'Q'; return data }},
		"weights with more at the end": {"model.safetensors", func(data []byte) []byte { return append(data, 0) }},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeHub(t)
			c := f.client(t)
			f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodGet || filepath.Base(r.URL.Path) != tc.file || strings.Contains(r.URL.Path, "/resolve/") {
					return false
				}
				data := tc.alter(slices.Clone(f.files[tc.file]))
				w.Header().Set("Content-Length", strconv.Itoa(len(data)))
				_, _ = w.Write(data)
				return true
			}
			_, err := c.Download(t.Context(), model, "main", wants...)
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tc.file) {
				t.Errorf("error %v", err)
			}
			hash := gitHash(f.files[tc.file])
			if tc.file == "model.safetensors" {
				hash = sha256Of(f.files[tc.file])
			}
			expectNothing(t, c.folder(model).blob(hash)+"*")

			f.intercept = nil
			mustDownload(t, f, c)
		})
	}
}

// TestStalledTransferIsBrokenOff has a store that sends a part and then nothing.
func TestStalledTransferIsBrokenOff(t *testing.T) {
	f := newFakeHub(t)
	c := f.client(t)
	c.limits.stall = 300 * time.Millisecond
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/model.safetensors" || r.Header.Get("Range") != "" {
			return false
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(f.files["model.safetensors"])))
		_, _ = w.Write(f.files["model.safetensors"][:5000])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return true
	}
	mustDownload(t, f, c)
}

func TestCancelledTransferKeepsItsPart(t *testing.T) {
	const sent = 5000 // bytes, before the server stalls
	f := newFakeHub(t)
	c := f.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	c.Progress = func(file string, done, _ int64) {
		if file == "model.safetensors" && done == sent { // in however many reads
			cancel()
		}
	}
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/model.safetensors" {
			return false
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(f.files["model.safetensors"])))
		_, _ = w.Write(f.files["model.safetensors"][:sent])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return true
	}
	if _, err := c.Download(ctx, model, "main", wants...); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if info, err := os.Stat(partialPath(f, c)); err != nil || info.Size() != sent {
		t.Errorf("what came isn't kept: %v, %v", info, err)
	}
}

// TestMirrorWithoutHashes has an ETag of its own and no size: the file counts
// as whole when the connection ends well.
func TestMirrorWithoutHashes(t *testing.T) {
	f := newFakeHub(t)
	f.files = map[string][]byte{"config.json": []byte("{}")}
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("X-Repo-Commit", commit)
		w.Header().Set("ETag", `W/"etag-1"`)
		_ = http.NewResponseController(w).Flush() // no Content-Length
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte("{}"))
		}
		return true
	}
	c := f.client(t)
	dir, err := c.Download(t.Context(), model, "main", wants[0])
	if err != nil {
		t.Fatal(err)
	}
	expectFiles(t, f, dir)
	if target, err := os.Readlink(filepath.Join(dir, "config.json")); err != nil || target != "../../blobs/etag-1" {
		t.Errorf("link to %q, %v", target, err)
	}
}

// TestMirrorsSizeIsChecked, where its ETag says nothing of the content.
func TestMirrorsSizeIsChecked(t *testing.T) {
	f := newFakeHub(t)
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("X-Repo-Commit", commit)
		w.Header().Set("ETag", `"etag-1"`)
		w.Header().Set("X-Linked-Size", "3")
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte("four"))
		}
		return true
	}
	c := f.client(t)
	_, err := c.Download(t.Context(), model, "main", wants[0])
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "it has 4 bytes, the hub says 3") {
		t.Errorf("error %v", err)
	}
	expectNothing(t, c.folder(model).blob("*"))
}

func TestNoWayBackToPlainHTTP(t *testing.T) {
	f := newFakeHub(t)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, f.hub.URL+r.URL.Path, http.StatusFound)
	}))
	defer secure.Close()
	c := f.client(t)
	c.Endpoint = secure.URL
	r, err := c.requester()
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.http.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	_, err = r.describe(t.Context(), model, "main", "config.json")
	if err == nil || !strings.Contains(err.Error(), "without encryption") {
		t.Errorf("error %v", err)
	}
	if len(f.requests) > 0 {
		t.Errorf("followed: %q", f.requests)
	}
}
