package serve

import (
	"net/http"
	"strings"
	"testing"
)

func TestHosts(t *testing.T) {
	named := Hosts{Names: []string{"calls.example.org", "192.0.2.7"}}
	network := Hosts{Addresses: true}
	for _, test := range []struct {
		host                  string
		local, named, network bool
	}{
		{"localhost", true, true, true},
		{"localhost:8080", true, true, true},
		{"LocalHost.:8080", true, true, true},
		{"localhost:", true, true, true},
		{"127.0.0.1", true, true, true},
		{"127.0.0.1:1", true, true, true},
		{"127.0.0.1.:1", true, true, true},
		{"127.255.255.254:65535", true, true, true},
		{"[::1]", true, true, true},
		{"[::1]:8080", true, true, true},
		{"[0:0:0:0:0:0:0:1]:8080", true, true, true},
		{"[::ffff:127.0.0.1]:8080", true, true, true},
		{"calls.example.org", false, true, false},
		{"CALLS.example.ORG.:443", false, true, false},
		{"192.0.2.7:80", false, true, true},
		{"[::ffff:192.0.2.7]", false, true, true},
		{"192.0.2.8:80", false, false, true},
		{"[2001:db8::1]:80", false, false, true},
		{"0.0.0.0:80", false, false, true},
		{"", false, false, true},
		{"evil.example.org", false, false, false},
		{"calls.example.org.evil.example", false, false, false},
		{"evil.calls.example.org", false, false, false},
		{"localhost.evil.example", false, false, false},
		{"evil.localhost", false, false, false},
		{"localhost..", false, false, false},
		{"localhost:80:80", false, false, false},
		{"localhost:x", false, false, false},
		{"localhost:-1", false, false, false},
		{"localhost:99999", false, false, false},
		{"localhost ", false, false, false},
		{"user@localhost", false, false, false},
		{"localhost/", false, false, false},
		{"localhost,evil.example", false, false, false},
		{"127.0.0.1.evil.example", false, false, false},
		{"127.1", false, false, false},
		{"2130706433", false, false, false},
		{"0x7f.0.0.1", false, false, false},
		{"0177.0.0.1", false, false, false},
		{"127.0.0.01", false, false, false},
		{"[127.0.0.1]", false, false, false},
		{"[localhost]", false, false, false},
		{"[::1", false, false, false},
		{"[::1]x:80", false, false, false},
		{"[::1%25lo]:80", false, false, false},
		{"loc\u0131lhost", false, false, false},
		{"\u24dbocalhost", false, false, false},
	} {
		for name, rule := range map[string]struct {
			h    Hosts
			want bool
		}{"none": {Hosts{}, test.local}, "named": {named, test.named}, "network": {network, test.network}, "any": {Hosts{Any: true}, true}} {
			if got := rule.h.allow(test.host); got != rule.want {
				t.Errorf("%s: %q is allowed: %t", name, test.host, got)
			}
		}
	}
}

func TestParseHosts(t *testing.T) {
	h, err := ParseHosts([]string{"Calls.Example.org.", "192.0.2.7", "::1", "[2001:DB8::1]"})
	if err != nil || h.Any || h.Addresses || strings.Join(h.Names, " ") != "calls.example.org 192.0.2.7 ::1 2001:db8::1" {
		t.Errorf("%+v, %v", h, err)
	}
	if h, err := ParseHosts([]string{"*"}); err != nil || !h.Any || h.String() != "any" {
		t.Errorf("%+v, %v", h, err)
	}
	for _, bad := range []string{"", "a:80", "[::1]:80", "http://a", "a/b", "*.example.org", "a b", "ü.example", ".", "[a]"} {
		if _, err := ParseHosts([]string{"good.example", bad}); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

// TestMisdirected: nothing is answered to a name that isn't the server's,
// whatever the path and however the name comes.
func TestMisdirected(t *testing.T) {
	s := newReadyServer(t, func(c *Config) {
		c.Hosts = Hosts{Names: []string{"calls.example.org"}}
		c.Origins = []string{"https://evil.example"}
	})
	address := s.listen()
	paths := []string{"/", "/none", "*"}
	for _, rt := range s.list() {
		paths = append(paths, rt.path)
	}
	for _, path := range paths {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "DELETE"} {
			for host, wrong := range map[string]bool{"evil.example": true, "calls.example.org:9": false, address: false} {
				head := method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
				if path != "*" { // a name in the request's first line goes before the header
					absolute := method + " http://" + host + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
					if status, _ := raw(t, address, strings.NewReader(absolute)); method != "HEAD" && (status == http.StatusMisdirectedRequest) != wrong {
						t.Errorf("%s http://%s%s: %d", method, host, path, status)
					}
				}
				status, body := raw(t, address, strings.NewReader(head))
				if method == "HEAD" {
					continue // net/http reads an answer as that of a GET
				}
				if (status == http.StatusMisdirectedRequest) != wrong {
					t.Errorf("%s %s of %s: %d", method, path, host, status)
				}
				if wrong && !strings.Contains(body, "doesn't answer to this name") {
					t.Errorf("%s %s: %s", method, path, body)
				}
			}
		}
	}
	for _, line := range s.log.requests(t) {
		if line["status"] == 421. && line["path"] != "other" {
			t.Errorf("the log names the path %v", line["path"])
		}
	}
	got := s.do(t.Context(), "GET", "http://evil.example/metrics", "")
	if status, _, _ := got.problem(t); status != http.StatusMisdirectedRequest || got.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("status %d, %v", status, got.header)
	}
}

// FuzzHosts: a host that is allowed is one of the names, in some spelling.
func FuzzHosts(f *testing.F) {
	for _, host := range []string{"localhost:80", "[::1]:80", "calls.example.org", "127.0.0.1", "evil.example", ""} {
		f.Add(host)
	}
	h := Hosts{Names: []string{"calls.example.org"}}
	f.Fuzz(func(t *testing.T, host string) {
		if !h.allow(host) {
			return
		}
		plain := strings.ToLower(host)
		for _, start := range []string{"localhost", "calls.example.org", "127.", "[", "::", "0"} {
			if strings.HasPrefix(plain, start) {
				return
			}
		}
		t.Errorf("%q is allowed", host)
	})
}
