package hub

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// wants are a model's files. The fake hub has no tokenizer.json.
var wants = []Want{
	{Names: []string{"config.json"}},
	{Names: []string{"vocab.txt"}, Optional: true},
	{Names: []string{"tokenizer.json"}, Optional: true},
	{Names: []string{"model.safetensors", "pytorch_model.bin"}},
}

func mustDownload(t *testing.T, f *fakeHub, c *Client) string {
	t.Helper()
	dir, err := c.Download(t.Context(), model, "main", wants...)
	if err != nil {
		t.Fatal(err)
	}
	expectFiles(t, f, dir)
	return dir
}

func expectFiles(t *testing.T, f *fakeHub, dir string) {
	t.Helper()
	for name, want := range f.files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes other than the hub's", name, len(got))
		}
	}
}

func expectNothing(t *testing.T, pattern string) {
	t.Helper()
	if found, err := filepath.Glob(pattern); err != nil || len(found) > 0 {
		t.Errorf("left behind: %v, %v", found, err)
	}
}

func TestDownloadMakesHuggingFacesLayout(t *testing.T) {
	f := newFakeHub(t)
	c := f.client(t)
	done := map[string]int64{}
	c.Progress = func(file string, got, total int64) {
		if total != int64(len(f.files[file])) || got < done[file] || got > total {
			t.Errorf("progress of %s: %d of %d after %d", file, got, total, done[file])
		}
		done[file] = got
	}
	dir := mustDownload(t, f, c)
	root := filepath.Join(c.Cache, "models--owner--model")
	if want := filepath.Join(root, "snapshots", commit); dir != want {
		t.Errorf("folder %s, want %s", dir, want)
	}
	if ref, err := os.ReadFile(filepath.Join(root, "refs", "main")); err != nil || string(ref) != commit {
		t.Errorf("refs/main is %q, %v", ref, err)
	}
	for name, hash := range map[string]string{
		"config.json":       gitHash(f.files["config.json"]),
		"model.safetensors": sha256Of(f.files["model.safetensors"]),
	} {
		if target, err := os.Readlink(filepath.Join(dir, name)); err != nil || target != "../../blobs/"+hash {
			t.Errorf("%s is a link to %q, %v", name, target, err)
		}
	}
	if _, err := os.Stat(filepath.Join(root, ".no_exist", commit, "tokenizer.json")); err != nil {
		t.Error("that there is no tokenizer.json isn't noted: ", err)
	}
	expectNothing(t, filepath.Join(root, "blobs", "*.incomplete"))
	for name, data := range f.files {
		if done[name] != int64(len(data)) {
			t.Errorf("progress of %s ended at %d", name, done[name])
		}
	}
	if f.missing > 0 || len(f.leaked) > 0 {
		t.Errorf("%d requests to the hub lacked the token; the store saw it with %v", f.missing, f.leaked)
	}
	if cached, ok := c.Cached(model, "main"); !ok || cached != dir {
		t.Errorf("Cached: %s, %v", cached, ok)
	}
	if cached, ok := c.Cached(model, commit); !ok || cached != dir {
		t.Errorf("Cached by commit: %s, %v", cached, ok)
	}

	f.forget()
	mustDownload(t, f, c)
	if n := f.count("GET"); n != 0 {
		t.Errorf("%d files were downloaded a second time", n)
	}
}

func TestDownloadByAnOldName(t *testing.T) {
	f := newFakeHub(t)
	c := f.client(t)
	dir, err := c.Download(t.Context(), "model", "main", wants...)
	if err != nil {
		t.Fatal(err)
	}
	expectFiles(t, f, dir)
	if want := filepath.Join(c.Cache, "models--model", "snapshots", commit); dir != want {
		t.Errorf("folder %s, want %s", dir, want)
	}
	if f.missing > 0 {
		t.Errorf("%d requests to the hub lacked the token", f.missing)
	}
}

func TestDownloadTakesTheFirstOfSeveralNames(t *testing.T) {
	f := newFakeHub(t)
	f.files["pytorch_model.bin"] = []byte("other weights")
	delete(f.files, "model.safetensors")
	dir := mustDownload(t, f, f.client(t))
	if _, err := os.Stat(filepath.Join(dir, "pytorch_model.bin")); err != nil {
		t.Error(err)
	}
}

func TestDownloadOfACommit(t *testing.T) {
	f := newFakeHub(t)
	c := f.client(t)
	dir, err := c.Download(t.Context(), model, commit, wants...)
	if err != nil {
		t.Fatal(err)
	}
	expectFiles(t, f, dir)
	expectNothing(t, filepath.Join(c.Cache, "models--owner--model", "refs", "*"))

	f.forget()
	f.commit = strings.Repeat("f", 40)
	if _, err := c.Download(t.Context(), model, commit, wants[0], wants[3]); err != nil {
		t.Error(err)
	}
	if len(f.requests) > 0 {
		t.Errorf("the hub was asked for what is there: %v", f.requests)
	}
}

// TestNewCommitSharesBlobs downloads only what another commit changed.
func TestNewCommitSharesBlobs(t *testing.T) {
	f := newFakeHub(t)
	c := f.client(t)
	mustDownload(t, f, c)
	f.forget()
	f.commit = strings.Repeat("f", 40)
	f.files["vocab.txt"] = []byte("[PAD]\n")
	if dir := mustDownload(t, f, c); filepath.Base(dir) != f.commit {
		t.Errorf("folder %s, want one for %s", dir, f.commit)
	}
	if all, vocab := f.count("GET /owner/"), f.count("GET /owner/model/resolve/"+f.commit+"/vocab.txt"); all != 1 || vocab != 1 {
		t.Errorf("%d downloads, %d of them vocab.txt; want that alone", all, vocab)
	}
}

// TestDownloadKeepsToOneCommit asks for the branch once: it may move.
func TestDownloadKeepsToOneCommit(t *testing.T) {
	f := newFakeHub(t)
	mustDownload(t, f, f.client(t))
	if n := f.count("HEAD /owner/model/resolve/main/"); n != 1 {
		t.Errorf("main was asked for %d times", n)
	}
	if n := f.count("HEAD /owner/model/resolve/" + commit + "/"); n != 3 {
		t.Errorf("the commit was asked for %d times; want once for each other file", n)
	}
}

func TestHubRefuses(t *testing.T) {
	answer := func(status int, header ...string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			return true
		}
	}
	for name, tc := range map[string]struct {
		model, revision string
		intercept       func(http.ResponseWriter, *http.Request) bool
		want            error // or nil
		text            string
	}{
		"unknown model":    {model: "no/such-model", want: ErrUnknown, text: "HF_TOKEN"},
		"unknown revision": {revision: "v9", want: ErrRevision, text: "owner/model@v9"},
		"gated":            {intercept: answer(403, "X-Error-Code", "GatedRepo"), want: ErrDenied, text: "accept them on the model's page"},
		"gated, no token":  {intercept: answer(401, "X-Error-Code", "GatedRepo"), want: ErrDenied, text: "accept them on the model's page"},
		"bad token":        {intercept: answer(401, "X-Error-Message", "Invalid credentials in Authorization header"), want: ErrDenied, text: "doesn't know the access token"},
		"plain 401":        {intercept: answer(401), want: ErrUnknown, text: "HF_TOKEN"},
		"plain 403":        {intercept: answer(403), want: ErrDenied, text: "403 Forbidden"},
		"plain 404":        {intercept: answer(404), want: ErrFile, text: "config.json"},
		"always busy":      {intercept: answer(503, "Retry-After", "9999"), text: "503 Service Unavailable"},
		"odd status":       {intercept: answer(418), text: "418"},
		"no hub":           {intercept: answer(200), text: "doesn't answer as a Hugging Face hub does"},
		"odd commit":       {intercept: answer(200, "X-Repo-Commit", "../../etc", "ETag", `"x"`), text: "doesn't answer as a Hugging Face hub does"},
		"odd hash":         {intercept: answer(200, "X-Repo-Commit", commit, "ETag", `"../../x"`), text: "doesn't answer as a Hugging Face hub does"},
		"redirects in circles": {
			intercept: func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, r.URL.Path, http.StatusFound)
				return true
			},
			text: "redirects more than",
		},
		"the store refuses": {
			intercept: func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/model.safetensors" {
					return false
				}
				w.WriteHeader(http.StatusForbidden)
				return true
			},
			text: "where the hub keeps the file, answers 403",
		},
		"no weights": {
			intercept: func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, "model.safetensors") {
					return false
				}
				refuse(w, http.StatusNotFound, "EntryNotFound")
				return true
			},
			want: ErrFile, text: "model.safetensors or pytorch_model.bin",
		},
		"another commit than asked for": {
			intercept: func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, "vocab.txt") {
					w.Header().Set("X-Repo-Commit", strings.Repeat("f", 40))
					w.Header().Set("ETag", `"abc"`)
					return true
				}
				return false
			},
			text: "the hub has another",
		},
		"name of a folder":   {model: "./models/x", want: ErrName, text: `"./models/x"`},
		"name going up":      {model: "a/..", want: ErrName},
		"name of three":      {model: "a/b/c", want: ErrName},
		"revision going up":  {revision: "../x", want: ErrRevision},
		"revision with line": {revision: "a\nb", want: ErrRevision},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeHub(t)
			f.intercept = tc.intercept
			c := f.client(t)
			if tc.model == "" {
				tc.model = model
			}
			if tc.revision == "" {
				tc.revision = "main"
			}
			dir, err := c.Download(t.Context(), tc.model, tc.revision, wants...)
			if err == nil {
				t.Fatalf("no error, but %s", dir)
			}
			if tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("error %q isn't %q", err, tc.want)
			}
			if text := err.Error(); !strings.Contains(text, tc.text) || strings.Contains(text, "\n") || strings.Contains(text, token) || strings.Contains(text, "signature") {
				t.Errorf("error %q: want %q, one line, no secrets", err, tc.text)
			}
			if _, ok := c.Cached(tc.model, tc.revision); ok {
				t.Error("the cache knows the revision, though files are missing")
			}
		})
	}
}

func TestDownloadNeedsTheHub(t *testing.T) {
	f := newFakeHub(t)
	c := f.client(t)
	c.Offline = true
	if _, err := c.Download(t.Context(), model, "main", wants...); !errors.Is(err, ErrOffline) {
		t.Errorf("offline: %v", err)
	}
	if len(f.requests) > 0 {
		t.Errorf("offline, but asked: %v", f.requests)
	}
	c.Offline = false
	f.hub.Close()
	_, err := c.Download(t.Context(), model, "main", wants...)
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), f.hub.URL) {
		t.Errorf("no server: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Download(ctx, model, "main", wants...); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestBusyHubIsAskedAgain(t *testing.T) {
	f := newFakeHub(t)
	busy := map[string]bool{}
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if busy[r.Method+r.URL.Path] {
			return false
		}
		busy[r.Method+r.URL.Path] = true
		w.WriteHeader([]int{http.StatusTooManyRequests, http.StatusBadGateway}[len(busy)%2])
		return true
	}
	// Two attempts fail on the way of a large file: the hub, then the store.
	mustDownload(t, f, f.client(t))
}

// TestTwoAtOnce downloads into one cache from two clients.
func TestTwoAtOnce(t *testing.T) {
	f := newFakeHub(t)
	first := f.client(t)
	second := *first
	var group sync.WaitGroup
	errs := make([]error, 2)
	for i, c := range []*Client{first, &second} {
		group.Go(func() { _, errs[i] = c.Download(t.Context(), model, "main", wants...) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	dir, _ := first.Cached(model, "main")
	expectFiles(t, f, dir)
	if n := f.count("GET /model.safetensors"); n != 1 {
		t.Errorf("the weights were downloaded %d times", n)
	}
}

func TestLockIsWaitedFor(t *testing.T) {
	f := newFakeHub(t)
	c := f.client(t)
	unlock, err := c.lock(t.Context(), model, gitHash(f.files["config.json"]))
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("waited enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	f.intercept = func(http.ResponseWriter, *http.Request) bool {
		if len(f.requests) == 2 { // the file is described, its lock comes next
			cancel(cause)
		}
		return false
	}
	if _, err := c.Download(ctx, model, "main", wants...); !errors.Is(err, cause) && !errors.Is(err, context.Canceled) {
		t.Errorf("a locked file: %v", err)
	}
	if n := f.count("GET"); n > 0 {
		t.Errorf("%d downloads past a lock", n)
	}
	unlock()
	f.intercept = nil
	mustDownload(t, f, c)
}

func TestCachedBelievesNoOddRef(t *testing.T) {
	c := newFakeHub(t).client(t)
	root := filepath.Join(c.Cache, "models--owner--model")
	if err := os.MkdirAll(filepath.Join(root, "refs"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"", ".", "..", "../../x", "/etc", commit} {
		if err := os.WriteFile(filepath.Join(root, "refs", "main"), []byte(ref), 0o666); err != nil {
			t.Fatal(err)
		}
		if dir, ok := c.Cached(model, "main"); ok {
			t.Errorf("refs/main %q: found %s", ref, dir)
		}
	}
}

func TestTokenNeedsTheSameAddress(t *testing.T) {
	c := &Client{Endpoint: "https://hub.example:8443", Token: token}
	r, err := c.requester()
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"https://hub.example:8443/x":          true,
		"https://HUB.example:8443/x":          true,
		"http://hub.example:8443/x":           false,
		"https://hub.example/x":               false,
		"https://cdn.hub.example:8443/x":      false,
		"https://hub.example:8443@evil.com/x": false,
	} {
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.isHub(req.URL); got != want {
			t.Errorf("%s: the token is sent: %v", address, got)
		}
	}
}
