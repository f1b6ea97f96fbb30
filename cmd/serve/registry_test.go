package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
)

// TestAlias: the service takes the version that has the alias, and at SIGHUP the one that
// has it then. While MLflow is away the earlier one stays.
func TestAlias(t *testing.T) {
	dirs := map[string]string{"1": tinymodel.Dir(t, 1), "2": tinymodel.Dir(t, 2)}
	var version atomic.Value
	version.Store("1")
	mlflow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		answer := func(value any) { _ = json.NewEncoder(w).Encode(value) }
		_, place, _ := strings.Cut(r.URL.Path, "/api/2.0/")
		switch at := version.Load().(string); {
		case at == "":
			w.WriteHeader(http.StatusBadGateway)
		case place == "mlflow/registered-models/alias":
			answer(map[string]any{"model_version": map[string]any{"name": q.Get("name"), "version": at}})
		case place == "mlflow/model-versions/get-download-uri":
			answer(map[string]any{"artifact_uri": "mlflow-artifacts:/models/" + q.Get("version")})
		case place == "mlflow-artifacts/artifacts":
			var files []any
			entries, err := os.ReadDir(dirs[strings.TrimPrefix(q.Get("path"), "models/")])
			if err != nil {
				t.Error(err)
			}
			for _, e := range entries {
				info, err := e.Info()
				if err != nil {
					t.Error(err)
					continue
				}
				files = append(files, map[string]any{"path": e.Name(), "is_dir": false, "file_size": info.Size()})
			}
			answer(map[string]any{"files": files})
		default:
			v, name, _ := strings.Cut(strings.TrimPrefix(place, "mlflow-artifacts/artifacts/models/"), "/")
			http.ServeFile(w, r, filepath.Join(dirs[v], filepath.Base(name)))
		}
	}))
	defer mlflow.Close()
	t.Setenv("MLFLOW_TRACKING_URI", mlflow.URL)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	p := start(t, "--model", "models:/helpline@champion", "--threads", "1")
	first := p.waitFor(isReload, 1)["model"]
	version.Store("2")
	p.signal(syscall.SIGHUP)
	second := p.waitFor(isReload, 2)["model"]
	if first == nil || second == nil || first == second {
		t.Errorf("models %v and %v", first, second)
	}
	version.Store("")
	p.signal(syscall.SIGHUP)
	if third := p.waitFor(isReload, 3); third["model"] != second {
		t.Errorf("without MLflow: %v, want %v", third, second)
	}
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
