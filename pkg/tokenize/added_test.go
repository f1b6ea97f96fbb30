package tokenize_test

import (
	"slices"
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// added are tokens that are found as they stand.
func added(contents ...string) []tokenize.AddedToken {
	var list []tokenize.AddedToken
	for _, content := range contents {
		list = append(list, tokenize.Special(content))
	}
	return list
}

func TestAddedTokens(t *testing.T) {
	for _, test := range []struct {
		name   string
		token  tokenize.AddedToken
		text   string
		tokens string // as in TestEncode
	}{
		{"as it stands", tokenize.AddedToken{Content: "MPesa"}, "MPesa mpesa", "MPesa@0:0-5 [UNK]@1:6-11"},
		{"normalised", tokenize.AddedToken{Content: "MPesa", Normalized: true}, "he MPESA, mpésas", "he@0:0-2 MPesa@1:3-8 ,@2:8-9 MPesa@3:10-15 [UNK]@4:15-16"},
		{"normalised, of decomposed letters", tokenize.AddedToken{Content: "é!", Normalized: true}, "E\u0301! e!", "é!@0:0-3 é!@1:4-6"},
		{"normalised, with spaces around", tokenize.AddedToken{Content: "你", Normalized: true}, "he你 you", "he@0:0-2 你@1:2-3 you@2:4-7"},
		{"takes white space", tokenize.AddedToken{Content: "!", LStrip: true, RStrip: true}, "he  ! \n!\u00a0you", "he@0:0-2 !@1:2-7 !@2:7-9 you@3:9-12"},
		{"a single word", tokenize.AddedToken{Content: "!x", SingleWord: true, Normalized: true}, "!x ,!X, he!x !xx _!x", "!x@0:0-2 ,@1:3-4 !x@2:4-6 ,@3:6-7 he@4:8-10 [UNK]@5:10-11 x@6:11-12 [UNK]@7:13-14 x@8:14-15 ##x@8:15-16 [UNK]@9:17-18 [UNK]@10:18-19 x@11:19-20"},
		{"what isn't a single word is passed over as a whole", tokenize.AddedToken{Content: "[SEP]s", SingleWord: true}, "[SEP]se", "[@0:0-1 sep@1:1-4 ]@2:4-5 [UNK]@3:5-7"},
		{"in the vocabulary", tokenize.AddedToken{Content: "you", Normalized: true}, "YOUx", "you@0:0-3 x@1:3-4"},
		{"a special token as the files describe it", tokenize.AddedToken{Content: "[MASK]", LStrip: true}, "he [MASK] you", "he@0:0-2 [MASK]@1:2-9 you@2:10-13"},
	} {
		tok := newSmall(t, tokenize.Options{LowerCase: true, Added: []tokenize.AddedToken{test.token}})
		if got := readable(tok, tok.Encode(test.text)); got != test.tokens {
			t.Errorf("%s: %q\n got %s\nwant %s", test.name, test.text, got, test.tokens)
		}
	}
}

// Special tokens may be text, where the folder says so.
func TestSplitSpecial(t *testing.T) {
	tok := newSmall(t, tokenize.Options{LowerCase: true, SplitSpecial: true, Added: []tokenize.AddedToken{{Content: "<x>"}}})
	if got, want := readable(tok, tok.Encode("[SEP]<x>")), "[@0:0-1 sep@1:1-4 ]@2:4-5 <x>@3:5-8"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A folder of a slow tokenizer keeps its added tokens in files of their own.
func TestLoadAdded(t *testing.T) {
	const decoder = `{"do_lower_case": true, "added_tokens_decoder": {"6": {"content": "[CALLER]", "special": true}, "7": {"content": "mpesa"}}}`
	for _, test := range []struct {
		name  string
		files files
		text  string
		ids   []int32
	}{
		{"added_tokens_decoder", files{"tokenizer_config.json": decoder}, "[CALLER] you Mpesa [caller]", []int32{2, 6, 5, 7, 1, 1, 1, 3}},
		{"added_tokens.json", files{"added_tokens.json": `{"mpesa": 7, "Road": 6}`}, "ROAD Mpesa", []int32{2, 6, 7, 3}},
		{"the former before the latter", files{"tokenizer_config.json": decoder, "added_tokens.json": `{"road": 6}`}, "road mpesa", []int32{2, 1, 7, 3}},
		{"special_tokens_map.json alone", files{"special_tokens_map.json": `{"additional_special_tokens": ["[CALLER]", {"content": "[AGENT]", "lstrip": true}]}`}, "[CALLER] [AGENT]", []int32{2, 6, 7, 3}},
		{"names of the model's own", files{"tokenizer_config.json": `{"agent_token": "[AGENT]", "extra_special_tokens": ["[CALLER]"]}`}, "[CALLER][AGENT]", []int32{2, 7, 6, 3}},
	} {
		content := files{"vocab.txt": vocabTxt}
		for name, text := range test.files {
			content[name] = text
		}
		tok, err := tokenize.Load(content.write(t))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := tok.Encode(test.text).IDs; !slices.Equal(got, test.ids) {
			t.Errorf("%s: %q became %v, want %v", test.name, test.text, got, test.ids)
		}
	}
}

// Files that other tokenizers left in the folder say nothing of a saved one.
func TestSaveOverAdded(t *testing.T) {
	dir := files{"added_tokens.json": `{"road": 99}`, "special_tokens_map.json": `{"additional_special_tokens": ["[AGENT]"]}`}.write(t)
	tok := newSmall(t, tokenize.Options{Added: added("<call>")})
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := tokenize.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Equal(tok) {
		t.Error("another tokenizer was loaded than saved")
	}
}
