package trainer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// ErrLostRank is returned, wrapped, when a rank is gone or has failed.
var ErrLostRank = torchx.ErrLost

// Ranks are the processes that train one model together. All call the same
// methods in the same order. An error that is ErrLostRank means that it wasn't
// this one which failed.
type Ranks interface {
	Rank() int // from 0
	Size() int
	// BeginSum is called before a backward pass, and end after it: that sets the
	// parameters' gradients, and notes, to their sums over all ranks. A parameter
	// that has no gradient on any rank gets none. The sum may begin with the first
	// parameters while the pass still computes the gradients of others.
	BeginSum(params []*ts.Tensor, bf16 bool) (end func(notes []float64) error, err error)
	// Gather returns what each rank has to say, by rank.
	Gather(data []byte) ([][]byte, error)
	// Broadcast sets tensors to rank 0's.
	Broadcast(tensors []*ts.Tensor) error
}

// share returns the batch that this rank takes of one, and the whole one. Without
// other ranks it is the whole one.
func (t *Trainer) share(ref datasets.BatchRef) (b, whole datasets.Batch) {
	whole = ref.Batch()
	if t.ranks == nil {
		return whole, whole
	}
	b = ref.Share(t.ranks.Rank(), t.ranks.Size())
	setDenominators(t.model, &b, whole)
	return b, whole
}

// dropoutSeed is a step's. Ranks drop different things.
func (t *Trainer) dropoutSeed(epoch, step int) uint64 {
	seed := stepSeed(t.settings.Seed, epoch, step)
	if t.ranks == nil || t.ranks.Rank() == 0 {
		return seed
	}
	return stepSeed(seed, t.ranks.Rank(), -2)
}

// toldToStop returns an error when the run was told to stop: this process or, of
// several, any of them. All ranks learn of that in the same step.
func (t *Trainer) toldToStop(ctx context.Context) error {
	switch {
	case t.ranks == nil:
		return ctx.Err()
	case t.stopAll:
		return context.Canceled
	}
	return nil
}

func tensorsOf(params []torchx.Param) []*ts.Tensor {
	list := make([]*ts.Tensor, len(params))
	for i, p := range params {
		list[i] = p.Tensor
	}
	return list
}

// AlignWeights gives all ranks rank 0's weights. Without other ranks it does
// nothing.
func (t *Trainer) AlignWeights() error {
	if t.ranks == nil {
		return nil
	}
	return t.ranks.Broadcast(tensorsOf(t.model.Params().All()))
}

// Align makes each rank stand where rank 0 stands, new or resumed: weights,
// optimiser, history and progress. Without other ranks it does nothing.
func (t *Trainer) Align() error {
	if t.ranks == nil {
		return nil
	}
	var data []byte
	var err error
	if t.ranks.Rank() == 0 {
		if data, err = json.Marshal(State{History: t.history, Progress: t.progress}); err != nil {
			return fmt.Errorf("describe the run to the other ranks: %w", err)
		}
	}
	all, err := t.ranks.Gather(data)
	if err != nil {
		return err
	}
	if t.ranks.Rank() > 0 {
		var state State
		if err := json.Unmarshal(all[0], &state); err != nil {
			return fmt.Errorf("read where rank 0 stands: %w", err)
		}
		t.goOn(state.History, state.Progress)
	}
	return t.ranks.Broadcast(tensorsOf(t.tensors()))
}

// waitForState waits until rank 0 has saved the state: a launcher may end all
// when one has ended.
func (t *Trainer) waitForState(err error) error {
	if t.ranks == nil {
		return err
	}
	if _, waitErr := t.ranks.Gather(nil); waitErr != nil {
		return errors.Join(err, waitErr)
	}
	return err
}
