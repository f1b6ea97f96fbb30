package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReloadIsForAdmins: with keys, one that is marked so is wanted, from this
// machine too.
func TestReloadIsForAdmins(t *testing.T) {
	s := newReadyServer(t, func(c *Config) { c.Keys = mustKeys(t, "nairobi "+goodKey+"\nops "+otherKey+" admin\n") })
	for value, want := range map[string]int{"": 401, "Bearer " + goodKey: 403, "Bearer " + otherKey: 200, "bearer " + otherKey: 200, "Bearer " + goodKey[1:]: 401} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/admin/reload", nil)
		r.RemoteAddr = "127.0.0.1:5"
		r.Header.Set("Authorization", value)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: code %d, want %d", value, w.Code, want)
		}
		if want == http.StatusForbidden {
			got := reply{w.Code, w.Header(), w.Body.String()}
			if _, _, detail := got.problem(t); !strings.Contains(detail, "marked admin") {
				t.Errorf("got %q", detail)
			}
		}
	}
	if Keys(nil).Admin() || !s.keys().Admin() || mustKeys(t, "nairobi "+goodKey).Admin() {
		t.Error("whose key is marked admin isn't known")
	}
}

// TestFromHere: behind a proxy nobody counts as this machine.
func TestFromHere(t *testing.T) {
	s := newReadyServer(t, nil)
	tests := map[string]struct {
		change func(*http.Request)
		code   int
	}{
		"here":             {func(*http.Request) {}, 200},
		"here, IPv6":       {func(r *http.Request) { r.RemoteAddr, r.Host = "[::1]:5", "[::1]:8080" }, 200},
		"elsewhere":        {func(r *http.Request) { r.RemoteAddr = "192.0.2.1:5" }, 403},
		"a Unix socket":    {func(r *http.Request) { r.RemoteAddr = "@" }, 403},
		"no address":       {func(r *http.Request) { r.RemoteAddr = "" }, 403},
		"the proxy's name": {func(r *http.Request) { r.Host = "example.com" }, 403},
		"HTTP/1.0":         {func(r *http.Request) { r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.0", 1, 0 }, 403},
		"an outer address": {func(r *http.Request) {
			*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 8080})))
		}, 403},
		"an inner address": {func(r *http.Request) {
			*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv6loopback, Port: 8080})))
		}, 200},
	}
	for _, header := range []string{"X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "X-Forwarded", "Forwarded", "Via", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP", "X-Original-Forwarded-For"} {
		tests[header] = struct {
			change func(*http.Request)
			code   int
		}{func(r *http.Request) { r.Header.Set(header, "127.0.0.1") }, 403}
		tests[header+", empty"] = struct {
			change func(*http.Request)
			code   int
		}{func(r *http.Request) { r.Header.Set(header, "") }, 403}
	}
	for name, test := range tests {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/admin/reload", nil)
		r.RemoteAddr = "127.0.0.1:5"
		test.change(r)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != test.code {
			t.Errorf("%s: code %d, want %d", name, w.Code, test.code)
		}
	}
}

// TestMetricsAccess: who may read the measures is a choice of its own.
func TestMetricsAccess(t *testing.T) {
	keys := "nairobi " + goodKey + "\nops " + otherKey + " admin\n"
	for access, want := range map[Access]map[string]int{
		All:     {"": 200, "Bearer " + goodKey: 200, "here": 200},
		Clients: {"": 401, "Bearer " + goodKey: 200, "Bearer " + otherKey: 200, "here": 401},
		Admins:  {"": 401, "Bearer " + goodKey: 403, "Bearer " + otherKey: 200, "here": 401},
		Local:   {"": 403, "Bearer " + otherKey: 403, "here": 200},
		Nobody:  {"": 404, "Bearer " + otherKey: 404, "here": 404},
	} {
		s := newServer(t, func(c *Config) { c.Keys, c.Metrics = mustKeys(t, keys), access })
		for who, code := range want {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/metrics", nil)
			if who == "here" {
				r.RemoteAddr, r.Host = "127.0.0.1:5", "localhost"
			} else {
				r.Header.Set("Authorization", who)
			}
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			if w.Code != code {
				t.Errorf("%s, %q: code %d, want %d", access, who, w.Code, code)
			}
		}
		if described := strings.Contains(s.do(t.Context(), "GET", "/openapi.json", "").body, `"/metrics"`); described != (access != Nobody) {
			t.Errorf("%s: described: %t", access, described)
		}
	}
	for _, c := range []Config{{Metrics: "some"}, {Metrics: Clients}, {Metrics: Admins}, {}} {
		if _, err := New(c); err == nil {
			t.Errorf("metrics for %q without keys: no error", c.Metrics)
		}
	}
}

// TestReloadRereadsKeys: by HTTP as by SIGHUP. What can't be read stays.
func TestReloadRereadsKeys(t *testing.T) {
	s := newReadyServer(t, func(c *Config) { c.Keys = mustKeys(t, "ops "+goodKey+" admin\n") })
	next, wrong := "nairobi "+otherKey+"\nops "+goodKey+" admin\n", error(nil)
	certificates := 0
	s.ReadKeys = func() (Keys, error) { return mustKeys(t, next), wrong }
	s.ReadCertificate = func() error { certificates++; return nil }
	reload := func() reply {
		return s.do(t.Context(), "POST", "/admin/reload", "", "Authorization", "Bearer "+goodKey)
	}
	asks := func(key string) int {
		return s.do(t.Context(), "POST", "/v1/predict", `{"texts": ["a"]}`, "Authorization", "Bearer "+key).code
	}
	if asks(otherKey) != 401 {
		t.Error("a key that isn't there yet is taken")
	}
	if got := reload(); got.code != 200 || asks(otherKey) != 200 || certificates != 1 {
		t.Errorf("code %d, then %d with the new key; %d certificates read", got.code, asks(otherKey), certificates)
	}
	wrong = &fs.PathError{Op: "open", Path: "/etc/" + secret, Err: fs.ErrPermission}
	got := reload()
	if status, _, detail := got.problem(t); status != 500 || !strings.Contains(detail, "the earlier keys or certificate stay") || asks(otherKey) != 200 {
		t.Errorf("%d, %q, then %d", status, detail, asks(otherKey))
	}
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	if !strings.Contains(s.log.b.String(), secret) {
		t.Error("the log doesn't say which file")
	}
	s.log.b.Reset() // it holds the secret, which is a file's name here
}

// TestReloadErrorKeepsPaths: which files there are is for the log.
func TestReloadErrorKeepsPaths(t *testing.T) {
	s := newReadyServer(t, func(c *Config) { c.Keys = mustKeys(t, "ops "+goodKey+" admin\n") })
	hash := s.current.Hash
	dir := s.dir
	s.dir += ".gone"
	got := s.do(t.Context(), "POST", "/admin/reload", "", "Authorization", "Bearer "+goodKey)
	status, _, detail := got.problem(t)
	if status != 500 || !strings.Contains(detail, "the earlier model stays") || strings.Contains(got.body, dir) {
		t.Errorf("%d: %s", status, got.body)
	}
	found := false
	for _, line := range s.log.requests(t) {
		text, _ := line["error"].(string)
		found = found || line["id"] == got.header.Get(requestIDHeader) && strings.Contains(text, s.dir)
	}
	if !found {
		t.Error("the log doesn't say why, under the request's id")
	}
	if s.current.Hash != hash {
		t.Error("another model answers")
	}
}

// TestKeyFile: who else can read it is said; how editors write it doesn't matter.
func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o400: false, 0o644: true, 0o604: true, 0o602: true, 0o666: true} {
		if err := errors.Join(os.WriteFile(path, []byte("\uFEFFnairobi "+goodKey+"\r\nops "+otherKey+" admin \r\n"), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		keys, err := ReadKeys(path, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil || len(keys) != 2 || keys[0].name != "nairobi" || keys[0].admin || !keys[1].admin {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		if strings.Contains(log.String(), "every user of this machine") != warned || warned && !strings.Contains(log.String(), fmt.Sprintf("mode=%04o", mode)) {
			t.Errorf("mode %04o: %q", mode, log.String())
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
