package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/label"
)

// toldBadCalls is how many calls that can't be read are named; the others are counted.
const toldBadCalls = 20

// checkCalls is [CheckData] for calls without labels.
func checkCalls(ctx context.Context, c config.Config, o Options) error {
	seen := map[datasets.Transcript]bool{}
	calls, bad, repaired := 0, 0, 0
	for call, err := range label.ReadCalls(c.Data.PretrainPath) {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, label.ErrBadCall):
			if bad++; bad <= toldBadCalls {
				fmt.Fprintf(o.Out, "  %v\n", err)
			}
			continue
		case err != nil:
			return fmt.Errorf("check data: %w", err)
		}
		if call.Repaired {
			repaired++
		}
		calls++
		seen[call.Text] = true
	}
	count := func(n int) string { return numbers.Thousands(int64(n)) }
	fmt.Fprintf(o.Out, "Calls: %s, %s of them different; %s with bytes that aren't UTF-8; %s can't be read\n", count(calls), count(len(seen)), count(repaired), count(bad))
	switch {
	case bad > 0:
		return fmt.Errorf("check data: %d calls can't be read; mend them, or leave them out with --skip-bad-records", bad)
	case len(seen) < 2:
		return fmt.Errorf("check data: there are %d different calls; training wants 2 or more, one of them for validation", len(seen))
	}
	return nil
}
