package pyjson

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestStandIns(t *testing.T) {
	for in, want := range map[string]string{
		`NaN`:                         `0e0`,
		`[NaN,Infinity,-Infinity]`:    `[0e0,0e000000,-0e000000]`,
		`{"a" : NaN}`:                 `{"a" : 0e0}`,
		`["NaN", "\"NaN", "\\", NaN]`: `["NaN", "\"NaN", "\\", 0e0]`,
		`[NaN5, 5NaN, --Infinity, Inf, -5, Nan, NaNNaN, nNaN]`: `[NaN5, 5NaN, --Infinity, Inf, -5, Nan, NaNNaN, nNaN]`,
		`"NaN`: `"NaN`,
		`[Na`:  `[Na`,
		``:     ``,
	} {
		if got := string(StandIns([]byte(in))); got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
}

// FuzzStandIns: valid JSON stays as it is, and what comes in pieces becomes
// what it becomes at once.
func FuzzStandIns(f *testing.F) {
	f.Add([]byte(`{"a":[NaN, -Infinity,Infinity],"b":"NaN\"NaN"}`))
	f.Add([]byte(`[-1,-I,N,"\\",-Infinity`))
	f.Add([]byte(`[` + strings.Repeat(`"x",-Infinity ,NaN,`, 500)))
	f.Fuzz(func(t *testing.T, input []byte) {
		want := StandIns(input)
		if len(want) != len(input) || json.Valid(input) && !bytes.Equal(want, input) {
			t.Errorf("%q becomes %q", input, want)
		}
		for _, in := range []io.Reader{bytes.NewReader(input), iotest.OneByteReader(bytes.NewReader(input))} {
			if got, err := io.ReadAll(NewReader(in)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%q becomes %q, %v; want %q", input, got, err, want)
			}
		}
	})
}
