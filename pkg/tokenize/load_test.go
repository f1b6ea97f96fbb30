package tokenize_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Lines of vocab.txt are read as transformers 5.23 reads them.
func TestVocabLines(t *testing.T) {
	for name, test := range map[string]struct {
		vocab string
		ids   []int32 // of "you me x"
	}{
		"plain":                    {vocabTxt + "me\nx\n", []int32{2, 5, 6, 7, 3}},
		"white space at the end":   {vocabTxt + "me \t\nx\u00a0\u2028\u3000\n", []int32{2, 5, 6, 7, 3}},
		"CRLF":                     {strings.ReplaceAll(vocabTxt, "\n", "\r\n") + "me\r\nx\r\n", []int32{2, 5, 6, 7, 3}},
		"no white space":           {vocabTxt + "me\x1c\nx\u200b\n", []int32{2, 5, 1, 1, 3}},
		"blank lines at the end":   {vocabTxt + "me\nx\n\n  \n", []int32{2, 5, 6, 7, 3}},
		"a blank line":             {vocabTxt + "\nme\n \nx\n", []int32{2, 5, 7, 9, 3}},
		"no line end":              {vocabTxt + "me\nx", []int32{2, 5, 6, 7, 3}},
		"a token twice":            {vocabTxt + "me\nyou\nx\n", []int32{2, 7, 6, 8, 3}},
		"a token twice, by spaces": {vocabTxt + "me\nyou \nx\n", []int32{2, 7, 6, 8, 3}},
		"a token three times":      {vocabTxt + "you\nyou\nme\nx\n", []int32{2, 7, 8, 9, 3}},
		"byte order mark":          {"\ufeff" + vocabTxt + "me\nx\n", []int32{2, 5, 6, 7, 3}},
		"a special token twice":    {"[PAD]\n" + vocabTxt + "me\nx\n", []int32{3, 6, 7, 8, 4}},
	} {
		tok, err := tokenize.Load(files{"vocab.txt": test.vocab, "tokenizer_config.json": `{"do_lower_case": false, "x": NaN}`}.write(t))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := tok.Encode("you me x").IDs; !reflect.DeepEqual(got, test.ids) {
			t.Errorf("%s: %v, want %v", name, got, test.ids)
		}
	}
}

// What lower-cases and strips accents is what AutoTokenizer of transformers 5.23 heeds: with
// a class of BERT's tokenizer_config.json, otherwise tokenizer.json.
func TestNormalizerOfTwoFiles(t *testing.T) {
	const cased, uncased = `{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": false}`,
		`{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true}`
	accents := strings.Replace(uncased, "null", "false", 1)
	words := strings.Replace(uncased, `chars": true`, `chars": false`, 1)
	for name, test := range map[string]struct {
		normalizer, config string
		want               string // of the tokens of "You yóu"; "" where the folder is refused
	}{
		"a class that heeds tokenizer.json":   {cased, `{"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": true}`, "[UNK] [UNK]"},
		"its name in transformers 5":          {uncased, `{"tokenizer_class": "TokenizersBackend", "do_lower_case": false, "strip_accents": false}`, "you you"},
		"the same, accents":                   {accents, `{"tokenizer_class": "TokenizersBackend", "strip_accents": true}`, "you [UNK]"},
		"a class of BERT's":                   {cased, `{"tokenizer_class": "BertTokenizer", "do_lower_case": true}`, "you you"},
		"the other one":                       {uncased, `{"tokenizer_class": "DistilBertTokenizerFast", "do_lower_case": false}`, "[UNK] [UNK]"},
		"no class":                            {uncased, `{"do_lower_case": false}`, "[UNK] [UNK]"},
		"null says that accents are stripped": {accents, `{"do_lower_case": true, "strip_accents": null}`, "you you"},
		"nothing said, as by default":         {uncased, `{}`, "you you"},
		"nothing said of lower case":          {cased, `{"tokenizer_class": "DistilBertTokenizer"}`, ""},
		"null said of lower case":             {cased, `{"do_lower_case": null}`, ""},
		"no configuration, cased":             {cased, ``, ""},
		"no configuration, uncased":           {uncased, ``, "you you"},
		"nothing said of accents":             {accents, `{"do_lower_case": true}`, ""},
		"nothing said of Chinese":             {words, `{"do_lower_case": true}`, ""},
		"Chinese said":                        {words, `{"do_lower_case": true, "tokenize_chinese_chars": true}`, "you you"},
		"the same accents":                    {strings.Replace(uncased, "null", "true", 1), `{}`, "you you"},
	} {
		json := `{"model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
			"vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "you": 5}}, "pre_tokenizer": {"type": "BertPreTokenizer"}, "normalizer": ` + test.normalizer + `}`
		folder := files{"tokenizer.json": json}
		if test.config != "" {
			folder["tokenizer_config.json"] = test.config
		}
		tok, err := tokenize.Load(folder.write(t))
		if test.want == "" {
			if err == nil || !strings.Contains(err.Error(), "tokenizer.json: its normalizer contradicts") || !strings.Contains(err.Error(), "write to tokenizer_config.json") {
				t.Errorf("%s: error %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, id := range tok.Encode("You yóu").IDs {
			got = append(got, tok.Token(id))
		}
		if text := strings.Join(got, " "); text != "[CLS] "+test.want+" [SEP]" {
			t.Errorf("%s: %s, want %s", name, text, test.want)
		}
	}
}

// Tokenizers that have BERT's files but cut words otherwise.
func TestOtherTokenizersWithBERTsFiles(t *testing.T) {
	const vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nyou\n"
	for name, test := range map[string]struct {
		folder files
		bad    string // the class that the error names; "" if there is none
	}{
		"Japanese":                          {files{"tokenizer_config.json": `{"tokenizer_class": "BertJapaneseTokenizer"}`}, "BertJapaneseTokenizer"},
		"Japanese, as cl-tohoku says it":    {files{"tokenizer_config.json": `{"do_lower_case": false}`, "config.json": `{"tokenizer_class": "BertJapaneseTokenizer"}`}, "BertJapaneseTokenizer"},
		"a class of the model's own":        {files{"tokenizer_config.json": `{"tokenizer_class": "KoBertTokenizer"}`}, "KoBertTokenizer"},
		"BERT's in config.json":             {files{"config.json": `{"tokenizer_class": "BertTokenizerFast"}`}, ""},
		"tokenizer_config.json comes first": {files{"tokenizer_config.json": `{"tokenizer_class": "BertTokenizer"}`, "config.json": `{"tokenizer_class": "KoBertTokenizer"}`}, ""},
	} {
		test.folder["vocab.txt"] = vocab
		if _, err := tokenize.Load(test.folder.write(t)); (err != nil) != (test.bad != "") || err != nil && !strings.Contains(err.Error(), "tokenizer_class is "+test.bad+";") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
