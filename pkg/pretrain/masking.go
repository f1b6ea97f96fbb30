package pretrain

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// What replaces a chosen token (Devlin et al. 2019, section 3.1): [MASK] with probability
// 0.8, a random token with 0.1; otherwise the token is kept.
const (
	replaceByMask   = 0.8
	replaceByRandom = 0.5 // where [MASK] doesn't
)

// DefaultMaskProbability is BERT's.
const DefaultMaskProbability = 0.15

// Masker chooses the tokens that a model has to predict, as Hugging Face's
// DataCollatorForLanguageModeling does: independently and with equal probability. Special
// tokens, [UNK] included, are never chosen, and never used as random replacements (Hugging
// Face's may be). A Masker is safe for concurrent use.
type Masker struct {
	probability float64
	wholeWords  bool
	mask        int32   // [MASK]
	ordinary    []int32 // all tokens that aren't special
	special     []bool  // by id
	continues   []bool  // by id: "##…", which continues a word
}

// NewMasker returns a Masker for tok's tokens; the probability is above 0 and below 1. With
// wholeWords it chooses whole words, whose sub-words are then replaced independently, as in
// BERT's whole-word masking. (Hugging Face's chooses each word of which a sub-word is
// chosen, so long words more often and more tokens than the probability says, and replaces
// by [MASK] only.)
func NewMasker(tok *tokenize.Tokenizer, probability float64, wholeWords bool) (*Masker, error) {
	if !(probability > 0 && probability < 1) {
		return nil, fmt.Errorf("mask tokens: a probability of %v; want more than 0 and less than 1", probability)
	}
	m := &Masker{
		probability: probability, wholeWords: wholeWords, mask: -1,
		special: make([]bool, tok.VocabSize()), continues: make([]bool, tok.VocabSize()),
	}
	for id := range int32(tok.VocabSize()) {
		switch token := tok.Token(id); token {
		case tokenize.MaskToken:
			m.mask = id
			fallthrough
		case tokenize.PadToken, tokenize.UnknownToken, tokenize.CLSToken, tokenize.SepToken:
			m.special[id] = true
		default:
			m.continues[id] = strings.HasPrefix(token, "##") && token != "##"
			m.ordinary = append(m.ordinary, id)
		}
	}
	switch {
	case m.mask < 0:
		return nil, fmt.Errorf("mask tokens: the vocabulary has no %s; take one that has, such as a published encoder's", tokenize.MaskToken)
	case len(m.ordinary) == 0:
		return nil, errors.New("mask tokens: the vocabulary has nothing but special tokens")
	}
	return m, nil
}

// Mask returns the masked ids that the model reads, and the targets: the original id at
// each chosen position, [tasks.IgnoreToken] elsewhere. Both have the length of ids, which
// isn't changed. The result depends on ids and seed alone, so it is the same on any rank and
// in a resumed run.
func (m *Masker) Mask(ids []int32, seed uint64) (masked []int32, targets []int64) {
	return m.draw(ids, rand.New(rand.NewPCG(seed, 0)))
}

// draws is the source of random numbers.
type draws interface {
	Float64() float64 // from 0 up to 1
	IntN(n int) int   // from 0 up to n
}

func (m *Masker) draw(ids []int32, random draws) (masked []int32, targets []int64) {
	masked, targets = make([]int32, len(ids)), make([]int64, len(ids))
	chosen := false
	for i, id := range ids {
		masked[i], targets[i] = id, tasks.IgnoreToken
		if m.isSpecial(id) {
			continue
		}
		if !m.wholeWords || !m.goesOn(ids, i) {
			chosen = random.Float64() < m.probability
		}
		if !chosen {
			continue
		}
		targets[i] = int64(id)
		switch {
		case random.Float64() < replaceByMask:
			masked[i] = m.mask
		case random.Float64() < replaceByRandom:
			masked[i] = m.ordinary[random.IntN(len(m.ordinary))]
		}
	}
	return masked, targets
}

// goesOn reports whether token i continues the word of token i-1.
func (m *Masker) goesOn(ids []int32, i int) bool {
	return i > 0 && !m.isSpecial(ids[i-1]) && int(ids[i]) < len(m.continues) && m.continues[ids[i]]
}

// Maskable counts the tokens that may be chosen.
func (m *Masker) Maskable(ids []int32) int {
	n := 0
	for _, id := range ids {
		if !m.isSpecial(id) {
			n++
		}
	}
	return n
}

func (m *Masker) isSpecial(id int32) bool { return int(id) < len(m.special) && m.special[id] }
