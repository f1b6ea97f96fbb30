package fusion

import (
	"errors"
	"fmt"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Long says how texts are read that have more tokens than the model reads at once.
type Long string

// The ways to read long texts. The zero value is the model's own: [LongWindows] if it
// learnt to read windows ([Architecture].Windows), of as many tokens as it learnt
// (MaxTokens); otherwise [LongMean] with a [PredictOptions].Overlap and [LongTruncate]
// without.
const (
	// LongTruncate reads a text's beginning, as in the Python prototype.
	LongTruncate Long = "truncate"
	// LongWindows reads all of it in windows whose tokens are pooled together as if they
	// were one sequence.
	LongWindows Long = "windows"
	// LongMean reads all of it in windows, each for itself, and takes the mean of their
	// logits.
	LongMean Long = "mean"
)

// LongOf is the way that a command's flag names: "auto" is the zero value.
func LongOf(name string) Long {
	if name == "auto" {
		return ""
	}
	return Long(name)
}

// Check returns an error for an unknown way.
func (l Long) Check() error {
	switch l {
	case "", LongTruncate, LongWindows, LongMean:
		return nil
	}
	return fmt.Errorf("long texts: no way %q; want %s, %s or %s", string(l), LongWindows, LongMean, LongTruncate)
}

// DefaultOverlap is how many tokens windows share where neither the options nor the model
// say so, or half of what the model reads at once if that is less.
const DefaultOverlap = 128

// way is [Long] for one model and its options.
type way struct {
	limit   int // tokens of a window, including [CLS] and [SEP]
	overlap int // tokens that neighbours share
	most    int // tokens of a text; the rest isn't read. 0: no limit
	mean    bool

	turnTokens []int32 // as in [datasets.Windows]
}

// way resolves how o reads long texts.
func (p *Predictor) way(o PredictOptions) (way, error) {
	if err := o.Long.Check(); err != nil {
		return way{}, err
	}
	long := o.Long
	switch {
	case long != "":
	case p.windows.On():
		long = LongWindows
	case o.Overlap != nil:
		long = LongMean
	default:
		long = LongTruncate
	}
	switch {
	case p.limit < minimumLimit:
		return way{}, fmt.Errorf("the model reads only %d tokens at once, but a text has %d or more with [CLS] and [SEP]: raise model_max_length in tokenizer_config.json, or take a model with more positions", p.limit, minimumLimit)
	case o.Overlap != nil && (*o.Overlap < 0 || *o.Overlap > p.limit-minimumLimit):
		return way{}, fmt.Errorf("windows that share %d tokens; with this model want 0 to %d", *o.Overlap, p.limit-minimumLimit)
	case long == LongTruncate && o.Overlap != nil:
		return way{}, errors.New("truncated texts have no windows that share tokens: leave out the overlap, or don't truncate")
	case long == LongTruncate:
		return way{limit: p.limit, most: p.limit}, nil
	}
	w := way{limit: p.limit, overlap: min(DefaultOverlap, p.limit/2, p.limit-minimumLimit), mean: long == LongMean, turnTokens: p.windows.TurnTokens}
	switch {
	case o.Overlap != nil:
		w.overlap = *o.Overlap
	case p.windows.On():
		w.overlap = p.windows.Overlap
	}
	if o.Long == "" && long == LongWindows {
		w.most = p.windows.MaxTokens
	}
	return w, nil
}

// cuts returns the windows of a text, without those that aren't read.
func (w way) cuts(ids []int32) tokenize.Cuts {
	if w.most > 0 {
		ids = ids[:min(len(ids), w.most)]
	}
	return tokenize.CutsAtTurns(tokenize.TurnStarts(ids, w.turnTokens), len(ids), w.limit, w.overlap)
}

// encode encodes a text as far as it is read, and at least most tokens more if that is
// positive; the words of those tokens are whole.
func (w way) encode(text string, tok *tokenize.Tokenizer, most int) tokenize.Encoding {
	enough := w.most
	if most > 0 && (enough == 0 || most < enough) {
		enough = most
	}
	if enough == 0 {
		return tok.Encode(text)
	}
	enc, _ := encodeUpTo(text, tok, enough)
	return enc.Truncate(enough + slack)
}

// Windows says how the model learnt to read long texts; zero: truncated.
func (p *Predictor) Windows() datasets.Windows { return p.windows }

// MaxTokens returns how many tokens of a text are read with these options, including [CLS]
// and [SEP]; 0: all.
func (p *Predictor) MaxTokens(o PredictOptions) (int, error) {
	w, err := p.way(o)
	return w.most, err
}
