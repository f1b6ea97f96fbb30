package run

import (
	"fmt"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
)

// windowsOf are the windows in which long calls are read; the zero value if they are
// truncated.
func windowsOf(t config.Tokenizer) datasets.Windows {
	if !t.Windows() {
		return datasets.Windows{}
	}
	return datasets.Windows{Length: t.MaxLength, Overlap: t.Overlap(), MaxTokens: t.MaxTokens}
}

// describeWindows says how long calls are read.
func describeWindows(w datasets.Windows) string {
	text := fmt.Sprintf("windows of %d tokens that share %d", w.Length, w.Overlap)
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
