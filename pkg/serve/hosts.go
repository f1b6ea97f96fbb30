package serve

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// Hosts is the set of names that requests may be sent to, as in a request's Host
// or its absolute URL. This machine's names for itself (localhost, ::1 and
// 127.0.0.0/8) are always allowed, with any port. The zero value allows no
// others.
//
// It protects against DNS rebinding: a web page makes its own name point to this
// machine after it was loaded. The browser treats the page's requests as
// same-origin and lets it read the answers, but it sends the page's name.
type Hosts struct {
	Names     []string // further names; see [ParseHosts]
	Addresses bool     // also IP addresses, and requests without a name: without a name there is no rebinding
	Any       bool     // any name
}

// ParseHosts parses a user's list: names or IP addresses without a port, or *
// for any.
func ParseHosts(list []string) (h Hosts, err error) {
	for _, text := range list {
		name, known := splitHost(text)
		switch {
		case text == "*":
			h.Any = true
			continue
		case !known || strings.Count(text, ":") == 1 || strings.HasSuffix(text, "]") != strings.HasPrefix(text, "["):
			return Hosts{}, fmt.Errorf("host %q: want a name such as calls.example.org or an IP address, without a port; or * for any", text)
		}
		h.Names = append(h.Names, name)
	}
	return h, nil
}

// String describes the allowed hosts.
func (h Hosts) String() string {
	if h.Any {
		return "any"
	}
	list := append([]string{"localhost"}, h.Names...)
	if h.Addresses {
		list = append(list, "IP addresses")
	}
	return strings.Join(list, ", ")
}

// allow reports whether a request may be sent to host, which may have a port.
func (h Hosts) allow(host string) bool {
	if h.Any || isLocalName(host) || host == "" && h.Addresses {
		return true
	}
	name, known := splitHost(host)
	if !known {
		return false
	}
	for _, allowed := range h.Names {
		if name == allowed {
			return true
		}
	}
	_, err := netip.ParseAddr(name)
	return h.Addresses && err == nil
}

// isLocalName reports whether host, which may have a port, is one of this
// machine's names for itself.
func isLocalName(host string) bool {
	name, known := splitHost(host)
	address, err := netip.ParseAddr(name)
	return known && (name == "localhost" || err == nil && address.IsLoopback())
}

// splitHost removes the port from a host and normalises the rest for comparison:
// lower case, no trailing dot, no brackets, IPv4-mapped addresses as IPv4.
func splitHost(host string) (name string, ok bool) {
	name = host
	port := ""
	switch end := strings.IndexByte(host, ']'); {
	case strings.HasPrefix(host, "[") && end > 0:
		name, port = host[1:end], host[end+1:]
		if !strings.Contains(name, ":") {
			return "", false
		}
	case strings.Count(host, ":") == 1:
		at := strings.IndexByte(host, ':')
		name, port = host[:at], host[at:]
	}
	if port != "" {
		if port[0] != ':' {
			return "", false
		}
		if _, err := strconv.ParseUint(port[1:], 10, 16); err != nil && port != ":" {
			return "", false
		}
	}
	if address, err := netip.ParseAddr(name); err == nil {
		return address.Unmap().String(), address.Zone() == ""
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if address, err := netip.ParseAddr(name); err == nil && address.Is4() { // with a trailing dot
		return address.String(), true
	}
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-._"
	return name, strings.Trim(name, allowed) == "" && name != ""
}

// knownHosts rejects requests sent to a name that isn't the server's.
func (s *Server) knownHosts(next http.Handler) http.Handler {
	misdirected := s.audited(route{path: "other", access: All, handle: func(http.ResponseWriter, *http.Request, *record) error {
		return problemf(http.StatusMisdirectedRequest, "", "the server doesn't answer to this name; it can be told to (--host)")
	}})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if !s.Hosts.allow(r.Host) {
			misdirected.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
