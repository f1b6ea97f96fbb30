package run

import (
	"fmt"
	"io"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// windowsOf are the windows in which long calls are read, with a tokenizer that has the
// speaker tokens; the zero value if they are truncated.
func windowsOf(t config.Tokenizer, tok *tokenize.Tokenizer) datasets.Windows {
	if !t.Windows() {
		return datasets.Windows{}
	}
	w := datasets.Windows{Length: t.MaxLength, Overlap: t.Overlap(), MaxTokens: t.MaxTokens}
	if t.CutAt == config.CutAtTurns {
		w.TurnTokens = speakerIDs(tok, t.SpeakerTokens)
	}
	return w
}

// warnOfOverlap warns if windows share more than half of their tokens, and says what that
// costs.
func warnOfOverlap(w datasets.Windows, stderr io.Writer) {
	if content := w.Length - 2; 2*w.Overlap > w.Length {
		fmt.Fprintf(stderr, "train: warning: tokenizer.stride is %d of %d: the encoder reads each token of a long call about %.3g times, in training and afterwards; a quarter of max_length (-1) costs 1.3 times\n",
			w.Overlap, w.Length, float64(content)/float64(content-w.Overlap))
	}
}

// describeWindows says how long calls are read.
func describeWindows(w datasets.Windows) string {
	text := fmt.Sprintf("windows of %d tokens that share %d", w.Length, w.Overlap)
	if w.TurnTokens != nil {
		text += ", cut between turns"
	}
	if w.MaxTokens > 0 {
		text += fmt.Sprintf(", up to %s tokens of a call", numbers.Thousands(int64(w.MaxTokens)))
	}
	return text
}

// inWindows is a teacher whose hidden states are those of its student's windows: each
// window is a text to it, however it reads long calls itself.
type inWindows struct {
	model   *fusion.Model
	windows datasets.Windows
}

// Hidden implements [trainer.Teacher].
func (t inWindows) Hidden(s *nn.Scope, b datasets.Batch) (hidden, mask *ts.Tensor) {
	return t.model.HiddenIn(s, b, t.windows)
}
