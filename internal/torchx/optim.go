package torchx

import (
	"fmt"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// AdamW is PyTorch's AdamW (decoupled weight decay; Loshchilov and Hutter,
// 2019) in libtorch's fused form: one call per step. As in PyTorch, a parameter without a
// gradient isn't changed, and its step count doesn't increase.
type AdamW struct {
	Beta1, Beta2, Eps, WeightDecay float64

	names      []string
	params     []*ts.Tensor
	avg, avgSq []*ts.Tensor // running means of the gradient and of its square
	steps      []*ts.Tensor // updates of each parameter, float32 [1]: gotch can't make a scalar
}

// NewAdamW returns an optimiser of params with betas (0.9, 0.999), eps 1e-8.
func NewAdamW(params Params, weightDecay float64) (*AdamW, error) {
	o := &AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: weightDecay}
	for _, p := range params.All() {
		o.names = append(o.names, p.Name)
		o.params = append(o.params, p.Tensor)
		size, err := p.Tensor.Size()
		if err != nil {
			return nil, cleanError(err)
		}
		for _, state := range []struct {
			list  *[]*ts.Tensor
			shape []int64
		}{{&o.avg, size}, {&o.avgSq, size}, {&o.steps, []int64{1}}} {
			t, err := ts.Zeros(state.shape, gotch.Float, params.Device())
			if err != nil {
				return nil, fmt.Errorf("optimiser state of %s %v: %w", p.Name, size, cleanError(err))
			}
			*state.list = append(*state.list, t)
		}
	}
	return o, nil
}

// ZeroGrad clears all gradients.
func (o *AdamW) ZeroGrad() error { return zeroGrad(o.params) }

// ClipGradNorm scales the gradients so that their joint 2-norm is at most
// maxNorm, as torch.nn.utils.clip_grad_norm_, and returns the norm before.
func (o *AdamW) ClipGradNorm(maxNorm float64) (float64, error) {
	return clipGradNorm(o.params, maxNorm)
}

// Step updates the parameters that have a gradient, at learning rate lr.
func (o *AdamW) Step(lr float64) error {
	return adamwStep(o.params, o.avg, o.avgSq, o.steps, lr, o.Beta1, o.Beta2, o.WeightDecay, o.Eps)
}

// State lists the optimiser's tensors, to be stored and set again by
// [SetBytes]: for each parameter exp_avg, exp_avg_sq and step.
func (o *AdamW) State() []Param {
	var state []Param
	for i, name := range o.names {
		state = append(state, Param{name + ".exp_avg", o.avg[i]}, Param{name + ".exp_avg_sq", o.avgSq[i]}, Param{name + ".step", o.steps[i]})
	}
	return state
}

// Drop frees the optimiser's state, not the parameters.
func (o *AdamW) Drop() {
	for _, list := range [][]*ts.Tensor{o.avg, o.avgSq, o.steps} {
		for _, t := range list {
			drop(t)
		}
	}
	o.avg, o.avgSq, o.steps = nil, nil, nil
}
