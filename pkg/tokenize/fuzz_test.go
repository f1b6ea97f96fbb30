package tokenize

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

// What a loader takes makes a tokenizer or an error, and survives being saved.
func FuzzLoad(f *testing.F) {
	saved, err := os.ReadFile("testdata/saved/tokenizer.json")
	if err != nil {
		f.Fatal(err)
	}
	config, err := os.ReadFile("testdata/saved/tokenizer_config.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(saved, config, []byte(`{}`), []byte(`{}`))
	f.Add([]byte("[PAD]\n[UNK]\r\n[CLS]\n[SEP]\nA\n##é"), []byte(`{"model_max_length":1e30,"strip_accents":true}`),
		[]byte(`{"additional_special_tokens":["x",{"content":"y","lstrip":true}]}`), []byte(`{"x":6}`))
	f.Add([]byte(`{"model":{"vocab":{"a":0,"b":0}}}`), []byte(`{"extra_special_tokens":{"a_token":"b"},"added_tokens_decoder":{}}`), []byte(`{}`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, data, config, special, added []byte) {
		for _, parse := range []func([]byte) (*parsed, error){parseVocab, parseTokenizer} {
			tok, err := assemble(parse, data, config, special, added)
			if err != nil {
				continue
			}
			text := string(data)
			want := tok.Encode(text)
			content, err := encodeJSON(tok.tokenizerJSON())
			if err != nil {
				t.Fatal(err)
			}
			settings, err := encodeJSON(savedConfig{tok.addedByID(), tok.configJSON("BertTokenizer")})
			if err != nil {
				t.Fatal(err)
			}
			again, err := assemble(parseTokenizer, content, settings, []byte(`{}`), []byte(`{}`))
			if err != nil {
				t.Fatalf("what was saved does not load: %v\n%s\n%s", err, content, settings)
			}
			if got := again.Encode(text); !reflect.DeepEqual(got, want) || !again.Equal(tok) {
				t.Errorf("saved and loaded: %v, was %v", got, want)
			}
		}
	})
}

// assemble makes a tokenizer of the four files.
func assemble(parse func([]byte) (*parsed, error), data, config, special, added []byte) (*Tokenizer, error) {
	p, err := parse(data)
	if err != nil {
		return nil, err
	}
	if err := p.configure(config); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(special, &p.declared.special); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(added, &p.declared.added); err != nil {
		return nil, err
	}
	if p.options.Added, err = p.declared.tokens(p.vocab); err != nil {
		return nil, err
	}
	return New(p.vocab, p.options)
}
