package tokenize

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// AddedToken is a token that is matched as a whole, before the rest of the text is split
// into words. Its fields are those of Hugging Face's AddedToken.
type AddedToken struct {
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // not next to a letter, a digit or "_"
	LStrip     bool   `json:"lstrip"`      // includes the white space before it
	RStrip     bool   `json:"rstrip"`      // includes the white space after it
	Normalized bool   `json:"normalized"`  // matched in the normalised text, by its normalised content
	Special    bool   `json:"special"`     // part of the model's format, not of the text
}

// Special returns a special token that is matched exactly.
func Special(content string) AddedToken { return AddedToken{Content: content, Special: true} }

// addedToken is an AddedToken with its id.
type addedToken struct {
	AddedToken
	id int32
}

// matcher finds the added tokens of one kind, normalised or not: the leftmost match, the
// longest at the same position, the first of equal ones.
type matcher struct {
	tokens   []addedToken
	patterns map[string]int // index in tokens
	lengths  [256][]int     // of the patterns that start with a byte, longest first

	passSpecial bool // don't match special tokens
}

// add adds a token with its pattern.
func (m *matcher) add(token addedToken, pattern string) {
	if _, taken := m.patterns[pattern]; taken {
		return
	}
	if m.patterns == nil {
		m.patterns = map[string]int{}
	}
	m.patterns[pattern] = len(m.tokens)
	m.tokens = append(m.tokens, token)
	lengths := &m.lengths[pattern[0]]
	if at, found := slices.BinarySearchFunc(*lengths, len(pattern), func(a, b int) int { return b - a }); !found {
		*lengths = slices.Insert(*lengths, at, len(pattern))
	}
}

// next finds the first pattern in text from byte from on: text[start:end] is that of
// m.tokens[token]. If there is none, token is negative.
func (m *matcher) next(text string, from int) (start, end, token int) {
	for i := from; i < len(text); i++ {
		for _, n := range m.lengths[text[i]] {
			if n > len(text)-i {
				continue
			}
			if token, found := m.patterns[text[i:i+n]]; found {
				return i, i + n, token
			}
		}
	}
	return len(text), len(text), -1
}

// split calls yield with the parts of text: stretches without an added token, for which
// token is nil, and added tokens with the white space that they include. Stretches are
// never empty. A token that begins with white space may overlap with the one before it,
// if that includes this white space.
func (m *matcher) split(text string, yield func(start, end int, token *addedToken)) {
	done := 0
	for from := 0; ; {
		start, end, index := m.next(text, from)
		if index < 0 {
			break
		}
		from = end
		token := &m.tokens[index]
		if token.Special && m.passSpecial {
			continue
		}
		if token.SingleWord && (wordAtEnd(text[:start]) || wordAtStart(text[end:])) {
			continue
		}
		if token.LStrip {
			start = max(done, spaceAtEnd(text[:start]))
		}
		if token.RStrip {
			end += spaceAtStart(text[end:])
		}
		if done < start {
			yield(done, start, nil)
		}
		yield(start, end, token)
		done = end
	}
	if done < len(text) {
		yield(done, len(text), nil)
	}
}

func wordAtEnd(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return isWord(r)
}

func wordAtStart(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return isWord(r)
}

// spaceAtEnd returns the start of the white space at the end of text.
func spaceAtEnd(text string) int { return len(strings.TrimRightFunc(text, isSpace)) }

// spaceAtStart returns the length of the white space at the start of text.
func spaceAtStart(text string) int { return len(text) - len(strings.TrimLeftFunc(text, isSpace)) }

// add assigns a token its id, that of the vocabulary or the next one, and replaces the
// fields of a token with the same content.
func (t *Tokenizer) add(token AddedToken) error {
	if token.Content == "" || !utf8.ValidString(token.Content) {
		return fmt.Errorf("%q is no token; remove it", token.Content)
	}
	token.Special = token.Special || slices.Contains(specialTokens[:], token.Content)
	if at := slices.IndexFunc(t.added, func(a addedToken) bool { return a.Content == token.Content }); at >= 0 {
		t.added[at].AddedToken = token
		return nil
	}
	id, known := t.model.vocab[token.Content]
	if !known {
		id = len(t.tokens)
		t.tokens = append(t.tokens, token.Content)
	}
	t.added = append(t.added, addedToken{token, int32(id)})
	return nil
}

// buildMatchers sets up the matchers. If several tokens are equal once normalised, the
// first one is used; transformers uses a random one.
func (t *Tokenizer) buildMatchers() error {
	t.raw.passSpecial, t.normal.passSpecial = t.options.SplitSpecial, t.options.SplitSpecial
	var b buffers
	for _, token := range t.added {
		if !token.Normalized {
			t.raw.add(token, token.Content)
			continue
		}
		chars, _ := t.normalizer.run(&b, token.Content, 0)
		if len(chars) == 0 {
			return fmt.Errorf("nothing is left of %q once it is normalised, so it would be found everywhere; remove it, or save it with normalized false", token.Content)
		}
		t.normal.add(token, string(appendText(nil, chars)))
	}
	return nil
}
