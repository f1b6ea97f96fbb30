package tokenize

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Names of a tokenizer's files.
const (
	VocabFile     = "vocab.txt"
	TokenizerFile = "tokenizer.json"
	ConfigFile    = "tokenizer_config.json"
)

// Names of additional files of older tokenizers.
const (
	AddedTokensFile   = "added_tokens.json"
	SpecialTokensFile = "special_tokens_map.json"
)

// tokenizerJSON is the file of Hugging Face's tokenizers library.
type tokenizerJSON struct {
	Version       string          `json:"version"`
	Truncation    any             `json:"truncation"`
	Padding       any             `json:"padding"`
	AddedTokens   []addedJSON     `json:"added_tokens"`
	Normalizer    *normalizerJSON `json:"normalizer"`
	PreTokenizer  *typeJSON       `json:"pre_tokenizer"`
	PostProcessor any             `json:"post_processor"`
	Decoder       any             `json:"decoder"`
	Model         modelJSON       `json:"model"`
}

type typeJSON struct {
	Type string `json:"type"`
}

type addedJSON struct {
	ID int32 `json:"id"`
	AddedToken
}

type normalizerJSON struct {
	Type         string `json:"type"`
	CleanText    bool   `json:"clean_text"`
	ChineseChars bool   `json:"handle_chinese_chars"`
	StripAccents *bool  `json:"strip_accents"`
	LowerCase    bool   `json:"lowercase"`
}

type modelJSON struct {
	Type         string    `json:"type"`
	Unknown      string    `json:"unk_token"`
	Continuation string    `json:"continuing_subword_prefix"`
	MaxWord      int       `json:"max_input_chars_per_word"`
	Vocab        vocabJSON `json:"vocab"`
}

// configJSON has the keys that transformers adds to it.
type configJSON struct {
	Class          string       `json:"tokenizer_class,omitempty"`
	LowerCase      *bool        `json:"do_lower_case,omitempty"`
	StripAccents   *bool        `json:"strip_accents"`
	ChineseChars   *bool        `json:"tokenize_chinese_chars,omitempty"`
	ModelMaxLength *json.Number `json:"model_max_length,omitempty"`
	Pad            any          `json:"pad_token,omitempty"`
	Unknown        any          `json:"unk_token,omitempty"`
	CLS            any          `json:"cls_token,omitempty"`
	Sep            any          `json:"sep_token,omitempty"`
	Mask           any          `json:"mask_token"` // null: none; if it were missing, it would be added
	SplitSpecial   bool         `json:"split_special_tokens,omitempty"`
}

// savedConfig is the file written by [Tokenizer.Save].
type savedConfig struct {
	AddedTokens addedTokens `json:"added_tokens_decoder"`
	configJSON
}

// addedTokens are added tokens in the order of their ids; in JSON they are an object, id
// → token.
type addedTokens []addedToken

// MarshalJSON writes the tokens in their order.
func (a addedTokens) MarshalJSON() ([]byte, error) {
	return orderedObject(len(a), func(i int) (string, any) { return strconv.Itoa(int(a[i].id)), a[i].AddedToken })
}

// vocabJSON is a vocabulary by id; in JSON it is an object, token → id.
type vocabJSON []string

// MarshalJSON writes the tokens in the order of their ids.
func (v vocabJSON) MarshalJSON() ([]byte, error) {
	return orderedObject(len(v), func(id int) (string, any) { return v[id], id })
}

// orderedObject returns a JSON object with n members, in order.
func orderedObject(n int, member func(i int) (name string, value any)) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	out.WriteByte('{')
	for i := range n {
		if i > 0 {
			out.WriteByte(',')
		}
		name, value := member(i)
		if err := enc.Encode(name); err != nil {
			return nil, err
		}
		out.WriteByte(':')
		if err := enc.Encode(value); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// UnmarshalJSON refuses duplicate tokens, duplicate ids, and gaps.
func (v *vocabJSON) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("vocabulary: want an object, token → id")
	}
	ids := map[string]int{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		token := key.(string) // keys are strings
		if _, twice := ids[token]; twice {
			return fmt.Errorf("vocabulary: %q stands there twice", token)
		}
		var id int
		if err := dec.Decode(&id); err != nil {
			return fmt.Errorf("vocabulary: id of %q: %w", token, err)
		}
		ids[token] = id
	}
	tokens := make(vocabJSON, len(ids))
	named := make([]bool, len(ids))
	for token, id := range ids {
		switch {
		case id < 0 || id >= len(ids):
			return fmt.Errorf("vocabulary: %d tokens, but %q has the id %d; ids must run from 0 without a gap", len(ids), token, id)
		case named[id]:
			return fmt.Errorf("vocabulary: id %d belongs to both %q and %q", id, min(tokens[id], token), max(tokens[id], token))
		}
		tokens[id], named[id] = token, true
	}
	*v = tokens
	return nil
}
