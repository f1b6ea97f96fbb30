package pyjson

import (
	"io"
	"slices"
)

// standIns are numbers that replace the words. They have the same length, so that offsets
// stay, and no program writes them.
var standIns = map[string]string{"NaN": "0e0", "Infinity": "0e000000", "-Infinity": "-0e000000"}

// StandIns returns complete JSON with NaN, Infinity and -Infinity replaced by numbers of
// the same length; see [IsStandIn].
func StandIns(json []byte) []byte {
	if !mayHold(json) {
		return json
	}
	json = slices.Clone(json)
	new(scanner).standIn(json, false)
	return json
}

// IsStandIn reports whether a JSON value replaces one of them.
func IsStandIn(raw string) bool {
	for _, standIn := range standIns {
		if raw == standIn {
			return true
		}
	}
	return false
}

// standIn puts stand-ins into json, and returns how many bytes are done.
func (s *scanner) standIn(json []byte, more bool) int {
	for at := 0; ; {
		start, end := s.find(json, at, more)
		if start == end {
			return start
		}
		copy(json[start:end], standIns[string(json[start:end])])
		at = end
	}
}

// Reader reads JSON with stand-ins, as from [StandIns].
type Reader struct {
	in    io.Reader
	state scanner
	block [4096]byte
	ready []byte // part of block that is ready to be read
	rest  []byte // part of block after it
	err   error
}

// NewReader returns a Reader for in.
func NewReader(in io.Reader) *Reader { return &Reader{in: in} }

// Read implements [io.Reader].
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		size := copy(r.block[:], r.rest)
		var n int
		n, r.err = r.in.Read(r.block[size:])
		size += n
		done := r.state.standIn(r.block[:size], r.err == nil)
		r.ready, r.rest = r.block[:done], r.block[done:size]
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}
