package backbone_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/backbone"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// cacheWith makes a Hugging Face cache that has, of main, the files of a
// model, and forbids the hub. It returns the snapshot's folder.
func cacheWith(t *testing.T, folder string, files ...string) string {
	t.Helper()
	cache := t.TempDir()
	t.Setenv("HF_HUB_CACHE", cache)
	t.Setenv("HF_HUB_OFFLINE", "1")
	snapshot := filepath.Join(cache, folder, "snapshots", commit)
	refs := filepath.Join(cache, folder, "refs")
	for _, dir := range []string{snapshot, refs} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(refs, "main"), []byte(commit))
	for _, name := range files {
		write(t, filepath.Join(snapshot, name), []byte("{}"))
	}
	return snapshot
}

func TestFindInTheCache(t *testing.T) {
	const folder = "models--distilbert--distilbert-base-cased"
	for _, files := range [][]string{
		{"config.json", "vocab.txt", "model.safetensors"},
		{"config.json", "tokenizer.json", "pytorch_model.bin"},
	} {
		snapshot := cacheWith(t, folder, files...)
		for _, name := range []string{"distilbert-base-cased", "distilbert/distilbert-base-cased"} {
			for _, revision := range []string{"main", commit} {
				if dir, err := backbone.Find(t.Context(), name, revision, nil); err != nil || dir != snapshot {
					t.Errorf("Find(%q, %q) = %q, %v; want the snapshot", name, revision, dir, err)
				}
			}
		}
		_, err := backbone.Find(t.Context(), "distilbert-base-cased", "v1", nil)
		expectError(t, "another revision", err, "HF_HUB_OFFLINE", "--revision v1")
	}
	snapshot := cacheWith(t, "models--google-bert--bert-base-multilingual-cased", "config.json", "vocab.txt", "model.safetensors")
	if dir, err := backbone.Find(t.Context(), "bert-base-multilingual-cased", "main", nil); err != nil || dir != snapshot {
		t.Errorf("BERT's old name: %q, %v; want %q", dir, err, snapshot)
	}
	dir := t.TempDir()
	if got, err := backbone.Find(t.Context(), dir, "main", nil); err != nil || got != dir {
		t.Errorf("a directory: %q, %v", got, err)
	}
	if got, err := backbone.FindLocal(dir, "main"); err != nil || got != dir {
		t.Errorf("a directory: %q, %v", got, err)
	}
}

func TestFindWithoutTheHub(t *testing.T) {
	snapshot := cacheWith(t, "models--someone--part", "config.json", "vocab.txt")
	cache := os.Getenv("HF_HUB_CACHE")
	if dir, err := backbone.FindLocal("someone/part", "main"); err != nil || dir != snapshot {
		t.Errorf("enough for a dry run: %q, %v", dir, err)
	}
	for _, name := range []string{"someone/part", "someone/else"} {
		_, err := backbone.Find(t.Context(), name, "main", nil)
		expectError(t, name, err, `"`+name+`" is neither a directory nor whole in the Hugging Face cache (`+cache+")", "HF_HUB_OFFLINE",
			"hf download "+name)
		if !errors.Is(err, backbone.ErrNotFound) {
			t.Errorf("%s: error %v isn't ErrNotFound", name, err)
		}
	}
	if _, err := backbone.FindLocal("someone/else", "main"); !errors.Is(err, backbone.ErrNotFound) {
		t.Errorf("FindLocal: %v", err)
	}

	t.Setenv("HF_HUB_OFFLINE", "")
	t.Setenv("HF_ENDPOINT", closedPort(t))
	_, err := backbone.Find(t.Context(), "someone/else", "main", nil)
	expectError(t, "closed port", err, "can't be reached", os.Getenv("HF_ENDPOINT"), "hf download someone/else")

	_, err = backbone.Find(t.Context(), "./models/typo", "main", nil)
	expectError(t, "a mistyped folder", err, `"./models/typo" is no directory`)

	t.Setenv("HF_ENDPOINT", "not an address")
	_, err = backbone.Find(t.Context(), "someone/else", "main", nil)
	expectError(t, "bad endpoint", err, "HF_ENDPOINT")
}

// closedPort is the address of a server that is gone.
func closedPort(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	return server.URL
}

// serveHub is a hub that has, of someone/part alone, these files.
func serveHub(t *testing.T, content map[string]string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		model, file, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/resolve/")
		_, name, _ := strings.Cut(file, "/")
		data, known := content[name]
		w.Header().Set("X-Repo-Commit", commit)
		switch {
		case !ok || model != "someone/part":
			w.Header().Set("X-Error-Code", "RepoNotFound")
			w.WriteHeader(http.StatusNotFound)
		case !known:
			w.Header().Set("X-Error-Code", "EntryNotFound")
			w.WriteHeader(http.StatusNotFound)
		default:
			sum := sha256.Sum256([]byte(data))
			w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			if r.Method == http.MethodGet {
				_, _ = w.Write([]byte(data))
			}
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("HF_ENDPOINT", server.URL)
}

// TestFindDownloads completes a part of a model that is in the cache.
func TestFindDownloads(t *testing.T) {
	content := map[string]string{"config.json": "{}", "tokenizer.json": "{ }", "pytorch_model.bin": "weights"}
	serveHub(t, content)
	snapshot := cacheWith(t, "models--someone--part", "config.json")
	t.Setenv("HF_HUB_OFFLINE", "0")
	if _, err := backbone.FindLocal("someone/part", "main"); !errors.Is(err, backbone.ErrNotFound) {
		t.Errorf("a configuration alone: %v", err)
	}
	seen := map[string]int64{}
	dir, err := backbone.Find(t.Context(), "someone/part", "main", func(file string, done, _ int64) { seen[file] = done })
	if err != nil || dir != snapshot {
		t.Fatalf("%q, %v; want %s", dir, err, snapshot)
	}
	for name, want := range content {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(data) != want {
			t.Errorf("%s is %q, %v", name, data, err)
		}
	}
	if seen["pytorch_model.bin"] != 7 {
		t.Errorf("progress: %v", seen)
	}

	_, err = backbone.Find(t.Context(), "someone/else", "main", nil)
	expectError(t, "unknown model", err, "someone/else@main", "unknown model", "HF_TOKEN")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := backbone.Find(ctx, "someone/else", "main", nil); !errors.Is(err, context.Canceled) || errors.Is(err, backbone.ErrNotFound) {
		t.Errorf("cancelled: %v", err)
	}
}
