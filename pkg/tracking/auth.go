package tracking

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// authorize returns a function that adds credentials to a request, chosen as
// MLflow's client does: basic auth (MLFLOW_TRACKING_USERNAME and _PASSWORD, each
// with ~/.mlflow/credentials as a fallback, then the URI's own user info) takes
// precedence over a bearer token (MLFLOW_TRACKING_TOKEN).
func authorize(getenv func(string) string, user *url.Userinfo) func(*http.Request) {
	home := getenv("HOME")
	if home == "" {
		home, _ = os.UserHomeDir()
	}
	stored := readCredentials(home)
	username := cmp.Or(getenv("MLFLOW_TRACKING_USERNAME"), stored.username)
	password := cmp.Or(getenv("MLFLOW_TRACKING_PASSWORD"), stored.password)
	token := getenv("MLFLOW_TRACKING_TOKEN")
	if (username == "" || password == "") && user != nil {
		username = user.Username()
		password, _ = user.Password()
	}
	return func(req *http.Request) {
		switch {
		case username != "" && password != "":
			req.SetBasicAuth(username, password)
		case token != "":
			req.Header.Set("Authorization", "Bearer "+token)
		}
	}
}

// tlsConfig reads MLFLOW_TRACKING_INSECURE_TLS, MLFLOW_TRACKING_SERVER_CERT_PATH
// (a PEM bundle, or a directory of them) and MLFLOW_TRACKING_CLIENT_CERT_PATH (one
// PEM file with certificate and key). It returns nil when none is set.
func tlsConfig(getenv func(string) string) (*tls.Config, error) {
	insecure := isTrue(getenv("MLFLOW_TRACKING_INSECURE_TLS"))
	serverPath := getenv("MLFLOW_TRACKING_SERVER_CERT_PATH")
	clientPath := getenv("MLFLOW_TRACKING_CLIENT_CERT_PATH")
	if !insecure && serverPath == "" && clientPath == "" {
		return nil, nil
	}
	if insecure && serverPath != "" {
		return nil, errors.New("MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH contradict each other: unset one")
	}
	config := &tls.Config{InsecureSkipVerify: insecure}
	if serverPath != "" {
		roots, err := readRoots(serverPath)
		if err != nil {
			return nil, fmt.Errorf("MLFLOW_TRACKING_SERVER_CERT_PATH: %w", err)
		}
		config.RootCAs = roots
	}
	if clientPath != "" {
		pair, err := tls.LoadX509KeyPair(clientPath, clientPath)
		if err != nil {
			return nil, fmt.Errorf("MLFLOW_TRACKING_CLIENT_CERT_PATH: reading certificate and key from %s: %w", clientPath, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func readRoots(path string) (*x509.CertPool, error) {
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*")); err != nil {
			return nil, err
		}
	}
	roots, found := x509.NewCertPool(), false
	for _, file := range files {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading certificates: %w", err)
		}
		found = roots.AppendCertsFromPEM(pem) || found
	}
	if !found {
		return nil, fmt.Errorf("%s holds no PEM certificate", path)
	}
	return roots, nil
}

func isTrue(value string) bool {
	return strings.EqualFold(value, "true") || value == "1"
}
