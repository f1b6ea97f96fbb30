package fusion

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// largest notes the most tokens, padding included, that a batch has.
type largest struct {
	network
	tokens int
}

func (l *largest) Hidden(s *torchx.Scope, b datasets.Batch) (hidden, mask *ts.Tensor) {
	l.tokens = max(l.tokens, b.Size*b.Length)
	return l.network.Hidden(s, b)
}

// TestVeryLongCall reads 100,000 tokens. What is kept of them are the token tasks' logits
// and, until the last window is read, a vector for each window and pooled task; hidden
// states exist of a batch only.
func TestVeryLongCall(t *testing.T) {
	w := datasets.Windows{Length: predictorLimit, Overlap: 4}
	p, m := newWindowPredictor(t, w)
	const words = 100_000
	text := strings.Repeat("hello my son was beaten ", words/5-1) + "hello uncle in Kisumu ."
	watch := &largest{network: m}
	p.model = watch
	r, err := p.run(t.Context(), []datasets.Transcript{datasets.Transcript(text)}, PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if watch.tokens > DefaultBatchTokens {
		t.Errorf("a batch of %d tokens, want %d at most", watch.tokens, DefaultBatchTokens)
	}
	kept, vectors := 0, 0
	for _, pc := range r.calls[0].pieces {
		for _, rows := range pc.logits {
			for _, row := range rows {
				kept += len(row)
			}
		}
		vectors += len(pc.share.cls)
		for _, part := range pc.share.parts {
			vectors += len(part.vectors) + len(part.scores)
		}
	}
	labels := len(tasks.NERLabels())
	if bound := len(r.calls[0].pieces) * predictorLimit * labels; kept > bound || kept < words*labels {
		t.Errorf("%d logits are kept, want %d at most", kept, bound)
	}
	if vectors > 0 {
		t.Errorf("%d numbers of windows are kept after the call's answer", vectors)
	}
	got := r.Predictions()[0]
	if got.Err != nil || got.Truncated || len(got.NER) != words {
		t.Fatalf("error %v, truncated %v, %d words", got.Err, got.Truncated, len(got.NER))
	}
	if last := got.NER[len(got.NER)-1]; last.Text != "." || text[last.Start:last.End] != "." {
		t.Errorf("the last word is %+v", last)
	}
}

// TestOffsetsBeyond65536: positions count code points up to the end of a call, whatever
// their number.
func TestOffsetsBeyond65536(t *testing.T) {
	p, _ := newWindowPredictor(t, datasets.Windows{Length: predictorLimit, Overlap: 4})
	text := strings.Repeat("Zoë ni ", 12_000) + "Mwakamba 😀 Kisumu"
	runes := []rune(text)
	got := mustPredict(t, p, []datasets.Transcript{datasets.Transcript(text)}, PredictOptions{Attention: true})[0]
	if len(got.NER) != 24_003 || len(runes) < 1<<16 {
		t.Fatalf("%d words, %d code points", len(got.NER), len(runes))
	}
	for i, word := range got.NER {
		if string(runes[word.Start:word.End]) != word.Text {
			t.Fatalf("word %d is %q at %d, where %q stands", i, word.Text, word.Start, string(runes[word.Start:word.End]))
		}
	}
	last := got.NER[len(got.NER)-1]
	weights := got.Attention.Get("qa")
	if last.Text != "Kisumu" || last.Start <= 1<<16 || weights[len(weights)-1].Start != last.Start {
		t.Errorf("the last word is %+v, its weight that of %+v", last, weights[len(weights)-1])
	}
	var sum float64
	for _, word := range weights {
		sum += float64(word.Weight)
	}
	if !(sum > 0.5 && sum <= 1+1e-5) {
		t.Errorf("the weights of all words sum to %v", sum)
	}
}

// TestWindowsTokensAreCounted: with overlap the windows have more tokens than the text, and
// it is these that a limit counts.
func TestWindowsTokensAreCounted(t *testing.T) {
	p, _ := newWindowPredictor(t, datasets.Windows{Length: 12, Overlap: 6})
	text := []datasets.Transcript{datasets.Transcript(strings.Repeat("Help ", 50))}
	r, err := p.Prepare(t.Context(), text, PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// 50 tokens in windows of 10 that share 6: 11 windows, each with [CLS] and [SEP].
	if r.Tokens() != 11*12 {
		t.Errorf("%d tokens, want %d", r.Tokens(), 11*12)
	}
	if _, err := p.Prepare(t.Context(), text, PredictOptions{MaxTokens: 11*12 - 1}); !errors.Is(err, ErrTooManyTokens) {
		t.Errorf("one token less is allowed: %v", err)
	}
	for _, long := range []Long{LongTruncate, LongMean} {
		if _, err := p.Prepare(t.Context(), text, PredictOptions{Long: long, MaxTokens: 11 * 12}); err != nil {
			t.Errorf("%s: %v", long, err)
		}
	}
	all, err := p.Predict(t.Context(), slices.Repeat(text, 3), PredictOptions{})
	if err != nil || all[2].Read != 11*12 {
		t.Errorf("%d tokens read, %v", all[2].Read, err)
	}
}
