package tokenize

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/trident-nlp/trident/internal/hfjson"
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
	p, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; %s", path, err, copyAgain)
	}
	for _, file := range []struct {
		name  string
		parse func([]byte) error
	}{
		{ConfigFile, p.configure},
		{SpecialTokensFile, func(data []byte) error { return json.Unmarshal(data, &p.declared.special) }},
		{AddedTokensFile, func(data []byte) error { return json.Unmarshal(data, &p.declared.added) }},
	} {
		path := filepath.Join(dir, file.name)
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := file.parse(data); err != nil {
			return nil, fmt.Errorf("%s: %w; %s", path, err, copyAgain)
		}
	}
	if p.options.Added, err = p.declared.tokens(p.vocab); err != nil {
		return nil, fmt.Errorf("added tokens of %s: %w; %s", dir, err, copyAgain)
	}
	t, err := New(p.vocab, p.options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; %s", path, err, copyAgain)
	}
	return t, nil
}

// parsed is what the files of a folder say.
type parsed struct {
	vocab    []string
	options  Options
	declared declarations
}

// parseVocab reads vocab.txt: a token a line, in the order of their ids.
func parseVocab(data []byte) (*parsed, error) {
	text := strings.TrimSuffix(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	if text == "" {
		return nil, errors.New("the file is empty")
	}
	vocab := strings.Split(text, "\n")
	return &parsed{vocab: vocab, options: Options{LowerCase: !hasCapitals(vocab)}}, nil
}

// hasCapitals tells whether a vocabulary is a cased model's. What stands in
// brackets, such as [CLS], does not count.
func hasCapitals(vocab []string) bool {
	return slices.ContainsFunc(vocab, func(token string) bool {
		return !strings.HasPrefix(token, "[") && strings.ContainsFunc(token, unicode.IsUpper)
	})
}

// parseTokenizer reads tokenizer.json.
func parseTokenizer(data []byte) (*parsed, error) {
	var file tokenizerJSON
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	if err := file.check(); err != nil {
		return nil, fmt.Errorf("not a BERT tokenizer: %w", err)
	}
	p := &parsed{vocab: file.Model.Vocab, options: Options{
		LowerCase:    file.Normalizer.LowerCase,
		StripAccents: file.Normalizer.StripAccents,
		KeepChinese:  !file.Normalizer.ChineseChars,
		KeepControls: !file.Normalizer.CleanText,
	}}
	for _, a := range file.AddedTokens {
		p.declared.tokenizer = append(p.declared.tokenizer, declared{a.AddedToken, a.ID})
	}
	return p, nil
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
func (p *parsed) configure(data []byte) error {
	var c configJSON
	if err := hfjson.Unmarshal(data, &c); err != nil {
		return err
	}
	if err := json.Unmarshal(hfjson.Finite(data), &p.declared.config); err != nil {
		return err
	}
	class := strings.TrimSuffix(c.Class, "Fast")
	p.declared.backend = class != "" && class != "BertTokenizer" && class != "DistilBertTokenizer"
	o := &p.options
	o.SplitSpecial = c.SplitSpecial
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
