package serve

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Access is who may use a route.
type Access string

// The kinds of [Access].
const (
	All     Access = "all"   // everyone
	Clients Access = "keys"  // clients with a key; everyone, if the server has no keys
	Admins  Access = "admin" // clients with a key marked admin; this machine, if the server has no keys
	Local   Access = "local" // this machine
	Nobody  Access = "none"  // the route doesn't exist
)

// check returns an error if a isn't one of these.
func (a Access) check() error {
	switch a {
	case All, Clients, Admins, Local, Nobody:
		return nil
	}
	return fmt.Errorf("access %q; want all, keys, admin, local or none", string(a))
}

// admit returns an error unless the client may use the route. It records the
// key's name.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, a Access, rec *record) error {
	keys := s.keys()
	if len(keys) == 0 && a == Admins {
		a = Local
	}
	switch {
	case a == Local && !fromHere(r):
		return problemf(http.StatusForbidden, "", "only this machine may do that, without a proxy in between; or a key that is marked admin, if the server has keys (--keys)")
	case a == All || a == Local || len(keys) == 0:
		return nil
	}
	k, found := keys.find(r)
	switch {
	case !found:
		w.Header().Set("WWW-Authenticate", "Bearer")
		return problemf(http.StatusUnauthorized, "", "want the header Authorization: Bearer KEY with a key of this server")
	case a == Admins && !k.admin:
		rec.key = k.name
		return problemf(http.StatusForbidden, "", "this key may not do that; want one that is marked admin in the server's file of keys")
	}
	rec.key = k.name
	return nil
}

// fromHere reports whether a request comes from a program on this machine. A
// local proxy, which forwards requests of others, is recognised by the headers
// that proxies add, by the requested host name, or by an old version of HTTP.
// Behind a proxy without any of these, keys must be used.
func fromHere(r *http.Request) bool {
	if !isLoopback(r.RemoteAddr) || !isLocalName(r.Host) || !r.ProtoAtLeast(1, 1) {
		return false
	}
	if local, known := r.Context().Value(http.LocalAddrContextKey).(net.Addr); known && !isLoopback(local.String()) {
		return false
	}
	for name := range r.Header {
		if isForwarding(name) {
			return false
		}
	}
	return true
}

func isLoopback(address string) bool {
	a, err := netip.ParseAddrPort(address)
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// isForwarding reports whether proxies add this header (in canonical form).
func isForwarding(name string) bool {
	switch name {
	case "Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "Fastly-Client-Ip", "X-Amzn-Trace-Id":
		return true
	}
	for _, start := range []string{"X-Forwarded", "X-Original-", "X-Envoy-", "X-Proxy"} {
		if strings.HasPrefix(name, start) {
			return true
		}
	}
	return false
}
