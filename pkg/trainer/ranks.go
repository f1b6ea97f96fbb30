package trainer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

// ErrLostRank is returned, wrapped, when another rank is lost or has failed.
var ErrLostRank = torchx.ErrLost

// Ranks are the processes that train one model together. All call the same methods in
// the same order. If an error is ErrLostRank, another rank has failed.
type Ranks interface {
	Rank() int // from 0
	Size() int
	// BeginSum is called before a backward pass, and end after it. end sets the
	// parameters' gradients, and notes, to their sums over all ranks. A parameter
	// without a gradient on any rank gets none. Summing may start with the first
	// parameters while the pass is still computing other gradients.
	BeginSum(params []*ts.Tensor, bf16 bool) (end func(notes []float64) error, err error)
	// Gather returns the data of all ranks, by rank.
	Gather(data []byte) ([][]byte, error)
	// Broadcast sets tensors to rank 0's.
	Broadcast(tensors []*ts.Tensor) error
}

// dropoutSeed returns the seed of a step's dropout, which differs between ranks.
func (t *Trainer) dropoutSeed(epoch, step int) uint64 {
	seed := stepSeed(t.settings.Seed, epoch, step)
	if t.ranks == nil || t.ranks.Rank() == 0 {
		return seed
	}
	return stepSeed(seed, t.ranks.Rank(), -2)
}

// toldToStop returns an error if any process of the run was asked to stop. All ranks
// learn of it in the same step.
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

// AlignWeights copies rank 0's weights to all ranks. With a single process it does
// nothing.
func (t *Trainer) AlignWeights() error {
	if t.ranks == nil {
		return nil
	}
	return t.ranks.Broadcast(tensorsOf(t.objective.Params().All()))
}

// Align copies rank 0's weights, optimizer state, history and progress to all ranks.
// With a single process it does nothing.
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

// waitForState waits until rank 0 has saved the state: a launcher may end all processes
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
