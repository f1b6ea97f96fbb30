package tokenize

import (
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
	f.Add(saved, config)
	f.Add([]byte("[PAD]\n[UNK]\r\n[CLS]\n[SEP]\nA\n##é"), []byte(`{"model_max_length":1e30,"strip_accents":true}`))
	f.Add([]byte(`{"model":{"vocab":{"a":0,"b":0}}}`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, data, config []byte) {
		for _, parse := range []func([]byte) ([]string, Options, error){parseVocab, parseTokenizer} {
			vocab, options, err := parse(data)
			if err != nil || options.configure(config) != nil {
				continue
			}
			tok, err := New(vocab, options)
			if err != nil {
				continue
			}
			text := string(data)
			want := tok.Encode(text)
			content, err := encodeJSON(tok.tokenizerJSON())
			if err != nil {
				t.Fatal(err)
			}
			vocab, options, err = parseTokenizer(content)
			if err != nil {
				t.Fatalf("what was saved does not load: %v\n%s", err, content)
			}
			again, err := New(vocab, options)
			if err != nil {
				t.Fatal(err)
			}
			if got := again.Encode(text); !reflect.DeepEqual(got, want) {
				t.Errorf("saved and loaded: %v, was %v", got, want)
			}
		}
	})
}
