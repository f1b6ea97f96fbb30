package tracking

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAuthorize(t *testing.T) {
	const (
		none, bearer = "", "Bearer t0ken"
		basic        = "Basic dTpw" // u:p
		fromFile     = "Basic ZnU6ZnA="
		fromURI      = "Basic eHU6eHA="
	)
	token := map[string]string{"MLFLOW_TRACKING_TOKEN": "t0ken"}
	both := map[string]string{"MLFLOW_TRACKING_USERNAME": "u", "MLFLOW_TRACKING_PASSWORD": "p"}
	all := map[string]string{"MLFLOW_TRACKING_USERNAME": "u", "MLFLOW_TRACKING_PASSWORD": "p", "MLFLOW_TRACKING_TOKEN": "t0ken"}
	file := "[mlflow]\nmlflow_tracking_username = fu\nmlflow_tracking_password = fp\n"
	inURI := url.UserPassword("xu", "xp")
	for name, test := range map[string]struct {
		variables map[string]string
		file      string
		user      *url.Userinfo
		want      string
	}{
		"none":                        {nil, "", nil, none},
		"token":                       {token, "", nil, bearer},
		"user and password":           {both, "", nil, basic},
		"basic wins":                  {all, "", nil, basic},
		"file":                        {nil, file, nil, fromFile},
		"file wins over token":        {token, file, nil, fromFile},
		"variables win over the file": {both, file, nil, basic},
		"half and half": {map[string]string{"MLFLOW_TRACKING_USERNAME": "u"},
			"[mlflow]\nmlflow_tracking_password: p", nil, basic},
		"half only":                  {map[string]string{"MLFLOW_TRACKING_USERNAME": "u", "MLFLOW_TRACKING_TOKEN": "t0ken"}, "", nil, bearer},
		"in the URI":                 {nil, "", inURI, fromURI},
		"URI wins over token":        {token, "", inURI, fromURI},
		"variables win over the URI": {both, "", inURI, basic},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			if test.file != "" {
				if err := os.MkdirAll(filepath.Join(home, ".mlflow"), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(home, ".mlflow", "credentials"), []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			getenv := func(name string) string {
				if name == "HOME" {
					return home
				}
				return test.variables[name]
			}
			req := httptest.NewRequest(http.MethodGet, "http://host/", nil)
			authorize(getenv, test.user)(req)
			if got := req.Header.Get("Authorization"); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestParseCredentials(t *testing.T) {
	for text, want := range map[string]credentials{
		"": {},
		"[mlflow]\nmlflow_tracking_username = a\nmlflow_tracking_password = b = c\n":    {"a", "b = c"},
		"[mlflow]\r\nMLFLOW_TRACKING_USERNAME:a\r\n\r\n# note\r\n;note\r\n":             {"a", ""},
		"[other]\nmlflow_tracking_username = a\n[mlflow] x\nmlflow_tracking_password=b": {"", "b"},
		"mlflow_tracking_username = a":                                                  {},
		"[mlflow\nmlflow_tracking_username\n=":                                          {},
	} {
		if got := parseCredentials(strings.NewReader(text)); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func FuzzParseCredentials(f *testing.F) {
	f.Add("[mlflow]\nmlflow_tracking_username = a\nmlflow_tracking_password : b\n")
	f.Add("[mlflow\n[x]\n=")
	f.Fuzz(func(t *testing.T, text string) {
		got := parseCredentials(strings.NewReader(text))
		for _, value := range []string{got.username, got.password} {
			if strings.TrimSpace(value) != value || strings.Contains(value, "\n") || !strings.Contains(text, value) {
				t.Errorf("%q from %q", value, text)
			}
		}
	})
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	bundle := writeFile(t, "ca.pem", string(certificate))
	empty := writeFile(t, "empty.pem", "nothing")
	for name, test := range map[string]struct {
		variables map[string]string
		setUp     string // part of the error before any call, "-" for an error of the call
	}{
		"nothing set":             {nil, "-"},
		"insecure":                {map[string]string{"MLFLOW_TRACKING_INSECURE_TLS": "TRUE"}, ""},
		"not insecure":            {map[string]string{"MLFLOW_TRACKING_INSECURE_TLS": "false"}, "-"},
		"bundle":                  {map[string]string{"MLFLOW_TRACKING_SERVER_CERT_PATH": bundle}, ""},
		"folder":                  {map[string]string{"MLFLOW_TRACKING_SERVER_CERT_PATH": filepath.Dir(bundle)}, ""},
		"no certificate":          {map[string]string{"MLFLOW_TRACKING_SERVER_CERT_PATH": empty}, "no PEM certificate"},
		"no file":                 {map[string]string{"MLFLOW_TRACKING_SERVER_CERT_PATH": "/nowhere/x"}, "/nowhere/x"},
		"no client certificate":   {map[string]string{"MLFLOW_TRACKING_CLIENT_CERT_PATH": empty}, "MLFLOW_TRACKING_CLIENT_CERT_PATH"},
		"insecure and yet secure": {map[string]string{"MLFLOW_TRACKING_INSECURE_TLS": "1", "MLFLOW_TRACKING_SERVER_CERT_PATH": bundle}, "contradict"},
	} {
		t.Run(name, func(t *testing.T) {
			base, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			api, err := newClient(base, env(test.variables), &defaultPace)
			if test.setUp != "" && test.setUp != "-" {
				if err == nil || !strings.Contains(err.Error(), test.setUp) {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := api.get(t.Context(), "x", nil, nil); (err != nil) != (test.setUp == "-") {
				t.Errorf("error %v", err)
			}
		})
	}
}
