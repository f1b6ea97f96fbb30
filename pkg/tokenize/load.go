package tokenize

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Load reads the tokenizer of a model directory: tokenizer.json, or vocab.txt
// where there is none. What tokenizer_config.json says goes before the
// former's normaliser, as in Hugging Face. Where nothing says whether to
// lower-case, a vocabulary with capital letters means no; a model_max_length
// that is missing or beyond any model's means [DefaultMaxLength].
func Load(dir string) (*Tokenizer, error) {
	t, err := load(dir)
	if err != nil {
		return nil, fmt.Errorf("load tokenizer: %w", err)
	}
	return t, nil
}

// copyAgain is what to do about a file that can't be used.
const copyAgain = "if it is damaged, copy it again from the model's source"

func load(dir string) (*Tokenizer, error) {
	path := filepath.Join(dir, TokenizerFile)
	parse := parseTokenizer
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		path = filepath.Join(dir, VocabFile)
		parse = parseVocab
		data, err = os.ReadFile(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has neither %s nor %s; copy one of them from the model's source", dir, TokenizerFile, VocabFile)
	}
	if err != nil {
		return nil, err
	}
	vocab, options, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; %s", path, err, copyAgain)
	}
	config := filepath.Join(dir, ConfigFile)
	switch data, err := os.ReadFile(config); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := options.configure(data); err != nil {
			return nil, fmt.Errorf("%s: %w; %s", config, err, copyAgain)
		}
	}
	t, err := New(vocab, options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; %s", path, err, copyAgain)
	}
	return t, nil
}

// parseVocab reads vocab.txt: a token a line, in the order of their ids.
func parseVocab(data []byte) ([]string, Options, error) {
	text := strings.TrimSuffix(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	if text == "" {
		return nil, Options{}, errors.New("the file is empty")
	}
	vocab := strings.Split(text, "\n")
	return vocab, Options{LowerCase: !hasCapitals(vocab)}, nil
}

// hasCapitals tells whether a vocabulary is a cased model's. What stands in
// brackets, such as [CLS], does not count.
func hasCapitals(vocab []string) bool {
	return slices.ContainsFunc(vocab, func(token string) bool {
		return !strings.HasPrefix(token, "[") && strings.ContainsFunc(token, unicode.IsUpper)
	})
}

// parseTokenizer reads tokenizer.json.
func parseTokenizer(data []byte) ([]string, Options, error) {
	var file tokenizerJSON
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, Options{}, err
	}
	if err := file.check(); err != nil {
		return nil, Options{}, fmt.Errorf("not a BERT tokenizer: %w", err)
	}
	options := Options{
		LowerCase:    file.Normalizer.LowerCase,
		StripAccents: file.Normalizer.StripAccents,
		KeepChinese:  !file.Normalizer.ChineseChars,
		KeepControls: !file.Normalizer.CleanText,
	}
	vocab := file.Model.Vocab
	known := make(map[string]int32, len(vocab))
	for id, token := range vocab {
		known[token] = int32(id)
	}
	added := slices.Clone(file.AddedTokens)
	slices.SortFunc(added, func(a, b addedJSON) int { return cmp.Compare(a.ID, b.ID) })
	next := int32(len(vocab))
	for _, a := range added {
		id, found := known[a.Content]
		if !found {
			id = next
			next++
			known[a.Content] = id
		}
		if a.ID != id {
			return nil, Options{}, fmt.Errorf("added token %q has the id %d, want %d; ids must follow the vocabulary's without a gap", a.Content, a.ID, id)
		}
		if a.SingleWord || a.LStrip || a.RStrip || a.Normalized {
			return nil, Options{}, fmt.Errorf("added token %q: single_word, lstrip, rstrip and normalized are not supported; save it with all of them false", a.Content)
		}
		if !slices.Contains(specialTokens[:], a.Content) || !found {
			options.Added = append(options.Added, a.Content)
		}
	}
	return vocab, options, nil
}

// check refuses what would be read as something else than it is.
func (f *tokenizerJSON) check() error {
	m := f.Model
	switch {
	case m.Type != "" && m.Type != "WordPiece":
		return fmt.Errorf("its model is %s; only WordPiece is supported", m.Type)
	case len(m.Vocab) == 0:
		return errors.New("it has no WordPiece vocabulary")
	case f.Normalizer == nil || f.Normalizer.Type != "BertNormalizer":
		return errors.New("its normalizer is not a BertNormalizer")
	case f.PreTokenizer == nil || f.PreTokenizer.Type != "BertPreTokenizer":
		return errors.New("its pre_tokenizer is not a BertPreTokenizer")
	case m.Unknown != UnknownToken || m.Continuation != continuation || m.MaxWord != maxWord:
		return fmt.Errorf("want unk_token %s, continuing_subword_prefix %s and max_input_chars_per_word %d, not %q, %q and %d",
			UnknownToken, continuation, maxWord, m.Unknown, m.Continuation, m.MaxWord)
	}
	return nil
}

// configure applies what tokenizer_config.json says.
func (o *Options) configure(data []byte) error {
	var c configJSON
	if err := json.Unmarshal(bytes.TrimSpace(data), &c); err != nil {
		return err
	}
	if c.LowerCase != nil {
		o.LowerCase = *c.LowerCase
	}
	if c.StripAccents != nil {
		o.StripAccents = c.StripAccents
	}
	if c.ChineseChars != nil {
		o.KeepChinese = !*c.ChineseChars
	}
	if c.ModelMaxLength != nil {
		// Python writes its "no limit" as a whole number of 31 digits.
		limit, err := c.ModelMaxLength.Float64()
		if err != nil || limit < 1 {
			return fmt.Errorf("model_max_length is %s; it must be positive", *c.ModelMaxLength)
		}
		if limit < 1<<24 {
			o.ModelMaxLength = int(limit)
		}
	}
	return nil
}
