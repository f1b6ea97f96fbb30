package pyjson

import (
	"bytes"
	"strconv"
	"strings"
)

// words are the non-finite numbers that Python writes and JSON lacks.
var words = []string{"NaN", "Infinity", "-Infinity"}

// Finite returns JSON with NaN, Infinity and -Infinity quoted. Other errors stay.
func Finite(data []byte) []byte { return Replace(data, strconv.Quote) }

// Replace replaces NaN, Infinity and -Infinity with the results of with. Other errors
// stay.
func Replace(data []byte, with func(word string) string) []byte {
	if !mayHold(data) {
		return data
	}
	var out []byte
	var s scanner
	for at := 0; ; {
		start, end := s.find(data, at, false)
		out = append(out, data[at:start]...)
		if start == end {
			return out
		}
		out = append(out, with(string(data[start:end]))...)
		at = end
	}
}

// mayHold reports whether any word occurs in data, possibly in a string: usually none
// does.
func mayHold(data []byte) bool {
	return bytes.Contains(data, []byte("NaN")) || bytes.Contains(data, []byte("Infinity"))
}

// scanner finds the words in JSON that arrives in pieces.
type scanner struct {
	inString, escaped bool
	before            byte // 0 at the beginning
}

// find returns the range of the next word in json[at:]. If there is none, both ends are
// how far json has been scanned; if more follows, that may be less than all, as its end
// may have to be scanned together with what follows.
func (s *scanner) find(json []byte, at int, more bool) (start, end int) {
	for i := at; i < len(json); i++ {
		b := json[i]
		switch {
		case s.escaped:
			s.escaped = false
		case s.inString:
			s.escaped, s.inString = b == '\\', b != '"'
		case b == '"':
			s.inString = true
		case strings.IndexByte("NI-", b) >= 0 && strings.IndexByte("\x00[:, \t\r\n", s.before) >= 0:
			length, decided := wordAt(json[i:], more)
			if !decided {
				return i, i
			}
			if length > 0 {
				s.before = b
				return i, i + length
			}
		}
		s.before = b
	}
	return len(json), len(json)
}

// wordAt returns the length of the word at the beginning of json, 0 if there is none. It
// is undecided if that depends on what follows.
func wordAt(json []byte, more bool) (length int, decided bool) {
	for _, word := range words {
		n := min(len(word), len(json))
		if string(json[:n]) != word[:n] {
			continue
		}
		switch {
		case len(json) <= len(word) && more:
			return 0, false
		case len(json) < len(word):
			return 0, true
		case len(json) == len(word), strings.IndexByte(",]} \t\r\n", json[len(word)]) >= 0:
			return len(word), true
		}
	}
	return 0, true
}
