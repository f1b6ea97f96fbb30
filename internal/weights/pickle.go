package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// What the restricted unpickler builds: nil, bool, int64, float64, string, and
// these. Nothing in it refers to code.
type (
	pickleTuple []any
	pickleList  struct{ items []any }
	pickleDict  struct{ keys, values []any } // parallel, in the order of insertion
	pickleMark  struct{ height int }         // where the stack stood at a MARK

	// pickleGlobal is a name from the allow-list below.
	pickleGlobal string
	// pickleStorage refers to a storage: a record of the archive.
	pickleStorage struct {
		key   string
		dtype DType
		count int64 // elements
	}
	// pickleTensor is a strided view of a storage; its numbers are as the
	// pickle gives them.
	pickleTensor struct {
		storage pickleStorage
		offset  int64 // of the first element, in elements
		shape   []int64
		strides []int64
	}
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

var errPickleEnds = errors.New("the pickle ends in the middle of an instruction")

// unpickler is a stack machine for the part of Python's pickle language that a
// state dict uses. It looks nothing up and calls nothing: the few globals it
// knows stand for the values above. Its memory is bounded by its input's
// length, since every instruction pushes at most one value.
type unpickler struct {
	in    []byte
	at    int
	stack []any
	marks []pickleMark
	memo  map[uint32]any
}

// unpickle returns the value that the pickle describes.
func unpickle(in []byte) (any, error) {
	u := &unpickler{in: in, memo: make(map[uint32]any)}
	for {
		at := u.at
		op, err := u.take(1)
		if err != nil {
			return nil, err
		}
		if opcode(op[0]) == opStop {
			return u.pop()
		}
		if err := u.step(opcode(op[0])); err != nil {
			return nil, fmt.Errorf("%s at byte %d of the pickle: %w", opcode(op[0]), at, err)
		}
	}
}

func (u *unpickler) step(op opcode) error {
	switch op {
	case opProto:
		return u.protocol()
	case opMark:
		u.marks = append(u.marks, pickleMark{len(u.stack)})
		return nil
	case opGlobal:
		return u.global()
	case opReduce:
		return u.reduce()
	case opBuild:
		return u.build()
	case opPersistentID:
		return u.persistentID()

	case opNone:
		return u.push(nil)
	case opTrue:
		return u.push(true)
	case opFalse:
		return u.push(false)
	case opInt8, opInt16, opInt32, opLong:
		return u.integer(op)
	case opFloat:
		b, err := u.take(8)
		if err != nil {
			return err
		}
		return u.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case opUnicode:
		return u.text(4)
	case opShortString:
		return u.text(1)

	case opEmptyTuple:
		return u.push(pickleTuple(nil))
	case opTuple1:
		return u.tuple(1)
	case opTuple2:
		return u.tuple(2)
	case opTuple3:
		return u.tuple(3)
	case opTuple:
		items, err := u.popToMark()
		if err != nil {
			return err
		}
		return u.push(pickleTuple(items))

	case opEmptyList:
		return u.push(&pickleList{})
	case opAppend:
		items, err := u.popN(1)
		if err != nil {
			return err
		}
		return u.extend(items)
	case opAppends:
		items, err := u.popToMark()
		if err != nil {
			return err
		}
		return u.extend(items)
	case opEmptyDict:
		return u.push(&pickleDict{})
	case opSetItem:
		items, err := u.popN(2)
		if err != nil {
			return err
		}
		return u.setItems(items)
	case opSetItems:
		items, err := u.popToMark()
		if err != nil {
			return err
		}
		return u.setItems(items)

	case opPut, opLongPut:
		return u.put(op)
	case opGet, opLongGet:
		return u.get(op)
	}
	return errors.New("a state dict has no use for this instruction, so it was refused; " + saveAgain)
}

const saveAgain = "save the weights alone, with torch.save(model.state_dict(), path)"

func (u *unpickler) protocol() error {
	b, err := u.take(1)
	if err != nil {
		return err
	}
	if b[0] != 2 {
		return fmt.Errorf("pickle protocol %d, torch.save writes 2: save again without pickle_protocol", b[0])
	}
	return nil
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

// persistentID replaces ("storage", type, key, location, count) by the storage.
func (u *unpickler) persistentID() error {
	operand, err := u.pop()
	if err != nil {
		return err
	}
	id, ok := operand.(pickleTuple)
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
	return u.push(pickleStorage{key, dtype, count})
}

func (u *unpickler) integer(op opcode) error {
	n := map[opcode]int{opInt8: 1, opInt16: 2, opInt32: 4, opLong: 1}[op]
	b, err := u.take(n)
	if err != nil {
		return err
	}
	switch op {
	case opInt8:
		return u.push(int64(b[0]))
	case opInt16:
		return u.push(int64(binary.LittleEndian.Uint16(b)))
	case opInt32:
		return u.push(int64(int32(binary.LittleEndian.Uint32(b))))
	}
	if b, err = u.take(int(b[0])); err != nil {
		return err
	}
	if len(b) > 8 {
		return fmt.Errorf("an integer of %d bytes, at most 8 are supported", len(b))
	}
	var value int64 // two's complement, little-endian
	for i, digit := range b {
		value |= int64(digit) << (8 * i)
	}
	if unused := 64 - 8*len(b); len(b) > 0 {
		value = value << unused >> unused
	}
	return u.push(value)
}

// text reads a string behind a length of the given number of bytes.
func (u *unpickler) text(lengthSize int) error {
	b, err := u.take(lengthSize)
	if err != nil {
		return err
	}
	n := uint64(b[0])
	if lengthSize == 4 {
		n = uint64(binary.LittleEndian.Uint32(b))
	}
	if n > uint64(len(u.in)-u.at) {
		return errPickleEnds
	}
	if b, err = u.take(int(n)); err != nil {
		return err
	}
	if !utf8.Valid(b) {
		return errors.New("the text is not valid UTF-8")
	}
	return u.push(string(b))
}

func (u *unpickler) tuple(n int) error {
	items, err := u.popN(n)
	if err != nil {
		return err
	}
	return u.push(pickleTuple(items))
}

func (u *unpickler) extend(items []any) error {
	target, err := u.top()
	if err != nil {
		return err
	}
	list, ok := target.(*pickleList)
	if !ok {
		return fmt.Errorf("%s is not a list", kindOf(target))
	}
	list.items = append(list.items, items...)
	return nil
}

func (u *unpickler) setItems(items []any) error {
	target, err := u.top()
	if err != nil {
		return err
	}
	dict, ok := target.(*pickleDict)
	if !ok {
		return fmt.Errorf("%s is not a dict", kindOf(target))
	}
	if len(items)%2 != 0 {
		return errors.New("a key without a value")
	}
	for pair := range slices.Chunk(items, 2) {
		dict.keys = append(dict.keys, pair[0])
		dict.values = append(dict.values, pair[1])
	}
	return nil
}

func (u *unpickler) put(op opcode) error {
	slot, err := u.slot(op == opLongPut)
	if err != nil {
		return err
	}
	u.memo[slot], err = u.top()
	return err
}

func (u *unpickler) get(op opcode) error {
	slot, err := u.slot(op == opLongGet)
	if err != nil {
		return err
	}
	value, ok := u.memo[slot]
	if !ok {
		return fmt.Errorf("nothing was put into slot %d", slot)
	}
	return u.push(value)
}

func (u *unpickler) slot(long bool) (uint32, error) {
	if !long {
		b, err := u.take(1)
		if err != nil {
			return 0, err
		}
		return uint32(b[0]), nil
	}
	b, err := u.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}
