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

// Load reads the tokenizer of a model directory like transformers' AutoTokenizer:
// tokenizer.json, or vocab.txt if there is none, and tokenizer_config.json. The latter's
// tokenizer_class determines which of them defines the normalisation; a file that
// contradicts a default of the class is an error. If there is only a vocab.txt and
// nothing says whether to lower-case, capital letters in it mean no. If model_max_length
// is missing or unrealistically large, [DefaultMaxLength] is used.
func Load(dir string) (*Tokenizer, error) {
	t, err := load(dir)
	if err != nil {
		return nil, fmt.Errorf("load tokenizer: %w", err)
	}
	return t, nil
}

// copyAgain is the advice about an unusable file.
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
	if err := p.checkClass(dir); err != nil {
		return nil, err
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

// parsed is the content of a folder's files.
type parsed struct {
	vocab    []string
	options  Options
	declared declarations
	config   configJSON
	whole    bool   // from tokenizer.json, which defines the normalisation
	odd      string // why tokens added to vocab may have other ids in transformers
}

// parseVocab reads vocab.txt: one token per line, in the order of their ids. As in
// transformers, trailing white space isn't part of a token, a blank line is a token that
// never matches, except at the end, and if several lines have the same token, it has the
// id of the last one.
func parseVocab(data []byte) (*parsed, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // as written by editors on Windows
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
		if token == "" { // never matches, as in transformers
			p.vocab[id] = fmt.Sprintf("[blank line %d]", id+1)
			continue
		}
		if first, twice := last[token]; twice {
			p.vocab[first] = fmt.Sprintf("[%s of line %d]", token, first+1) // words don't contain spaces
			p.odd = fmt.Sprintf("%q twice", token)
		}
		last[token] = id
	}
	p.options.LowerCase = !hasCapitals(p.vocab)
	return p, nil
}

// hasCapitals reports whether a vocabulary is that of a cased model. Tokens in brackets,
// such as [CLS], are ignored.
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

// check refuses settings that aren't supported.
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

// configure applies tokenizer_config.json, except for the settings that settle
// determines.
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
		// Python writes "no limit" as an integer of 31 digits.
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

// vocabClasses are the transformers classes that make BERT's tokenizer from a vocab.txt
// alone.
var vocabClasses = []string{
	"", "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "ConvBertTokenizer",
	"PreTrainedTokenizer", "TokenizersBackend",
}

// checkClass refuses tokenizers that have BERT's files but cut words otherwise. As in
// transformers, config.json names the class if tokenizer_config.json doesn't.
func (p *parsed) checkClass(dir string) error {
	class, file := p.config.Class, ConfigFile
	if class == "" {
		var model struct {
			Class string `json:"tokenizer_class"`
		}
		file = "config.json"
		// An error in the model's configuration is reported by what reads it.
		if data, err := os.ReadFile(filepath.Join(dir, file)); err == nil && pyjson.Unmarshal(data, &model) == nil {
			class = model.Class
		}
	}
	const japanese = "BertJapaneseTokenizer" // it splits text into words with a dictionary
	if class == japanese || !p.whole && !slices.Contains(vocabClasses, strings.TrimSuffix(class, "Fast")) {
		return fmt.Errorf("%s: tokenizer_class is %s; only BERT's WordPiece is supported", filepath.Join(dir, file), class)
	}
	return nil
}

// settle determines the normalisation. transformers uses the normaliser of
// tokenizer.json if tokenizer_config.json doesn't name a BERT class; BERT's classes use
// tokenizer_config.json, with their own defaults for missing keys. If such a default
// contradicts tokenizer.json, it is unknown what the model was trained with, which is an
// error.
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
		o.StripAccents = c.StripAccents // an explicit null means the same as do_lower_case
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

// stripsAccents reports whether accents are stripped.
func (o Options) stripsAccents() bool {
	if o.StripAccents != nil {
		return *o.StripAccents
	}
	return o.LowerCase
}
