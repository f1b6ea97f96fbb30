package tracking

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

func TestParseModelURI(t *testing.T) {
	id := "m-" + strings.Repeat("0", 32)
	for text, want := range map[string]modelURI{
		"models:/helpline@champion":  {registered: "helpline", alias: "champion"},
		"models:/helpline calls/3":   {registered: "helpline calls", version: "3"},
		"models:/helpline/LATEST":    {registered: "helpline", version: "latest"},
		"models:/" + id:              {model: id},
		"runs:/0a1b/checkpoint/":     {run: "0a1b", path: "checkpoint"},
		"runs:/0a1b/checkpoint/more": {run: "0a1b", path: "checkpoint/more"},
	} {
		if got, err := parseModelURI(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"models:helpline", "models://helpline@champion", "models:/helpline", "models:/helpline@", "models:/@a", "models:/a/b/c", "models:/helpline/Production",
		"models:/", "runs:/0a1b", "runs:/0a1b/", "runs:/0a1b/../x", "runs:/../x", "runs://0a1b/x", "file:/x", "",
	} {
		if got, err := parseModelURI(text); !errors.Is(err, ErrModelURI) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func FuzzParseModelURI(f *testing.F) {
	for _, text := range []string{"models:/a@b", "models:/a/1", "runs:/0/x", "models:/a@b/1", "runs:/a/../b", "models:/\x00@b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseModelURI(text)
		if err != nil {
			return
		}
		kinds := 0
		for _, set := range []bool{m.registered != "", m.model != "", m.run != ""} {
			if set {
				kinds++
			}
		}
		if kinds != 1 || (m.registered != "") != (m.alias != "" || m.version != "") || m.alias != "" && m.version != "" {
			t.Errorf("%q is %+v", text, m)
		}
		if m.path != "" && !filepath.IsLocal(m.path) {
			t.Errorf("%q leaves the run: %q", text, m.path)
		}
	})
}

// filesServer hands out a model's files as MLflow does.
func filesServer(t *testing.T, files map[string]string, intercept func(w http.ResponseWriter, name string) bool) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/runs/get"):
			send(w, map[string]any{"run": map[string]any{"info": map[string]any{"run_id": "0a", "experiment_id": "1", "artifact_uri": "mlflow-artifacts:/1/0a/artifacts"}}})
		case strings.HasSuffix(r.URL.Path, "/artifacts/list"):
			send(w, map[string]any{"files": []any{map[string]any{"path": "checkpoint/MLmodel"}}})
		case strings.HasSuffix(r.URL.Path, "/mlflow-artifacts/artifacts") && r.URL.Query().Get("path") == "1/0a/artifacts/checkpoint":
			var list []any
			for name, text := range files {
				list = append(list, map[string]any{"path": name, "is_dir": false, "file_size": fmt.Sprint(len(text))})
			}
			send(w, map[string]any{"files": list})
		default:
			_, name, _ := strings.Cut(r.URL.Path, "/artifacts/1/0a/artifacts/checkpoint/")
			if intercept != nil && intercept(w, name) {
				return
			}
			fmt.Fprint(w, files[name])
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func fetchOptions(t *testing.T, uri string) FetchOptions {
	p := hasty
	return FetchOptions{URI: uri, Cache: t.TempDir(), Getenv: noEnv, pace: &p}
}

// TestFetchBrokenOff: what is fetched is whole, although connections break.
func TestFetchBrokenOff(t *testing.T) {
	var breaks atomic.Int64
	server := filesServer(t, map[string]string{"MLmodel": "m", "weights": "whole"}, func(w http.ResponseWriter, name string) bool {
		if name == "weights" && breaks.Add(1) <= 2 {
			w.Header().Set("Content-Length", "5")
			fmt.Fprint(w, "who")
			panic(http.ErrAbortHandler)
		}
		return false
	})
	dir, err := FetchModel(t.Context(), "runs:/0a/checkpoint", fetchOptions(t, server.URL))
	if err != nil {
		t.Fatal(err)
	}
	if got := readText(t, filepath.Join(dir, "weights")); got != "whole" || breaks.Load() != 3 {
		t.Errorf("%q after %d attempts", got, breaks.Load())
	}
}

// TestFetchChecked: a damaged model never appears; what an interrupted attempt left isn't
// trusted.
func TestFetchChecked(t *testing.T) {
	server := filesServer(t, map[string]string{"MLmodel": "m", "weights": "whole"}, nil)
	o := fetchOptions(t, server.URL)
	wrong := errors.New("wrong weights")
	o.Check = func(dir string) error {
		if text, err := os.ReadFile(filepath.Join(dir, "weights")); err != nil || string(text) != "whole" {
			return wrong
		}
		return nil
	}
	good := o.Check
	o.Check = func(string) error { return wrong }
	_, err := FetchModel(t.Context(), "runs:/0a/checkpoint", o)
	wantError(t, err, wrong, "runs:/0a/checkpoint")
	if left, _ := filepath.Glob(filepath.Join(o.Cache, "models", "*")); len(left) > 0 {
		t.Errorf("left %v", left)
	}

	o.Check = good
	dir, err := FetchModel(t.Context(), "runs:/0a/checkpoint", o)
	if err != nil {
		t.Fatal(err)
	}
	partial := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir))
	if err := errors.Join(os.Rename(dir, partial), os.WriteFile(filepath.Join(partial, "weights"), []byte("wrong"), 0o666)); err != nil {
		t.Fatal(err)
	}
	if dir, err = FetchModel(t.Context(), "runs:/0a/checkpoint", o); err != nil || readText(t, filepath.Join(dir, "weights")) != "whole" {
		t.Errorf("after a damaged attempt: %v", err)
	}

	// Nor is a model that was damaged in the cache, also if nobody can mend it.
	damage := func() {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "weights"), []byte("wrong"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	damage()
	if dir, err = FetchModel(t.Context(), "runs:/0a/checkpoint", o); err != nil || readText(t, filepath.Join(dir, "weights")) != "whole" {
		t.Errorf("damaged in the cache: %v", err)
	}
	damage()
	server.Close()
	if dir, err := FetchModel(t.Context(), "runs:/0a/checkpoint", o); err == nil {
		t.Errorf("with the server away the damaged model in %s was used", dir)
	}
}

// TestFetchWanted: only some files are fetched.
func TestFetchWanted(t *testing.T) {
	server := filesServer(t, map[string]string{"MLmodel": "m", "weights": "whole", "big": "x"}, nil)
	o := fetchOptions(t, server.URL)
	o.Wanted = func(files []string) []string {
		return slices.DeleteFunc(files, func(name string) bool { return name == "big" })
	}
	dir, err := FetchModel(t.Context(), "runs:/0a/checkpoint", o)
	if err != nil || fileExists(filepath.Join(dir, "big")) || !fileExists(filepath.Join(dir, "weights")) {
		t.Errorf("%s: %v", dir, err)
	}
}

// TestFetchOutside: no file name leads out of the cache.
func TestFetchOutside(t *testing.T) {
	for _, name := range []string{"../x", "/x", "a/../../x", `..\x`, "."} {
		server := filesServer(t, map[string]string{"MLmodel": "m", name: "x"}, nil)
		o := fetchOptions(t, server.URL)
		if _, err := FetchModel(t.Context(), "runs:/0a/checkpoint", o); err == nil || !strings.Contains(err.Error(), "names a file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFetchFromFiles(t *testing.T) {
	o, _ := fileOptions(t)
	run := mustOpen(t, o)
	run.LogModel(Model{Name: "checkpoint", Files: modelOfTest(t, "local"), History: "[]", Register: &Registration{Name: "x"}})
	mustFinish(t, run, Finished)
	if got := readText(t, filepath.Join(run.URL(), tagsFolder, tagModelHistory)); got != "[]" {
		t.Errorf("history %q", got)
	}
	dir, err := FetchModel(t.Context(), "runs:/"+run.ID()+"/checkpoint", FetchOptions{URI: o.URI, Getenv: noEnv})
	if err != nil || readText(t, filepath.Join(dir, "weights")) != "local" {
		t.Errorf("%s: %v", dir, err)
	}
	_, err = FetchModel(t.Context(), "models:/x@champion", FetchOptions{URI: o.URI, Getenv: noEnv})
	wantError(t, err, ErrModelNotFound, "MLFLOW_TRACKING_URI")
	_, err = FetchModel(t.Context(), "runs:/"+strings.Repeat("0", 32)+"/checkpoint", FetchOptions{URI: o.URI, Getenv: noEnv})
	wantError(t, err, ErrModelNotFound, "MLFLOW_TRACKING_URI")
}

// TestModelOnAnOlderServer: the model's files are artifacts of the run, and it isn't
// registered.
func TestModelOnAnOlderServer(t *testing.T) {
	f := newFake(t)
	o, warnings := fakeOptions(t, f)
	run := mustOpen(t, o)
	run.LogModel(Model{Name: "checkpoint", Files: modelOfTest(t, "w"), History: "[]", Register: &Registration{Name: "x"}})
	if err := run.Finish(context.Background(), Finished); err != nil {
		t.Fatal(err)
	}
	f.locked(func() {
		if f.artifacts["7/"+run.ID()+"/artifacts/checkpoint/weights"] != "w" || f.tags[tagModelHistory] != "[]" {
			t.Errorf("artifacts %v, tags %v", f.artifacts, f.tags)
		}
	})
	warnings.want(t, "has no model registry")
}
