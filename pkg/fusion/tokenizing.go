package fusion

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/trident-nlp/trident/internal/parallel"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// ErrTooManyTokens means that texts have more tokens than [PredictOptions].MaxTokens.
var ErrTooManyTokens = errors.New("the texts have too many tokens")

// tokenize encodes texts on all cores.
func (p *Predictor) tokenize(ctx context.Context, texts []datasets.Transcript, o PredictOptions) ([]*call, error) {
	w, err := p.way(o)
	if err != nil {
		return nil, err
	}
	calls := make([]*call, len(texts))
	var total atomic.Int64
	return calls, parallel.Each(ctx, len(texts), func(i int) (err error) {
		defer recovered(&err)
		calls[i] = newCall(string(texts[i]), p.tok, w, o.MaxTokens)
		n := total.Add(int64(calls[i].size()))
		if o.MaxTokens > 0 && n > int64(o.MaxTokens) {
			return ErrTooManyTokens
		}
		return nil
	})
}

// recovered converts a panic, which would end the program in another goroutine, to an
// error. The error only contains parts of it that can't contain a text.
func recovered(err *error) {
	switch p := recover().(type) {
	case nil:
	case runtime.Error:
		*err = fmt.Errorf("a bug: %w", p)
	default:
		*err = fmt.Errorf("a bug: panic of a %T", p)
	}
}
