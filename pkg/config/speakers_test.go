package config

import (
	"slices"
	"strings"
	"testing"
)

func TestSpeakers(t *testing.T) {
	for text, want := range map[string]Speakers{
		`["Counselor:", "[CALLER]"]`:  {"Counselor:", "[CALLER]"},
		`[Counselor:, Caller:]`:       {"Counselor:", "Caller:"},
		"\n    - Counselor:\n    - A": {"Counselor:", "A"},
		`[]`:                          nil,
		``:                            nil,
	} {
		c, err := Parse([]byte("tokenizer:\n  speaker_tokens: "+text+"\n"), nil)
		if err != nil || !slices.Equal(c.Tokenizer.SpeakerTokens, want) {
			t.Errorf("%s: %q, %v; want %q", text, c.Tokenizer.SpeakerTokens, err, want)
		}
	}
	for text, want := range map[string]string{
		`3`:              "want a list of labels",
		`[3]`:            "want a list of labels",
		`[{a: b}]`:       "want a list of labels",
		`[" a"]`:         "without space around it",
		`[""]`:           "without space around it",
		`["A:", "A:"]`:   "each label once",
		`[A:, {}]`:       "want a list of labels",
		`"Caller: name"`: "want a list of labels",
	} {
		c, err := Parse([]byte("tokenizer:\n  speaker_tokens: "+text+"\n"), nil)
		if err == nil {
			err = c.Validate()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %q", text, err, want)
		}
	}
}
