package tokenize

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/trident-nlp/trident/internal/pyjson"
)

// Load reads the tokenizer of a model directory as transformers' AutoTokenizer
// does: tokenizer.json, or vocab.txt where there is none, and tokenizer_config.json.
// Which of them says how text is normalised, the latter's tokenizer_class
// decides; one that contradicts a default of the class is an error. Where a
// vocab.txt stands alone and nothing says whether to lower-case, capital letters in
// it mean no. A model_max_length that is missing or beyond any model's means
// [DefaultMaxLength].
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
	if err := p.settle(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
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
	config   configJSON
	whole    bool   // they are from tokenizer.json, which says how text is normalised
	odd      string // why tokens that are added to vocab may have other ids in transformers
}

// parseVocab reads vocab.txt: a token a line, in the order of their ids. As in
// transformers white space at the end of a line is no part of the token, a blank line is
// a token that no word has, at the end none, and of lines with the same token the last has it.
func parseVocab(data []byte) (*parsed, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // Windows' editors write it
	text := strings.TrimRightFunc(string(data), unicode.IsSpace)
	if text == "" {
		return nil, errors.New("the file is empty")
	}
	p := &parsed{vocab: strings.Split(text, "\n")}
	if _, more, _ := strings.Cut(string(data[len(text):]), "\n"); more != "" {
		p.odd = "blank lines at the end"
	}
	last := map[string]int{}
	for id, line := range p.vocab {
		token := strings.TrimRightFunc(line, unicode.IsSpace)
		p.vocab[id] = token
		if token == "" { // in transformers a token that no word has
			p.vocab[id] = fmt.Sprintf("[blank line %d]", id+1)
			continue
		}
		if first, twice := last[token]; twice {
			p.vocab[first] = fmt.Sprintf("[%s of line %d]", token, first+1) // no word has a space
			p.odd = fmt.Sprintf("%q twice", token)
		}
		last[token] = id
	}
	p.options.LowerCase = !hasCapitals(p.vocab)
	return p, nil
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
	p := &parsed{vocab: file.Model.Vocab, whole: true, options: Options{
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

// configure applies what tokenizer_config.json says, but for what settle decides.
func (p *parsed) configure(data []byte) error {
	c := &p.config
	if err := pyjson.Unmarshal(data, c); err != nil {
		return err
	}
	if err := json.Unmarshal(pyjson.Finite(data), &p.declared.config); err != nil {
		return err
	}
	class := strings.TrimSuffix(c.Class, "Fast")
	p.declared.backend = class != "" && class != "BertTokenizer" && class != "DistilBertTokenizer"
	p.options.SplitSpecial = c.SplitSpecial
	if c.ModelMaxLength != nil {
		// Python writes its "no limit" as a whole number of 31 digits.
		limit, err := c.ModelMaxLength.Float64()
		if err != nil || limit < 1 {
			return fmt.Errorf("model_max_length is %s; it must be positive", *c.ModelMaxLength)
		}
		if limit < 1<<24 {
			p.options.ModelMaxLength = int(limit)
		}
	}
	return nil
}

// settle decides how text is normalised. transformers takes tokenizer.json's normaliser
// where tokenizer_config.json names no class of BERT's; BERT's classes take what
// tokenizer_config.json says, and their own defaults for the rest. Where such a default
// contradicts tokenizer.json nobody can tell what the model was trained with: that is an error.
func (p *parsed) settle() error {
	o, c := &p.options, p.config
	if p.odd != "" && slices.ContainsFunc(o.Added, func(a AddedToken) bool { return !slices.Contains(p.vocab, a.Content) }) {
		return fmt.Errorf("it has %s, so that the ids of tokens that were added to it can't be told; copy %s from the model's source", p.odd, TokenizerFile)
	}
	if p.whole && p.declared.backend {
		return nil
	}
	said := *o
	if c.LowerCase != nil {
		o.LowerCase = *c.LowerCase
	} else if p.whole {
		o.LowerCase = true
	}
	if c.StripAccents != nil || p.whole {
		o.StripAccents = c.StripAccents // null is said, too: as do_lower_case
	}
	if c.ChineseChars != nil || p.whole {
		o.KeepChinese = c.ChineseChars != nil && !*c.ChineseChars
	}
	if !p.whole {
		return nil
	}
	o.KeepControls = false
	silent := ""
	switch {
	case c.LowerCase == nil && o.LowerCase != said.LowerCase:
		silent = "do_lower_case"
	case !p.declared.config.has("strip_accents") && said.StripAccents != nil && o.stripsAccents() != *said.StripAccents:
		silent = "strip_accents"
	case c.ChineseChars == nil && o.KeepChinese != said.KeepChinese:
		silent = "tokenize_chinese_chars"
	}
	if silent != "" {
		return fmt.Errorf("its normalizer contradicts what transformers takes where %s has no %s; write to %[1]s the value that the model was trained with", ConfigFile, silent)
	}
	return nil
}

// stripsAccents reports whether words lose their accents.
func (o Options) stripsAccents() bool {
	if o.StripAccents != nil {
		return *o.StripAccents
	}
	return o.LowerCase
}
