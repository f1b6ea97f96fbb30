package torchx

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// Param is one named, trainable tensor.
type Param struct {
	Name   string
	Tensor *ts.Tensor
}

// Params collects a model's parameters in the order of their creation. Like a
// [Scope] it carries its first error, so that constructors need no checks;
// [Params.Err] returns it. The zero value isn't usable; see [NewParams].
type Params struct {
	prefix string
	store  *paramStore
}

type paramStore struct {
	device gotch.Device
	fill   bool
	list   []Param
	names  map[string]int
	frozen map[string]bool
	err    error
}

// NewParams returns an empty collection on device. With fill unset new tensors
// are left uninitialised, for weights that are read from a file next.
func NewParams(device gotch.Device, fill bool) Params {
	return Params{store: &paramStore{device: device, fill: fill, names: map[string]int{}, frozen: map[string]bool{}}}
}

// Sub returns a view whose New prefixes names with "prefix.".
func (p Params) Sub(prefix string) Params {
	return Params{prefix: p.prefix + prefix + ".", store: p.store}
}

// New adds a float32 parameter. It returns nil after an error.
func (p Params) New(name string, fill Init, shape ...int64) *ts.Tensor {
	st := p.store
	if st.err != nil {
		return nil
	}
	name = p.prefix + name
	if _, taken := st.names[name]; taken {
		st.err = fmt.Errorf("two parameters named %q", name)
		return nil
	}
	t, err := newParam(st.device, st.fill, fill, shape)
	if err != nil {
		st.err = fmt.Errorf("make parameter %s %v: %w", name, shape, cleanError(err))
		return nil
	}
	st.names[name] = len(st.list)
	st.list = append(st.list, Param{name, t})
	return t
}

// newParam draws on the CPU, so that a seed gives the same weights everywhere.
//
// It keeps to one thread, since libtorch's binding keeps an operation's error per thread.
func newParam(device gotch.Device, filled bool, fill Init, shape []int64) (*ts.Tensor, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if len(shape) == 0 {
		return nil, errors.New("it has no dimension")
	}
	t, err := ts.Empty(shape, gotch.Float, gotch.CPU)
	if err != nil {
		return nil, err
	}
	if filled {
		err = fill(t)
	}
	if err == nil && device != gotch.CPU {
		t, err = t.To(device, true)
	}
	if err == nil {
		err = requireGrad(t, true)
	}
	if err != nil && t != nil {
		return nil, errors.Join(err, t.Drop())
	}
	return t, err
}

// Err returns the first error of New.
func (p Params) Err() error { return p.store.err }

// All returns the parameters in the order of their creation.
func (p Params) All() []Param { return p.store.list }

// Freeze makes the parameters selected by is constants: backward passes compute no
// gradients for them, nor for tensors that depend only on them.
func (p Params) Freeze(is func(name string) bool) error {
	for _, param := range p.store.list {
		if !is(param.Name) {
			continue
		}
		if err := requireGrad(param.Tensor, false); err != nil {
			return fmt.Errorf("freeze parameter %s: %w", param.Name, err)
		}
		p.store.frozen[param.Name] = true
	}
	return nil
}

// Trainable returns the parameters that aren't frozen, in the order of their creation.
func (p Params) Trainable() []Param {
	return slices.DeleteFunc(slices.Clone(p.store.list), func(param Param) bool { return p.store.frozen[param.Name] })
}

// Device returns the parameters' device.
func (p Params) Device() gotch.Device { return p.store.device }

// Get returns the parameter called name.
func (p Params) Get(name string) (*ts.Tensor, bool) {
	i, ok := p.store.names[name]
	if !ok {
		return nil, false
	}
	return p.store.list[i].Tensor, true
}

// CountTrainable returns the number of scalars that aren't frozen.
func (p Params) CountTrainable() int64 {
	var n int64
	for _, param := range p.Trainable() {
		n += int64(param.Tensor.Numel())
	}
	return n
}

// Count returns the number of scalars in all parameters.
func (p Params) Count() int64 {
	var n int64
	for _, param := range p.store.list {
		n += int64(param.Tensor.Numel())
	}
	return n
}

// Drop frees all parameters.
func (p Params) Drop() {
	for _, param := range p.store.list {
		drop(param.Tensor)
	}
	p.store.list, p.store.names = nil, map[string]int{}
}

// drop frees t. gotch's error would be one of C++'s delete: there is none.
func drop(t *ts.Tensor) { _ = t.Drop() }

// Init fills a new parameter.
type Init func(*ts.Tensor) error

// Zeros fills with 0.
func Zeros(t *ts.Tensor) error { return t.Zero_() }

// Ones fills with 1.
func Ones(t *ts.Tensor) error {
	one := ts.FloatScalar(1)
	defer runtime.KeepAlive(one)
	return t.Fill_(one)
}

// Normal draws from N(0, std²).
func Normal(std float64) Init {
	return func(t *ts.Tensor) error { return t.Normal_(0, std) }
}

// Uniform draws from U(-bound, bound).
func Uniform(bound float64) Init {
	return func(t *ts.Tensor) error { return t.Uniform_(-bound, bound) }
}
