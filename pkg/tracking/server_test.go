package tracking

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// A batch with bad items is split until these are alone; all others arrive, in
// order.
func TestBadItemsAreDroppedAlone(t *testing.T) {
	f := newFake(t)
	s := &serverStore{api: newTestClient(t, f.URL), experiment: "7", run: "abc"}
	bad := map[int64]bool{0: true, 41: true, 42: true, 99: true}
	f.misbehave(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		var in batch
		if endpoint(r) != "runs/log-batch" || json.Unmarshal(body, &in) != nil {
			return false
		}
		for _, m := range in.Metrics {
			if bad[m.Step] {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, "<html>no</html>")
				return true
			}
		}
		return false
	})
	var items []item
	var want []int64
	for step := range int64(100) {
		items = append(items, item{kind: metricItem, key: "m", step: step})
		if !bad[step] {
			want = append(want, step)
		}
	}
	dropped := map[int64]bool{}
	err := s.logBatch(t.Context(), items, 0, func(i item, _ error) { dropped[i.step] = true })
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(dropped, bad) {
		t.Errorf("dropped %v, want %v", dropped, bad)
	}
	if got := f.steps("m"); !reflect.DeepEqual(got, want) {
		t.Errorf("steps %v", got)
	}
}

// When the run itself is at fault nothing is dropped.
func TestDeletedRunKeepsItsRecords(t *testing.T) {
	f := newFake(t)
	o, warnings := fakeOptions(t, f)
	run := mustOpen(t, o)
	f.locked(func() { f.stage = "deleted" })
	f.misbehave(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if endpoint(r) != "runs/log-batch" {
			return false
		}
		deleted := false
		f.locked(func() { deleted = f.stage == "deleted" })
		if deleted {
			reject(w, 400, "INVALID_PARAMETER_VALUE", "The run must be in the 'active' state")
		}
		return deleted
	})
	run.LogMetrics(1, map[string]float64{"m": 1, "n": 1})
	warnings.waitFor(t, "mlflow runs restore")
	f.locked(func() { f.stage = "active" })
	mustFinish(t, run, Finished)
	if len(f.steps("m")) != 1 || len(f.steps("n")) != 1 || warnings.count("left out") > 0 {
		t.Errorf("m %v, n %v, warnings %q", f.steps("m"), f.steps("n"), warnings.all())
	}
}

func TestBatches(t *testing.T) {
	items := func(counts ...int) (out []item) {
		for kind, n := range counts {
			for i := range n {
				out = append(out, item{kind: itemKind(kind), key: fmt.Sprint(i)})
			}
		}
		return out
	}
	repeated := []item{{kind: paramItem, key: "a"}, {kind: tagItem, key: "a"}, {kind: paramItem, key: "a"}, {kind: metricItem, key: "m"}, {kind: metricItem, key: "m"}}
	for name, test := range map[string]struct {
		items []item
		want  []int
	}{
		"none":                {nil, nil},
		"full":                {items(100, 100, 800), []int{1000}},
		"too many params":     {items(250), []int{100, 100, 50}},
		"too many tags":       {items(0, 101), []int{100, 1}},
		"too many metrics":    {items(0, 0, 2001), []int{1000, 1000, 1}},
		"too many in all":     {items(100, 100, 801), []int{1000, 1}},
		"a param comes again": {repeated, []int{2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			var sizes []int
			var joined []item
			for part := range batches(test.items) {
				sizes = append(sizes, len(part))
				joined = append(joined, part...)
			}
			if !slices.Equal(sizes, test.want) || !slices.Equal(joined, test.items) {
				t.Errorf("sizes %v, want %v; nothing lost: %v", sizes, test.want, slices.Equal(joined, test.items))
			}
		})
	}
}

func TestArtifactNamesAreEscaped(t *testing.T) {
	f := newFake(t)
	o, _ := fakeOptions(t, f)
	o.URI = f.URL + "/prefix/" // as mlflow server --static-prefix has it
	run := mustOpen(t, o)
	run.LogArtifacts(writeFile(t, "a b?#%2e ü.txt", "x"), "../deep//er")
	run.LogArtifacts(writeFile(t, "empty", ""), "")
	mustFinish(t, run, Finished)
	folder := "7/" + run.ID() + "/artifacts/"
	want := map[string]string{folder + "deep/er/a b?__2e ü.txt": "x", folder + "empty": ""}
	f.locked(func() {
		if !reflect.DeepEqual(f.artifacts, want) {
			t.Errorf("artifacts %q, want %q", f.artifacts, want)
		}
	})
	if !strings.HasPrefix(run.URL(), f.URL+"/prefix/#/") {
		t.Errorf("URL %s", run.URL())
	}
}

// Where artifacts go instead when the server takes no uploads.
func TestServersWithoutUploads(t *testing.T) {
	elsewhere := func(t *testing.T, f *fakeServer) { // a folder that the server does not see
		f.artifactURI = filepath.Join(t.TempDir(), "root", "7", "%s", "artifacts")
	}
	for name, test := range map[string]struct {
		prepare func(*testing.T, *fakeServer)
		tells   string
	}{
		"object store":        {func(_ *testing.T, f *fakeServer) { f.artifactURI = "s3://bucket/7/%s" }, "s3://bucket/7/"},
		"a folder of its own": {elsewhere, "not this machine's folder"},
		"not a URI":           {func(_ *testing.T, f *fakeServer) { f.artifactURI = "::%s" }, "is not a URI"},
		"--no-serve-artifacts": {func(_ *testing.T, f *fakeServer) {
			f.misbehave(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
				if r.Method != http.MethodPut {
					return false
				}
				w.WriteHeader(http.StatusServiceUnavailable)
				fmt.Fprint(w, "Endpoint: /x disabled due to the mlflow server running with `--no-serve-artifacts`.")
				return true
			})
		}, "--serve-artifacts"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			test.prepare(t, f)
			o, warnings := fakeOptions(t, f)
			run := mustOpen(t, o)
			run.LogArtifacts(checkpoint(t), "checkpoint")
			run.LogArtifacts(writeFile(t, "report.json", "{}"), "")
			mustFinish(t, run, Finished)
			if got := warnings.all(); len(got) != 1 || !strings.Contains(got[0], test.tells) || !strings.Contains(got[0], "takes no uploads") {
				t.Errorf("warnings %q, want one that tells %q", got, test.tells)
			}
			if root := filepath.Dir(filepath.Dir(filepath.Dir(f.artifactURI))); filepath.IsAbs(root) && fileExists(root) {
				t.Errorf("%s was made and remains", root)
			}
		})
	}
}

// On the server's own machine files are copied, after a look that it sees them.
func TestCopiedArtifacts(t *testing.T) {
	f := newFake(t)
	root := t.TempDir()
	f.artifactURI = fileURI(root) + "/7/%s/artifacts"
	o, warnings := fakeOptions(t, f)
	run := mustOpen(t, o)
	folder := filepath.Join(root, "7", run.ID(), "artifacts")
	f.misbehave(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if endpoint(r) != "artifacts/list" {
			return false
		}
		var files []map[string]string
		entries, _ := os.ReadDir(filepath.Join(folder, r.URL.Query().Get("path")))
		for _, entry := range entries {
			files = append(files, map[string]string{"path": r.URL.Query().Get("path") + "/" + entry.Name()})
		}
		send(w, map[string]any{"files": files})
		return true
	})
	run.LogArtifacts(checkpoint(t), "checkpoint")
	mustFinish(t, run, Finished)
	if got := readText(t, filepath.Join(folder, "checkpoint", "label_maps.json")); got != "xxxxxxxxxx" {
		t.Errorf("copy %q", got)
	}
	if f.called("GET artifacts/list") != 1 || len(warnings.all()) > 0 {
		t.Errorf("%d looks, warnings %q", f.called("GET artifacts/list"), warnings.all())
	}
}

func TestIsThisMachine(t *testing.T) {
	for host, want := range map[string]bool{"127.0.0.1": true, "localhost": true, "::1": true, "192.0.2.1": false, "2001:db8::1": false, "": false, "no such host": false} {
		if got := isThisMachine(t.Context(), host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

// Another host than the tracking server gets no credentials.
func TestUploadsToAnotherHost(t *testing.T) {
	var authorization, path string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		authorization, path = r.Header.Get("Authorization"), r.URL.Path
	}))
	defer other.Close()
	host := strings.TrimPrefix(other.URL, "http://")
	for uri, want := range map[string]string{
		"mlflow-artifacts://" + host + "/7/%s/artifacts": "/api/2.0/mlflow-artifacts/artifacts/7/%s/artifacts/model.pt",
		other.URL + "/store/%s":                          "/store/%s/model.pt",
	} {
		f := newFake(t)
		f.artifactURI = uri
		o, _ := fakeOptions(t, f)
		o.Getenv = env(map[string]string{"MLFLOW_TRACKING_TOKEN": "t0ken"})
		run := mustOpen(t, o)
		run.LogArtifacts(writeFile(t, "model.pt", "weights"), "")
		mustFinish(t, run, Finished)
		if want := fmt.Sprintf(want, run.ID()); path != want || authorization != "" {
			t.Errorf("%s: PUT %s with authorization %q, want %s without", uri, path, authorization, want)
		}
		f.locked(func() {
			if f.auth[0] != "Bearer t0ken" {
				t.Errorf("authorization %q", f.auth[0])
			}
		})
	}
}

func TestArtifactsThatAreGone(t *testing.T) {
	f := newFake(t)
	o, warnings := fakeOptions(t, f)
	run := mustOpen(t, o)
	run.LogArtifacts(filepath.Join(t.TempDir(), "never written"), "")
	folder := checkpoint(t)
	if err := os.Symlink(filepath.Join(folder, "nowhere"), filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	run.LogArtifacts(folder, "")
	run.LogMetrics(1, map[string]float64{"m": 1})
	mustFinish(t, run, Finished)
	warnings.want(t, "never written")
	warnings.want(t, "link")
	f.locked(func() {
		if len(f.artifacts) != 4 {
			t.Errorf("artifacts %q", f.artifacts)
		}
	})
}

// An upload of which nothing moves is broken off and tried again.
func TestIdleUpload(t *testing.T) {
	f := newFake(t)
	o, _ := fakeOptions(t, f)
	o.pace.idle = 50 * time.Millisecond
	run := mustOpen(t, o)
	hung := false
	f.misbehave(func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method != http.MethodPut || hung {
			return false
		}
		hung = true
		<-r.Context().Done()
		return true
	})
	run.LogArtifacts(writeFile(t, "model.pt", "weights"), "")
	mustFinish(t, run, Finished)
	f.locked(func() {
		if !hung || len(f.artifacts) != 1 {
			t.Errorf("hung %v, artifacts %q", hung, f.artifacts)
		}
	})
}

func TestRedirects(t *testing.T) {
	f := newFake(t)
	for status, follows := range map[int]bool{301: false, 302: false, 307: true, 308: true} {
		door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, f.URL+r.URL.Path, status)
		}))
		err := newTestClient(t, door.URL).post(t.Context(), "runs/update", map[string]string{"status": "RUNNING"}, nil)
		if follows && err != nil || !follows && (err == nil || !strings.Contains(err.Error(), f.URL)) {
			t.Errorf("%d: error %v", status, err)
		}
		door.Close()
	}
}

func TestNumbers(t *testing.T) {
	var got struct {
		A, B number
		C, D decimal
		E    decimal
	}
	if err := json.Unmarshal([]byte(`{"a": "-7", "b": 7, "c": "1e-3", "d": 0.25, "e": "Infinity"}`), &got); err != nil {
		t.Fatal(err)
	}
	if got.A != -7 || got.B != 7 || got.C != 1e-3 || got.D != 0.25 || got.E <= 1e308 {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{`{"a": "seven"}`, `{"a": 1.5}`, `{"c": "x"}`} {
		if json.Unmarshal([]byte(bad), &got) == nil {
			t.Errorf("%s is read", bad)
		}
	}
}
