package tracking

import (
	"errors"
	"strings"
	"testing"
)

func TestResolveURI(t *testing.T) {
	for _, test := range []struct{ variable, configured, want string }{
		{"", "", DefaultURI},
		{"", " file:./runs ", "file:./runs"},
		{"http://host:5000", "file:./runs", "http://host:5000"},
		{" ", "", DefaultURI},
	} {
		if got := ResolveURI(test.configured, env(map[string]string{"MLFLOW_TRACKING_URI": test.variable})); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

func TestParseURI(t *testing.T) {
	t.Setenv("HOME", "/home/amina")
	for uri, want := range map[string]string{
		"":                                DefaultURI[len("file:./"):],
		"file:./mlruns":                   "mlruns",
		"file:mlruns/":                    "mlruns",
		"FILE:/srv/ml%20runs":             "/srv/ml runs",
		"file:///srv/mlruns":              "/srv/mlruns",
		"file://localhost/srv":            "/srv",
		"./a:b":                           "a:b",
		"/srv/mlruns":                     "/srv/mlruns",
		"mlruns":                          "mlruns",
		"~/runs":                          "/home/amina/runs",
		"~":                               "/home/amina",
		"file:~/runs":                     "/home/amina/runs",
		"runs/2026:05":                    "runs/2026:05",
		"../runs.old/x":                   "../runs.old/x",
		"./http/127.0.0.1:5000":           "http/127.0.0.1:5000",
		"file:http/127.0.0.1:5000":        "http/127.0.0.1:5000",
		"/srv/mlflow:5000":                "/srv/mlflow:5000",
		"runs/seed:42":                    "runs/seed:42",
		"runs/http":                       "runs/http",
		"http":                            "http",
		"file:mlruns.old":                 "mlruns.old",
		"file:127.0.0.1:5000":             "127.0.0.1:5000",
		"my runs":                         "my runs",
		"runs-2026.05":                    "runs-2026.05",
		"http://host:5000/":               "http://host:5000",
		"https://u:p@host/prefix//?x=1#y": "https://u:p@host/prefix",
	} {
		got, err := parseURI(uri)
		if err != nil {
			t.Errorf("%q: %v", uri, err)
			continue
		}
		text := got.dir
		if got.server != nil {
			text += got.server.String()
		}
		if text != want {
			t.Errorf("%q: %q, want %q", uri, text, want)
		}
	}
	for uri, tells := range map[string]string{
		"file://mlruns":           "file:./mlruns",
		"file:":                   "without a path",
		"file:%zz":                "invalid URL escape",
		"sqlite:///x.db":          "mlflow server",
		"databricks:":             "mlflow server",
		"http://":                 "without a host",
		"http://u:s3cret@[::1:80": "not a valid http URL",
		"postgres://u:s3cret@h/d": "mlflow server",
		"127.0.0.1:5000":          "127.0.0.1:5000 is a server without http:// or https:// before it",
		"127.0.0.1":               "a server without http://",
		"localhost":               "a server without http://",
		"localhost:5000":          "a server without http://",
		"localhost/mlflow":        "a server without http://",
		"mlflow:5000":             "mlflow:5000 is a server without http://",
		"mlflow:5000/prefix":      "a server without http://",
		"mlflow.example.org":      "file:./mlflow.example.org",
		"mlflow.example.org:80/x": "a server without http://",
		"mlflow.example.org/x":    "a server without http://",
		"[::1]:5000":              "a server without http://",
		"http//127.0.0.1:5000":    "http//127.0.0.1:5000 is a server without http:// or https:// before it",
		"HTTPS//mlflow":           "a server without http://",
		"http/mlflow.example.org": "a server without http://",
		"http//u:s3cret@h:5000":   "h:5000 is a server without http://",
		"runs/127.0.0.1:5000":     "runs/127.0.0.1:5000 is a server without http://",
		"a/mlflow:5000/prefix":    "a server without http://",
		"a/b/localhost:80":        "file:./a/b/localhost:80",
		"htp//mlflow.org:80":      "a server without http://",
		"//host:5000":             "host:5000 is a server without http://",
		"u:s3cret@host:5000":      "host:5000 is a server without http://",
		"htpp://u:s3cret@host":    "htpp:",
		"http:host:5000":          "without a host",
		"http:/host:5000":         "without a host",
		"ftp://host/mlruns":       "ftp:",
		"s3://bucket/mlruns":      "s3:",
		"databricks://profile":    "databricks:",
		"databricks":              "databricks:",
		`C:\mlruns`:               "C:",
	} {
		_, err := parseURI(uri)
		if !errors.Is(err, ErrUnsupportedURI) || !strings.Contains(err.Error(), tells) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: error %v", uri, err)
		}
	}
}

func TestLocalPath(t *testing.T) {
	for uri, want := range map[string]string{
		"/srv/1/x/artifacts": "/srv/1/x/artifacts", "file:///srv/a%20b": "/srv/a b",
		"s3://bucket/x": "", "mlflow-artifacts:/1": "", "./mlruns": "", "http://h/x": "",
	} {
		if got, ok := localPath(uri); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v", uri, got, ok)
		}
	}
	if got := fileURI("/srv/a b#c"); got != "file:///srv/a%20b%23c" {
		t.Errorf("URI %s", got)
	}
}
