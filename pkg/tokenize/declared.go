package tokenize

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// declarations are the declarations of added tokens in a folder's files. Several files
// may declare the same token; their precedence, and the order in which tokens get their
// ids, follow transformers (5.23, PreTrainedTokenizerBase._from_pretrained and
// TokenizersBackend.__init__):
//
//  1. The tokens of added_tokens_decoder in tokenizer_config.json, by id. Only in
//     folders without it, as written by transformers before 4.34, are
//     added_tokens.json, special_tokens_map.json and the added_tokens of
//     tokenizer.json used. If tokenizer_config.json doesn't name a BERT tokenizer,
//     those of tokenizer.json always come first.
//  2. Tokens with a name, such as mask_token, and then those of
//     extra_special_tokens, or additional_special_tokens, unless they are already
//     present.
type declarations struct {
	tokenizer []declared       // added_tokens of tokenizer.json
	backend   bool             // tokenizer.json defines the whole tokenizer, since it isn't one of BERT's classes
	config    object           // tokenizer_config.json
	special   object           // special_tokens_map.json
	added     map[string]int32 // added_tokens.json
}

// declared is an added token and its id in a file.
type declared struct {
	AddedToken
	id int32
}

// noID is the id of a token without one.
const noID = -1

// bertTokens are the named tokens of BERT's tokenizer.
var bertTokens = []struct{ name, content string }{
	{"bos_token", ""},
	{"eos_token", ""},
	{"unk_token", UnknownToken},
	{"sep_token", SepToken},
	{"pad_token", PadToken},
	{"cls_token", CLSToken},
	{"mask_token", MaskToken},
}

func isBERTToken(name string) bool {
	return slices.ContainsFunc(bertTokens, func(t struct{ name, content string }) bool { return t.name == name })
}

// tokens lists the added tokens of a tokenizer of vocab, in the order in which they get
// their ids. It returns an error for a file that can't be interpreted in this way, or
// that gives a token a different id than it would get.
func (d declarations) tokens(vocab []string) ([]AddedToken, error) {
	decoder, settings, err := d.read()
	if err != nil {
		return nil, err
	}
	named, err := settings.named()
	if err != nil {
		return nil, err
	}
	extra, err := settings.list()
	if err != nil {
		return nil, err
	}
	var list []declared
	if d.backend {
		list = slices.SortedFunc(slices.Values(d.tokenizer), byID)
	}
	fixed := len(list)
	for _, token := range decoder {
		if !slices.ContainsFunc(list[:fixed], func(other declared) bool { return other.AddedToken == token.AddedToken }) {
			list = append(list, token)
		}
	}
	known := slices.Clone(list)
	for _, token := range slices.Concat(named, extra) {
		if !slices.ContainsFunc(known, func(other declared) bool { return other.Content == token.Content }) {
			list = append(list, declared{token, noID}) // a duplicate's fields replace those of the earlier one
		}
	}
	for i := range list[fixed:] {
		token := &list[fixed+i]
		token.Special = token.Special || slices.ContainsFunc(named, func(other AddedToken) bool { return other.Content == token.Content })
	}
	return number(list, vocab)
}

// number checks the tokens' ids. A [MASK] that isn't declared is omitted, unless the ids
// of later tokens depend on it.
func number(list []declared, vocab []string) ([]AddedToken, error) {
	ids := make(map[string]int32, len(vocab))
	for id, token := range vocab {
		ids[token] = int32(id)
	}
	if last := len(list) - 1; last >= 0 && list[last].Content == MaskToken && list[last].id == noID {
		if _, known := ids[MaskToken]; !known {
			list = list[:last]
		}
	}
	var tokens []AddedToken
	next := int32(len(vocab))
	for _, token := range list {
		id, known := ids[token.Content]
		if !known {
			id = next
			next++
			ids[token.Content] = id
		}
		if token.id != noID && token.id != id {
			return nil, fmt.Errorf("added token %q has the id %d, want %d; ids must follow the vocabulary's without a gap", token.Content, token.id, id)
		}
		tokens = append(tokens, token.AddedToken)
	}
	return tokens, nil
}

func byID(a, b declared) int { return cmp.Compare(a.id, b.id) }

// read returns the tokens that have ids, by id, and the settings of
// tokenizer_config.json, merged with special_tokens_map.json.
func (d declarations) read() ([]declared, settings, error) {
	s := newSettings(d.config, !d.backend)
	if raw := d.config.get("added_tokens_decoder"); raw != nil {
		decoder, err := readDecoder(raw)
		return decoder, s, err
	}
	if err := s.merge(d.special); err != nil {
		return nil, s, fmt.Errorf("%s: %w", SpecialTokensFile, err)
	}
	special, err := s.specialContents(d.special)
	if err != nil {
		return nil, s, err
	}
	decoder := map[int32]AddedToken{}
	for content, id := range d.added {
		if other, taken := decoder[id]; taken {
			return nil, s, fmt.Errorf("%s: both %q and %q have the id %d", AddedTokensFile, min(content, other.Content), max(content, other.Content), id)
		}
		decoder[id] = AddedToken{Content: content, Normalized: !special[content], Special: special[content]}
	}
	for _, token := range d.tokenizer {
		decoder[token.id] = token.AddedToken
	}
	return sorted(decoder), s, nil
}

func sorted(decoder map[int32]AddedToken) []declared {
	var list []declared
	for _, id := range slices.Sorted(maps.Keys(decoder)) {
		list = append(list, declared{decoder[id], id})
	}
	return list
}

// readDecoder reads added_tokens_decoder: id → token.
func readDecoder(raw json.RawMessage) ([]declared, error) {
	var tokens map[string]json.RawMessage
	if err := json.Unmarshal(raw, &tokens); err != nil {
		return nil, fmt.Errorf("added_tokens_decoder: %w", err)
	}
	decoder := map[int32]AddedToken{}
	for key, raw := range tokens {
		id, err := strconv.ParseInt(key, 10, 32)
		if err != nil || id < 0 {
			return nil, fmt.Errorf("added_tokens_decoder: %q is no id", key)
		}
		if decoder[int32(id)], err = readToken(raw, false); err != nil {
			return nil, fmt.Errorf("added_tokens_decoder: %s: %w", key, err)
		}
	}
	return sorted(decoder), nil
}

// readToken reads a token: its content as a string, or an AddedToken's fields. special
// is the default of the token's special field, also for strings; a token that isn't
// special is by default matched in the normalised text.
func readToken(raw json.RawMessage, special bool) (AddedToken, error) {
	if strings.HasPrefix(strings.TrimSpace(string(raw)), `"`) {
		token := AddedToken{Special: special, Normalized: !special}
		return token, json.Unmarshal(raw, &token.Content)
	}
	var fields struct {
		Content    *string `json:"content"`
		SingleWord bool    `json:"single_word"`
		LStrip     bool    `json:"lstrip"`
		RStrip     bool    `json:"rstrip"`
		Normalized *bool   `json:"normalized"`
		Special    *bool   `json:"special"`
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return AddedToken{}, err
	}
	if fields.Content == nil {
		return AddedToken{}, fmt.Errorf("the token has no content")
	}
	if fields.Special != nil {
		special = special || *fields.Special
	}
	token := AddedToken{*fields.Content, fields.SingleWord, fields.LStrip, fields.RStrip, !special, special}
	if fields.Normalized != nil {
		token.Normalized = *fields.Normalized
	}
	return token, nil
}
