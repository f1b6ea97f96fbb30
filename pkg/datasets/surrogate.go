package datasets

import "bytes"

// HalfSurrogate reports whether JSON contains the escape of an unpaired surrogate, such
// as \ud800. It isn't a character: a text was cut in the middle of one.
func HalfSurrogate(json []byte) bool {
	for {
		i := bytes.IndexByte(json, '\\')
		if i < 0 || i+1 >= len(json) {
			return false
		}
		json = json[i:]
		unit, ok := escapedUnit(json)
		if !ok {
			json = json[2:] // another escape; the second of two backslashes doesn't start one
			continue
		}
		json = json[6:]
		switch {
		case unit < 0xd800 || unit > 0xdfff:
			continue
		case unit >= 0xdc00:
			return true
		}
		second, ok := escapedUnit(json)
		if !ok || second < 0xdc00 || second > 0xdfff {
			return true
		}
		json = json[6:]
	}
}

// escapedUnit reads \uXXXX.
func escapedUnit(json []byte) (unit int, ok bool) {
	if len(json) < 6 || json[0] != '\\' || json[1] != 'u' {
		return 0, false
	}
	for _, b := range json[2:6] {
		digit := bytes.IndexByte([]byte("0123456789abcdef"), b|0x20)
		if digit < 0 {
			return 0, false
		}
		unit = unit<<4 | digit
	}
	return unit, true
}
