package tokenize_test

import (
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

func TestBlank(t *testing.T) {
	tok, err := tokenize.New(speakerVocabulary(), tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"": true, " \t\r\n": true, "\u200b": true, "\u00a0\u00ad\ufeff\u2028 \x00\x1f": true, "\ue000": true, "\ufffd": true,
		"a": false, "\u200b.": false, "\u0301": false, "中": false,
	} {
		if got := tokenize.Blank(text); got != want || got != (len(tok.Encode(text).IDs) == 2) {
			t.Errorf("%+q: blank is %t, want %t; tokens %v", text, got, want, tok.Encode(text).IDs)
		}
	}
}
