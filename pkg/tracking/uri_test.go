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
