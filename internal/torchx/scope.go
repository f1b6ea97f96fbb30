package torchx

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// A Scope runs tensor operations for one step. It keeps formulas visible:
//
//   - After the first error its methods do nothing and return nil, so a chain
//     of operations needs one check, at [Scope.Close] or [Scope.Err].
//   - Close drops every tensor that the Scope made, except those passed to
//     [Scope.Keep]. Dropping a handle is safe under autograd: the graph holds
//     what the backward pass needs.
//
// A Scope is either for training (gradients recorded, dropout active) or for
// inference. libtorch keeps such modes, and gotch its last error, per thread:
// a Scope therefore ties its goroutine to an OS thread until Close, and must
// be used by that goroutine alone.
type Scope struct {
	device      gotch.Device
	training    bool
	gradWas     bool
	autocast    bool
	autocastWas bool
	int8        bool
	packed      bool
	live        []*ts.Tensor
	err         error

	checkpointed []checkpointed // in the order of the forward pass
	forgetting   bool           // in the first pass of a checkpointed part, of which nothing is stored
}

// Training opens a Scope that records gradients and applies dropout.
func Training(device gotch.Device) *Scope { return open(device, true) }

// Inference opens a Scope without gradients and without dropout.
func Inference(device gotch.Device) *Scope { return open(device, false) }

func open(device gotch.Device, training bool) *Scope {
	runtime.LockOSThread()
	return &Scope{device: device, training: training, gradWas: setGradEnabled(training)}
}

// Autocast runs the operations that gain from it in bfloat16 until Close, as
// torch.autocast does; parameters and reductions stay in float32.
func (s *Scope) Autocast() {
	if s.err == nil && !s.autocast {
		s.autocastWas, s.err = autocastBegin(s.device)
		s.autocast = s.err == nil
	}
}

// Device returns the device of the Scope's tensors.
func (s *Scope) Device() gotch.Device { return s.device }

// Training reports whether dropout is active and gradients are recorded.
func (s *Scope) Training() bool { return s.training }

// Err returns the first error.
func (s *Scope) Err() error { return s.err }

// Fail makes err the Scope's error, unless it has one.
func (s *Scope) Fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Keep hands t out of the Scope: the caller drops it.
func (s *Scope) Keep(t *ts.Tensor) *ts.Tensor {
	for i := len(s.live) - 1; i >= 0; i-- {
		if s.live[i] == t {
			s.live = append(s.live[:i], s.live[i+1:]...)
			break
		}
	}
	return t
}

// Block runs f and frees the tensors it made, except its result, so that a layer's
// intermediates needn't wait for Close.
func (s *Scope) Block(f func() *ts.Tensor) *ts.Tensor {
	start := len(s.live)
	out := f()
	s.drop(min(start, len(s.live)), out) // f may have kept a tensor from before
	return out
}

// drop frees the tensors from start on, except keep and what the backward pass needs of
// checkpointed parts.
func (s *Scope) drop(start int, keep *ts.Tensor) {
	live := s.live[:start]
	for _, t := range s.live[start:] {
		if t == keep || s.needed(t) {
			live = append(live, t)
			continue
		}
		s.Fail(cleanError(t.Drop()))
	}
	s.live = live
}

// needed reports whether t is the input or the result of a checkpointed part.
func (s *Scope) needed(t *ts.Tensor) bool {
	return slices.ContainsFunc(s.checkpointed, func(c checkpointed) bool { return t == c.x || t == c.out })
}

// Close frees the Scope's tensors and returns its first error, which names the
// operation and the shapes it was given.
func (s *Scope) Close() error {
	for _, c := range s.checkpointed { // without a backward pass
		c.random.drop()
	}
	s.checkpointed = nil
	s.drop(0, nil)
	if s.autocast {
		s.Fail(autocastEnd(s.autocastWas, s.device))
	}
	setGradEnabled(s.gradWas)
	runtime.UnlockOSThread()
	return s.err
}

// run does one operation unless the Scope has failed: it tracks the result, or
// records an error with the operation's name and its inputs' shapes.
func (s *Scope) run(op string, f func() (*ts.Tensor, error), inputs ...*ts.Tensor) *ts.Tensor {
	if s.err != nil {
		return nil
	}
	if slices.Contains(inputs, nil) {
		s.err = fmt.Errorf("%s of %s: a tensor is missing", op, shapes(inputs))
		return nil
	}
	out, err := f()
	runtime.KeepAlive(inputs)
	if err != nil {
		s.err = fmt.Errorf("%s of %s: %w", op, shapes(inputs), cleanError(err))
		return nil
	}
	s.live = append(s.live, out)
	return out
}

func shapes(tensors []*ts.Tensor) string {
	if len(tensors) == 0 {
		return "no tensor"
	}
	var text []string
	for _, t := range tensors {
		if t == nil {
			text = append(text, "nil")
			continue
		}
		size, err := t.Size()
		if err != nil {
			text = append(text, "?")
			continue
		}
		text = append(text, strings.ReplaceAll(fmt.Sprint(size), " ", ", "))
	}
	return strings.Join(text, ", ")
}

// cleanError reduces an error to libtorch's own message, without gotch's prefix and the C++
// and Go stack traces.
func cleanError(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, mark := range []string{"\nException raised from", "\nframe #", "\ngoroutine "} {
		text, _, _ = strings.Cut(text, mark)
	}
	if _, after, ok := strings.Cut(text, "Libtorch API Error: "); ok {
		text = after
	}
	return errors.New(strings.TrimSpace(text))
}
