package torchx

import (
	"fmt"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// ParamGroup is a group of parameters with the same update rule, like one of PyTorch's
// param_groups.
type ParamGroup struct {
	Params      []Param
	Rate        float64 // factor applied to a step's learning rate
	WeightDecay float64
}

// AdamW is PyTorch's AdamW (decoupled weight decay; Loshchilov and Hutter,
// 2019) in libtorch's fused form: one call per step and group. As in PyTorch, a parameter
// without a gradient isn't changed, and its step count doesn't increase.
type AdamW struct {
	Beta1, Beta2, Eps float64

	params []*ts.Tensor // of all groups
	groups []group
}

// group is a group of parameters with its state.
type group struct {
	ParamGroup
	params     []*ts.Tensor
	avg, avgSq []*ts.Tensor // running means of the gradient and of its square
	steps      []*ts.Tensor // updates of each parameter, float32 [1]: gotch can't make a scalar
}

// NewAdamW returns an optimiser of groups with betas (0.9, 0.999), eps 1e-8.
func NewAdamW(device gotch.Device, groups ...ParamGroup) (*AdamW, error) {
	o := &AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
	for _, asked := range groups {
		o.groups = append(o.groups, group{ParamGroup: asked})
		g := &o.groups[len(o.groups)-1]
		for _, p := range asked.Params {
			g.params = append(g.params, p.Tensor)
			if err := g.addState(p, device); err != nil {
				o.Drop()
				return nil, err
			}
		}
		o.params = append(o.params, g.params...)
	}
	return o, nil
}

// addState allocates the state of a parameter.
func (g *group) addState(p Param, device gotch.Device) error {
	size, err := p.Tensor.Size()
	if err != nil {
		return cleanError(err)
	}
	for _, state := range []struct {
		list  *[]*ts.Tensor
		shape []int64
	}{{&g.avg, size}, {&g.avgSq, size}, {&g.steps, []int64{1}}} {
		t, err := ts.Zeros(state.shape, gotch.Float, device)
		if err != nil {
			return fmt.Errorf("optimiser state of %s %v: %w", p.Name, size, cleanError(err))
		}
		*state.list = append(*state.list, t)
	}
	return nil
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
	for _, g := range o.groups {
		if err := adamwStep(g.params, g.avg, g.avgSq, g.steps, lr*g.Rate, o.Beta1, o.Beta2, g.WeightDecay, o.Eps); err != nil {
			return err
		}
	}
	return nil
}

// State lists the optimiser's tensors, to be stored and set again by
// [SetBytes]: for each parameter exp_avg, exp_avg_sq and step.
func (o *AdamW) State() []Param {
	var state []Param
	for _, g := range o.groups {
		for i, p := range g.Params {
			state = append(state, Param{p.Name + ".exp_avg", g.avg[i]}, Param{p.Name + ".exp_avg_sq", g.avgSq[i]}, Param{p.Name + ".step", g.steps[i]})
		}
	}
	return state
}

// Drop frees the optimiser's state, not the parameters.
func (o *AdamW) Drop() {
	for _, g := range o.groups {
		for _, list := range [][]*ts.Tensor{g.avg, g.avgSq, g.steps} {
			for _, t := range list {
				drop(t)
			}
		}
	}
	o.params, o.groups = nil, nil
}
