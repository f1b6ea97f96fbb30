package tokenize

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Save writes vocab.txt, tokenizer.json and tokenizer_config.json to dir, which must
// exist. They can be loaded by [Load] and by transformers' AutoTokenizer, as a
// DistilBertTokenizer. The configuration lists all added tokens, so that declarations in
// other files of dir are ignored.
func (t *Tokenizer) Save(dir string) error { return t.SaveAs(dir, "DistilBertTokenizer") }

// SaveAs is [Tokenizer.Save] for another transformers class with the same behaviour,
// such as BertTokenizer.
func (t *Tokenizer) SaveAs(dir, class string) error {
	tokenizer, err := encodeJSON(t.tokenizerJSON())
	if err != nil {
		return fmt.Errorf("save tokenizer: %w", err)
	}
	config, err := encodeJSON(savedConfig{t.addedByID(), t.configJSON(class)})
	if err != nil {
		return fmt.Errorf("save tokenizer: %w", err)
	}
	for _, file := range []struct {
		name    string
		content []byte
	}{
		{VocabFile, []byte(strings.Join(t.tokens[:t.vocabSize], "\n") + "\n")},
		{TokenizerFile, tokenizer},
		{ConfigFile, config},
	} {
		if err := os.WriteFile(filepath.Join(dir, file.name), file.content, 0o666); err != nil {
			return fmt.Errorf("save tokenizer: %w", err)
		}
	}
	return nil
}

func encodeJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return out.Bytes(), err
}

func (t *Tokenizer) tokenizerJSON() tokenizerJSON {
	file := tokenizerJSON{
		Version: "1.0",
		Normalizer: &normalizerJSON{
			Type:         "BertNormalizer",
			CleanText:    !t.options.KeepControls,
			ChineseChars: !t.options.KeepChinese,
			StripAccents: t.options.StripAccents,
			LowerCase:    t.options.LowerCase,
		},
		PreTokenizer:  &typeJSON{"BertPreTokenizer"},
		PostProcessor: t.template(),
		Decoder:       map[string]any{"type": "WordPiece", "prefix": continuation, "cleanup": true},
		Model: modelJSON{
			Type:         "WordPiece",
			Unknown:      UnknownToken,
			Continuation: continuation,
			MaxWord:      maxWord,
			Vocab:        t.tokens[:t.vocabSize],
		},
	}
	for _, token := range t.addedByID() {
		file.AddedTokens = append(file.AddedTokens, addedJSON{token.id, token.AddedToken})
	}
	return file
}

func (t *Tokenizer) addedByID() addedTokens {
	return slices.SortedFunc(slices.Values(t.added), func(a, b addedToken) int { return cmp.Compare(a.id, b.id) })
}

// template is the post-processor that adds [CLS] and [SEP] to one text or two.
func (t *Tokenizer) template() any {
	type object = map[string]any
	special := func(token string, kind int) object {
		return object{"SpecialToken": object{"id": token, "type_id": kind}}
	}
	text := func(name string, kind int) object { return object{"Sequence": object{"id": name, "type_id": kind}} }
	id := func(token string, id int32) object {
		return object{"id": token, "ids": []int32{id}, "tokens": []string{token}}
	}
	single := []object{special(CLSToken, 0), text("A", 0), special(SepToken, 0)}
	return object{
		"type":           "TemplateProcessing",
		"single":         single,
		"pair":           append(single[:3:3], text("B", 1), special(SepToken, 1)),
		"special_tokens": object{CLSToken: id(CLSToken, t.cls), SepToken: id(SepToken, t.sep)},
	}
}

func (t *Tokenizer) configJSON(class string) configJSON {
	chinese := !t.options.KeepChinese
	limit := json.Number(strconv.Itoa(t.options.ModelMaxLength))
	c := configJSON{
		SplitSpecial:   t.options.SplitSpecial,
		Class:          class,
		LowerCase:      &t.options.LowerCase,
		StripAccents:   t.options.StripAccents,
		ChineseChars:   &chinese,
		ModelMaxLength: &limit,
		Pad:            PadToken,
		Unknown:        UnknownToken,
		CLS:            CLSToken,
		Sep:            SepToken,
	}
	if t.options.KeepControls {
		c.Class = "PreTrainedTokenizerFast" // the other class always cleans
	}
	if slices.Contains(t.tokens, MaskToken) {
		c.Mask = MaskToken
	}
	return c
}
