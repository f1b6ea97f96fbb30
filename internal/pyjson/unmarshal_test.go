package pyjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/pyjson"
)

type inner struct {
	Heads int `json:"n_heads"`
}

type outer struct {
	inner
	Rate  float64         `json:"rate,omitempty"`
	Other json.RawMessage `json:"other"`
}

func TestUnmarshal(t *testing.T) {
	for text, want := range map[string]outer{
		`{"n_heads": 2, "rate": 0.5}`:                                 {inner{2}, 0.5, nil},
		`{"n_heads": 2, "N_HEADS": 3, "Rate": "yes"}`:                 {inner{2}, 0, nil},
		`{"N_HEADS": 3}`:                                              {},
		`{"n_heads": 2, "n_heads": 4}`:                                {inner{4}, 0, nil},
		`{"x": NaN, "y": [-Infinity, {"z": Infinity}], "n_heads": 2}`: {inner{2}, 0, nil},
		`{"x": "NaN \" Infinity", "rate": 1}`:                         {inner{}, 1, nil},
		`{"other": NaN}`:                                              {inner{}, 0, json.RawMessage(`"NaN"`)},
		`null`:                                                        {},
	} {
		var got outer
		if err := pyjson.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got.Heads != want.Heads || got.Rate != want.Rate || string(got.Other) != string(want.Other) {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
	for text, want := range map[string]string{
		`{"rate": NaN}`:      "rate is NaN; want a number",
		`{"rate": "1e-5"}`:   "rate is a string; want a number",
		`{"rate": {}}`:       "rate is an object; want a number",
		`{"n_heads": 2.5}`:   "n_heads is 2.5; want a whole number",
		`{"n_heads": true}`:  "n_heads is true or false; want a whole number",
		`{"n_heads": 2`:      "unexpected end",
		`["n_heads"]`:        "the file is an array; want an object",
		`{"rate": -"NaN"}`:   "invalid character",
		`{"x": NaNNaN}`:      "invalid character",
		`{"x": "NaN`:         "unexpected end",
		`{"x": "Infinity\"}`: "unexpected end",
	} {
		var got outer
		if err := pyjson.Unmarshal([]byte(text), &got); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
}

// What is JSON stays as it is, and what isn't becomes no JSON but by those numbers.
func FuzzFinite(f *testing.F) {
	for _, seed := range []string{`{"a": NaN}`, `["\\", -Infinity]`, `"NaN`, `[NaN,,Infinity]`, `{"Infinity": "\"NaN"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		finite := pyjson.Finite(data)
		if json.Valid(data) && string(finite) != string(data) {
			t.Errorf("%q became %q", data, finite)
		}
		if again := pyjson.Finite(finite); json.Valid(finite) && string(again) != string(finite) {
			t.Errorf("%q became %q, and then %q", data, finite, again)
		}
	})
}
