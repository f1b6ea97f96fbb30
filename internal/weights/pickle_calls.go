package weights

import (
	"errors"
	"fmt"
	"strings"
)

const (
	orderedDict      pickleGlobal = "collections.OrderedDict"
	rebuildTensor    pickleGlobal = "torch._utils._rebuild_tensor_v2"
	rebuildParameter pickleGlobal = "torch._utils._rebuild_parameter"
)

var storageTypes = map[pickleGlobal]DType{
	"torch.DoubleStorage":   F64,
	"torch.FloatStorage":    F32,
	"torch.HalfStorage":     F16,
	"torch.BFloat16Storage": BF16,
	"torch.LongStorage":     I64,
	"torch.IntStorage":      I32,
	"torch.ShortStorage":    I16,
	"torch.CharStorage":     I8,
	"torch.ByteStorage":     U8,
	"torch.BoolStorage":     BOOL,
}

// split returns the module and the name within it.
func (g pickleGlobal) split() (module, name string) {
	dot := strings.LastIndexByte(string(g), '.')
	return string(g[:dot]), string(g[dot+1:])
}

func (u *unpickler) global() error {
	module, err := u.line()
	if err != nil {
		return err
	}
	name, err := u.line()
	if err != nil {
		return err
	}
	g := pickleGlobal(module + "." + name)
	if _, isStorage := storageTypes[g]; isStorage || g == orderedDict || g == rebuildTensor || g == rebuildParameter {
		return u.push(g)
	}
	return fmt.Errorf("the file asks for %.100q, which a state dict of plain tensors has no use for; it was refused and nothing was run: %s", string(g), saveAgain)
}

// reduce replaces a callable and its arguments by the call's result.
func (u *unpickler) reduce() error {
	operands, err := u.popN(2)
	if err != nil {
		return err
	}
	args, ok := operands[1].(pickleTuple)
	if !ok {
		return fmt.Errorf("arguments are %s, not a tuple", kindOf(operands[1]))
	}
	switch callee := operands[0]; callee {
	case orderedDict:
		if len(args) != 0 {
			return fmt.Errorf("%s with %d arguments, none are expected", orderedDict, len(args))
		}
		return u.push(&pickleDict{})
	case rebuildTensor:
		t, err := newPickleTensor(args)
		if err != nil {
			return fmt.Errorf("%s: %w", rebuildTensor, err)
		}
		return u.push(t)
	case rebuildParameter: // data, requires_grad, backward_hooks
		if len(args) != 3 {
			return fmt.Errorf("%s with %d arguments, not 3", rebuildParameter, len(args))
		}
		t, ok := args[0].(pickleTensor)
		if !ok {
			return fmt.Errorf("%s of %s, not of a tensor", rebuildParameter, kindOf(args[0]))
		}
		return u.push(t)
	default:
		return fmt.Errorf("%s can't be called", kindOf(callee))
	}
}

// newPickleTensor reads the arguments of _rebuild_tensor_v2: storage, offset,
// size, stride, requires_grad, backward_hooks and, in newer files, metadata.
func newPickleTensor(args pickleTuple) (pickleTensor, error) {
	if len(args) != 6 && len(args) != 7 {
		return pickleTensor{}, fmt.Errorf("%d arguments, not 6 or 7", len(args))
	}
	if len(args) == 7 {
		if extra, ok := args[6].(*pickleDict); args[6] != nil && (!ok || len(extra.keys) > 0) {
			return pickleTensor{}, errors.New("a conjugate or negated view is not supported: save tensor.resolve_conj().resolve_neg()")
		}
	}
	storage, ok := args[0].(pickleStorage)
	if !ok {
		return pickleTensor{}, fmt.Errorf("the storage is %s", kindOf(args[0]))
	}
	offset, ok := args[1].(int64)
	if !ok {
		return pickleTensor{}, fmt.Errorf("the offset is %s", kindOf(args[1]))
	}
	shape, err := integers(args[2])
	if err != nil {
		return pickleTensor{}, fmt.Errorf("size: %w", err)
	}
	strides, err := integers(args[3])
	if err != nil {
		return pickleTensor{}, fmt.Errorf("stride: %w", err)
	}
	return pickleTensor{storage, offset, shape, strides}, nil
}

// build takes an object's attributes: an OrderedDict's _metadata (the versions
// of modules), which weights don't need.
func (u *unpickler) build() error {
	operands, err := u.popN(2)
	if err != nil {
		return err
	}
	if _, ok := operands[0].(*pickleDict); !ok {
		return fmt.Errorf("%s can't take attributes", kindOf(operands[0]))
	}
	return u.push(operands[0])
}

// persistentID replaces ("storage", type, key, location, count) by the storage. Files of
// the old format add a view of it, or None.
func (u *unpickler) persistentID() error {
	operand, err := u.pop()
	if err != nil {
		return err
	}
	id, ok := operand.(pickleTuple)
	if ok && len(id) == 6 && id[5] == nil {
		id = id[:5]
	}
	if !ok || len(id) != 5 || id[0] != "storage" {
		return errors.New("not a reference to a storage")
	}
	class, _ := id[1].(pickleGlobal)
	dtype, ok := storageTypes[class]
	if !ok {
		return fmt.Errorf("the storage's type is %s", kindOf(id[1]))
	}
	key, ok := id[2].(string)
	if !ok {
		return fmt.Errorf("the storage's key is %s, not a string", kindOf(id[2]))
	}
	count, ok := id[4].(int64)
	if !ok || count < 0 {
		return errors.New("the storage's length is not a count")
	}
	storage := pickleStorage{key, dtype, count}
	if other, known := u.storages[key]; known && other != storage {
		return fmt.Errorf("storage %.40q is described twice, in different words", key)
	}
	u.storages[key] = storage
	return u.push(storage)
}
