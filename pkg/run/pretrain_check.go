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

// callCheck counts what checkCalls reads.
type callCheck struct {
	calls, repaired int
	badCalls        int
	badInputs       int // files, and paths that lead nowhere
	different       map[datasets.Transcript]bool
}

// checkCalls is [CheckData] for calls without labels: it lists all calls and files that
// can't be read and, if there are none, whatever else training would refuse.
func checkCalls(ctx context.Context, c config.Config, o Options) error {
	n := callCheck{different: map[datasets.Transcript]bool{}}
	for call, err := range label.ReadCalls(c.Data.PretrainPath) {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, label.ErrBadCall):
			if n.badCalls++; n.badCalls <= toldBadCalls {
				fmt.Fprintf(o.Out, "  %v\n", err)
			}
		case errors.Is(err, label.ErrBadInput):
			n.badInputs++
			fmt.Fprintf(o.Out, "  %v\n", err)
		case err != nil:
			return fmt.Errorf("check data: %w", err)
		default:
			n.calls++
			n.different[call.Text.Normalised()] = true
			if call.Repaired {
				n.repaired++
			}
		}
	}
	count := func(n int) string { return numbers.Thousands(int64(n)) }
	fmt.Fprintf(o.Out, "Calls: %s, %s of them different; %s with bytes that aren't UTF-8; %s can't be read\n", count(n.calls), count(len(n.different)), count(n.repaired), count(n.badCalls))
	if n.badCalls > 0 || n.badInputs > 0 {
		return n.refused()
	}
	r := &Run{config: c, options: o}
	err := r.preparePretraining(ctx, true)
	if errors.Is(err, errTeacherAway) {
		fmt.Fprintf(o.Out, "Pieces aren't counted: %v\n", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("check data: %w", err)
	}
	return nil
}

// refused is the error of what can't be read.
func (n callCheck) refused() error {
	files := numbers.Of(n.badInputs, "file")
	switch {
	case n.badCalls == 0:
		return fmt.Errorf("check data: %s can't be read; mend them, or leave them out of data.pretrain_path", files)
	case n.badInputs == 0:
		return fmt.Errorf("check data: %s can't be read; mend them, or leave them out with --skip-bad-records", numbers.Of(n.badCalls, "call"))
	}
	return fmt.Errorf("check data: %s and %s can't be read; mend them, or leave such calls out with --skip-bad-records and such files out of data.pretrain_path", files, numbers.Of(n.badCalls, "call"))
}
