package tokenize_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// files are a directory's: name → content.
type files map[string]string

func (f files) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range f {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSaveAndLoad(t *testing.T) {
	texts := []string{"hello Worlds, CAFÉ café", "<call>you你 [SEP] \u2028 <x>", "\x07 you", ""}
	for _, options := range []tokenize.Options{
		{},
		{LowerCase: true, ModelMaxLength: 128},
		{LowerCase: true, StripAccents: pointer(false)},
		{StripAccents: pointer(true), KeepChinese: true},
		{KeepControls: true},
		{Added: added("<call>", "<\"x\">")},
	} {
		tok := newSmall(t, options)
		dir := t.TempDir()
		if err := tok.Save(dir); err != nil {
			t.Fatal(err)
		}
		check := func() {
			t.Helper()
			again, err := tokenize.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range texts {
				if got, want := again.Encode(text), tok.Encode(text); !reflect.DeepEqual(got, want) {
					t.Errorf("%+v: %q became %v, was %v", options, text, got, want)
				}
			}
			if again.ModelMaxLength() != tok.ModelMaxLength() || again.VocabSize() != tok.VocabSize() {
				t.Errorf("%+v: length %d, size %d; were %d, %d", options, again.ModelMaxLength(), again.VocabSize(), tok.ModelMaxLength(), tok.VocabSize())
			}
		}
		check()
		if options.KeepControls || options.Added != nil {
			continue // vocab.txt and the configuration cannot say that
		}
		if err := os.Remove(filepath.Join(dir, tokenize.TokenizerFile)); err != nil {
			t.Fatal(err)
		}
		check()
	}
}

func TestSaveErrors(t *testing.T) {
	if err := newSmall(t, tokenize.Options{}).Save(filepath.Join(t.TempDir(), "missing")); err == nil || !strings.Contains(err.Error(), "save tokenizer") {
		t.Errorf("no directory: %v", err)
	}
}

const vocabTxt = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nyou\n"

func TestLoadVocab(t *testing.T) {
	for _, test := range []struct {
		name  string
		files files
		text  string
		ids   []int32
		limit int
	}{
		{"uncased by its letters", files{"vocab.txt": vocabTxt}, "YOU", []int32{2, 5, 3}, 512},
		{"cased by its letters", files{"vocab.txt": vocabTxt + "Me\n"}, "YOU you Me", []int32{2, 1, 5, 6, 3}, 512},
		{"cased by configuration", files{"vocab.txt": vocabTxt, "tokenizer_config.json": `{"do_lower_case": false, "model_max_length": 256}`}, "YOU you", []int32{2, 1, 5, 3}, 256},
		{"no limit", files{"vocab.txt": vocabTxt, "tokenizer_config.json": `{"model_max_length": 1000000000000000019884624838656}`}, "", []int32{2, 3}, 512},
		{"accents kept", files{"vocab.txt": vocabTxt, "tokenizer_config.json": `{"strip_accents": false}`}, "yóu You", []int32{2, 1, 5, 3}, 512},
		{"null means silent", files{"vocab.txt": vocabTxt, "tokenizer_config.json": `{"do_lower_case": null, "strip_accents": null}`}, "yóu You", []int32{2, 5, 5, 3}, 512},
		{"CJK not set apart", files{"vocab.txt": vocabTxt + "你\n你你\n", "tokenizer_config.json": `{"tokenize_chinese_chars": false}`}, "你你", []int32{2, 7, 3}, 512},
		{"Windows' line ends, and none at the end", files{"vocab.txt": strings.ReplaceAll(vocabTxt, "\n", "\r\n") + "me"}, "you me", []int32{2, 5, 6, 3}, 512},
		{"spaces before a token are part of it", files{"vocab.txt": vocabTxt + " me\n"}, "me", []int32{2, 1, 3}, 512},
	} {
		tok, err := tokenize.Load(test.files.write(t))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := tok.Encode(test.text).IDs; !reflect.DeepEqual(got, test.ids) {
			t.Errorf("%s: %q became %v, want %v", test.name, test.text, got, test.ids)
		}
		if got := tok.ModelMaxLength(); got != test.limit {
			t.Errorf("%s: model_max_length %d, want %d", test.name, got, test.limit)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	saved, err := os.ReadFile("testdata/saved/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	// edited is tokenizer.json with its first old replaced.
	edited := func(old, replacement string) files {
		text := strings.Replace(string(saved), old, replacement, 1)
		if text == string(saved) {
			t.Fatalf("%q is not in tokenizer.json", old)
		}
		return files{"tokenizer.json": text}
	}
	for _, test := range []struct {
		name  string
		files files
		want  string
	}{
		{"nothing there", nil, "has neither tokenizer.json nor vocab.txt"},
		{"empty vocabulary", files{"vocab.txt": "\n"}, "vocab.txt: the file is empty"},
		{"no unknown token", files{"vocab.txt": strings.Replace(vocabTxt, "[UNK]", "unk", 1)}, "vocab.txt: vocabulary of 6 entries has no [UNK]"},
		{"token twice, and an added one", files{"vocab.txt": vocabTxt + "you\n", "added_tokens.json": `{"x": 7}`}, `vocab.txt: it has "you" twice, so that the ids of tokens that were added`},
		{"blank lines at the end, and an added token", files{"vocab.txt": vocabTxt + "\n", "added_tokens.json": `{"x": 6}`}, `vocab.txt: it has blank lines at the end`},
		{"broken configuration", files{"vocab.txt": vocabTxt, "tokenizer_config.json": `{"do_lower_case"`}, "tokenizer_config.json: unexpected end of JSON input"},
		{"configuration of another type", files{"vocab.txt": vocabTxt, "tokenizer_config.json": `{"do_lower_case": "no"}`}, "do_lower_case"},
		{"length 0", files{"vocab.txt": vocabTxt, "tokenizer_config.json": `{"model_max_length": 0}`}, "model_max_length is 0"},
		{"broken tokenizer", files{"tokenizer.json": string(saved[:100])}, "tokenizer.json: unexpected end of JSON input"},
		{"another model", edited("\"model\": {\n    \"type\": \"WordPiece\"", `"model": {"type": "BPE"`), "not a BERT tokenizer: its model is BPE"},
		{"another normaliser", edited(`"BertNormalizer"`, `"NFC"`), "its normalizer is not a BertNormalizer"},
		{"another pre-tokeniser", edited(`"BertPreTokenizer"`, `"Whitespace"`), "its pre_tokenizer is not a BertPreTokenizer"},
		{"another word length", edited(`"max_input_chars_per_word": 100`, `"max_input_chars_per_word": 7`), "max_input_chars_per_word 100"},
		{"vocabulary as a list", edited(`"vocab": {`, `"vocab": [], "x": {`), "vocabulary: want an object"},
		{"no vocabulary", edited(`"vocab": {`, `"x": {`), "it has no WordPiece vocabulary"},
		{"token twice in JSON", edited(`"##llo": 6`, `"he": 6`), `"he" stands there twice`},
		{"id twice", edited(`"##llo": 6`, `"##llo": 5`), `id 5 belongs to both "##llo" and "he"`},
		{"id out of range", edited(`"##llo": 6`, `"##llo": 99`), `"##llo" has the id 99`},
		{"id of another type", edited(`"##llo": 6`, `"##llo": "x"`), `id of "##llo"`},
		{"gap before an added token", edited(`"id": 14,`, `"id": 20,`), `added token "<call end>" has the id 15, want 14`},
		{"added token that is empty once normalised", files{"vocab.txt": vocabTxt, "added_tokens.json": `{"\u0301": 6}`}, `nothing is left of`},
		{"added token without content", files{"vocab.txt": vocabTxt, "tokenizer_config.json": `{"added_tokens_decoder": {"6": {"lstrip": true}}}`}, "added_tokens_decoder: 6: the token has no content"},
		{"added token with a name for an id", files{"vocab.txt": vocabTxt, "tokenizer_config.json": `{"added_tokens_decoder": {"six": {"content": "x"}}}`}, `"six" is no id`},
		{"added tokens as a list", files{"vocab.txt": vocabTxt, "added_tokens.json": `["x"]`}, "added_tokens.json: json"},
		{"gap before a token of added_tokens.json", files{"vocab.txt": vocabTxt, "added_tokens.json": `{"x": 9}`}, `added token "x" has the id 9, want 6`},
		{"two added tokens of one id", files{"vocab.txt": vocabTxt, "added_tokens.json": `{"x": 6, "y": 6}`}, `both "x" and "y" have the id 6`},
		{"broken special tokens", files{"vocab.txt": vocabTxt, "special_tokens_map.json": `[`}, "special_tokens_map.json"},
		{"another [CLS]", files{"vocab.txt": vocabTxt, "tokenizer_config.json": `{"cls_token": "<s>"}`}, `cls_token is "<s>"; only [CLS] is supported`},
	} {
		_, err := tokenize.Load(test.files.write(t))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v\nwant %q", test.name, err, test.want)
		}
	}
}
