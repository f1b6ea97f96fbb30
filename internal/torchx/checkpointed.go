package torchx

// #include "torchx.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// checkpointed is a part of the forward pass of which only the input and the result are stored.
type checkpointed struct {
	f      func(x *ts.Tensor) *ts.Tensor
	x, out *ts.Tensor
	random randomState // at the start of the forward pass
}

// Checkpointed returns f(x). A training Scope stores only x and the result (gradient
// checkpointing; Chen et al. 2016): [Scope.Backward] runs f again with the same random
// numbers, so dropout masks are the same and gradients are identical bit for bit, except that
// those of a parameter used elsewhere as well may be summed in another order. Apart from x,
// f may use only parameters and constants. Call it only if x or a parameter of f needs a
// gradient; see [Scope.Learns]. f may call Checkpointed for its own parts: the first pass
// stores nothing of them.
func (s *Scope) Checkpointed(x *ts.Tensor, f func(x *ts.Tensor) *ts.Tensor) *ts.Tensor {
	if s.err != nil || !s.training || s.forgetting {
		return s.Block(func() *ts.Tensor { return f(x) })
	}
	c := checkpointed{f: f, x: x, random: s.randomState()}
	was := setGradEnabled(false)
	s.forgetting = true
	c.out = s.Block(func() *ts.Tensor { return f(x) })
	s.forgetting = false
	setGradEnabled(was)
	if s.autocast {
		autocastForget() // bfloat16 copies of parameters that were made without gradients
	}
	if s.err == nil {
		s.Fail(requireGrad(c.out, true))
	}
	s.checkpointed = append(s.checkpointed, c)
	return c.out
}

// Learns reports whether any of the tensors needs a gradient.
func (s *Scope) Learns(tensors ...*ts.Tensor) bool {
	for _, t := range tensors {
		if s.err != nil || t == nil {
			return false
		}
		learns, err := requiresGrad(t)
		if s.Fail(err); learns {
			return true
		}
	}
	return false
}

// backwardAgain continues a backward pass through the checkpointed parts from number first
// on, the last one first. It leaves the random generators as it found them.
func (s *Scope) backwardAgain(first int) {
	if len(s.checkpointed) == first {
		return
	}
	after := s.randomState()
	for len(s.checkpointed) > first {
		last := len(s.checkpointed) - 1
		c := s.checkpointed[last]
		s.checkpointed = s.checkpointed[:last]
		s.setRandomState(c.random)
		s.Block(func() *ts.Tensor {
			s.backwardThrough(c)
			return nil
		})
		c.random.drop()
	}
	s.setRandomState(after)
	after.drop()
}

// backwardThrough recomputes a part and propagates the gradient of its result to its
// parameters and its input.
func (s *Scope) backwardThrough(c checkpointed) {
	gradient := s.gradient(c.out)
	if gradient == nil {
		return // the loss doesn't depend on it
	}
	inputLearns, parts := s.Learns(c.x), len(s.checkpointed)
	x := s.run("detach", func() (*ts.Tensor, error) { return c.x.Detach(false) }, c.x)
	if s.err == nil {
		s.Fail(requireGrad(x, inputLearns))
	}
	out := s.Block(func() *ts.Tensor {
		// Not a leaf: autocast would cache a bfloat16 copy of it and sum gradients in bfloat16.
		return c.f(s.run("alias", func() (*ts.Tensor, error) { return x.Alias(false) }, x))
	})
	s.backwardFrom(out, gradient)
	s.backwardAgain(parts) // those of c.f
	if s.err == nil {
		s.Fail(zeroGrad([]*ts.Tensor{c.out})) // frees it
	}
	if inputLearns {
		s.backwardFrom(c.x, s.gradient(x))
	}
}

// gradient returns t's gradient; nil after an error or if there is none.
func (s *Scope) gradient(t *ts.Tensor) *ts.Tensor {
	if s.err != nil {
		return nil
	}
	gradient, err := gradientOf(t)
	if err != nil {
		s.Fail(fmt.Errorf("gradient of %s: %w", shapes([]*ts.Tensor{t}), err))
	}
	if gradient != nil {
		s.live = append(s.live, gradient)
	}
	return gradient
}

func (s *Scope) backwardFrom(out, gradient *ts.Tensor) {
	if s.err != nil {
		return
	}
	err := errors.New("a tensor is missing")
	if out != nil && gradient != nil {
		err = backwardFrom(out, gradient)
	}
	if err != nil {
		s.Fail(fmt.Errorf("backward pass from %s: %w", shapes([]*ts.Tensor{out}), err))
	}
}

// randomState is the state of the random generators of the CPU and, if used, a GPU.
type randomState struct{ cpu, other *ts.Tensor }

func (r randomState) drop() {
	for _, t := range []*ts.Tensor{r.cpu, r.other} {
		if t != nil {
			drop(t)
		}
	}
}

func (s *Scope) randomState() (r randomState) {
	if s.err != nil {
		return r
	}
	var cpu, other C.tx_tensor
	if err := nativeError(C.tx_random_state(&cpu, &other, deviceIndex(s.device))); err != nil {
		s.Fail(fmt.Errorf("state of the random generators: %w", err))
		return r
	}
	r.cpu = ts.FromCtensor(unsafe.Pointer(cpu))
	if other != nil {
		r.other = ts.FromCtensor(unsafe.Pointer(other))
	}
	return r
}

func (s *Scope) setRandomState(r randomState) {
	if s.err != nil {
		return
	}
	defer runtime.KeepAlive(r)
	if err := nativeError(C.tx_set_random_state(handle(r.cpu), handle(r.other), deviceIndex(s.device))); err != nil {
		s.Fail(fmt.Errorf("set the random generators: %w", err))
	}
}

func deviceIndex(device gotch.Device) C.int { return C.int(device.Value) }
