package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
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

	storages map[string]pickleStorage // that were referred to, by key
}

// unpickle returns the value that the pickle describes.
func unpickle(in []byte) (any, error) {
	u := &unpickler{in: in, memo: make(map[uint32]any), storages: map[string]pickleStorage{}}
	return u.run()
}

// run returns the value, and leaves at behind the pickle.
func (u *unpickler) run() (any, error) {
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
