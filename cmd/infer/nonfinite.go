package main

import (
	"io"
	"slices"
	"strings"
)

// Python writes NaN, Infinity and -Infinity into JSON, where they don't belong.
// In a field that isn't used they do no harm. standIns are numbers of the same
// length, so that offsets stay, which no program writes.
var standIns = map[string]string{"NaN": "0e0", "Infinity": "0e000000", "-Infinity": "-0e000000"}

// isNonFinite reports whether a JSON value stands in for one of them.
func isNonFinite(raw string) bool {
	for _, standIn := range standIns {
		if raw == standIn {
			return true
		}
	}
	return false
}

// withoutNonFinite puts stand-ins into a copy of JSON that is whole.
func withoutNonFinite(json []byte) []byte {
	json = slices.Clone(json)
	new(nonFinite).replace(json, false)
	return json
}

// nonFinite looks for such values in JSON that comes in pieces.
type nonFinite struct {
	inString, escaped bool
	before            byte // 0 at the beginning
}

// replace puts stand-ins into json, and returns how much of it is done; if more
// follows, its end may have to be seen together with that.
func (s *nonFinite) replace(json []byte, more bool) int {
	for i := 0; i < len(json); i++ {
		b := json[i]
		switch {
		case s.escaped:
			s.escaped = false
		case s.inString:
			s.escaped, s.inString = b == '\\', b != '"'
		case b == '"':
			s.inString = true
		case strings.IndexByte("NI-", b) >= 0 && strings.IndexByte("\x00[:, \t\r\n", s.before) >= 0:
			name, whole := nonFiniteAt(json[i:], more)
			if !whole {
				return i
			}
			if name != "" {
				copy(json[i:], standIns[name])
				i += len(name) - 1
			}
		}
		s.before = json[i]
	}
	return len(json)
}

// nonFiniteAt returns the value of [standIns] that json begins with, if any. It
// is not whole if only what follows can tell.
func nonFiniteAt(json []byte, more bool) (name string, whole bool) {
	for name := range standIns {
		n := min(len(name), len(json))
		if string(json[:n]) != name[:n] {
			continue
		}
		switch {
		case len(json) <= len(name) && more:
			return "", false
		case len(json) < len(name):
			return "", true
		case len(json) == len(name), strings.IndexByte(",]} \t\r\n", json[len(name)]) >= 0:
			return name, true
		}
	}
	return "", true
}

// finiteReader reads JSON with stand-ins.
type finiteReader struct {
	in    io.Reader
	state nonFinite
	block [4096]byte
	ready []byte // part of block that can be given away
	rest  []byte // part of block behind it
	err   error
}

func (r *finiteReader) Read(p []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		size := copy(r.block[:], r.rest)
		var n int
		n, r.err = r.in.Read(r.block[size:])
		size += n
		done := r.state.replace(r.block[:size], r.err == nil)
		r.ready, r.rest = r.block[:done], r.block[done:size]
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}
