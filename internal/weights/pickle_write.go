package weights

import (
	"encoding/binary"
	"math"
)

// pickleStateDict returns the pickle (protocol 2) of an OrderedDict of the
// tensors, the i-th of which is all of storage i.
func pickleStateDict(tensors []Tensor) []byte {
	p := &pickler{slots: make(map[pickleGlobal]byte)}
	p.op(opProto, 2)
	p.global(orderedDict)
	p.op(opEmptyTuple)
	p.op(opReduce)
	p.op(opMark)
	for i, t := range tensors {
		p.text(t.Name)
		p.tensor(storageKey(i), t)
	}
	p.op(opSetItems)
	p.op(opStop)
	return p.out
}

// pickler writes the instructions that unpickler reads.
type pickler struct {
	out   []byte
	slots map[pickleGlobal]byte // the memo's slot of each global already written
}

func (p *pickler) op(op opcode, operand ...byte) {
	p.out = append(p.out, byte(op))
	p.out = append(p.out, operand...)
}

// tensor writes the call of _rebuild_tensor_v2 that makes t of all of the
// storage with the given key.
func (p *pickler) tensor(key string, t Tensor) {
	p.global(rebuildTensor)
	p.op(opMark)

	p.op(opMark)
	p.text("storage")
	p.global(storageClass(t.DType))
	p.text(key)
	p.text("cpu")
	p.integer(int64(len(t.Data)) / t.DType.Size())
	p.op(opTuple)
	p.op(opPersistentID)

	p.integer(0) // offset
	p.integers(t.Shape)
	p.integers(rowMajorStrides(t.Shape))
	p.op(opFalse) // requires_grad
	p.global(orderedDict)
	p.op(opEmptyTuple)
	p.op(opReduce) // backward_hooks

	p.op(opTuple)
	p.op(opReduce)
}

// global writes the name the first time and refers to it afterwards. There are
// at most 13 of them, so that a slot's number fits in a byte.
func (p *pickler) global(g pickleGlobal) {
	if slot, ok := p.slots[g]; ok {
		p.op(opGet, slot)
		return
	}
	slot := byte(len(p.slots))
	p.slots[g] = slot
	module, name := g.split()
	p.op(opGlobal)
	p.out = append(p.out, module+"\n"+name+"\n"...)
	p.op(opPut, slot)
}

func (p *pickler) text(s string) {
	p.op(opUnicode)
	p.out = binary.LittleEndian.AppendUint32(p.out, uint32(len(s)))
	p.out = append(p.out, s...)
}

func (p *pickler) integer(n int64) {
	switch {
	case n >= 0 && n <= math.MaxUint8:
		p.op(opInt8, byte(n))
	case n >= 0 && n <= math.MaxUint16:
		p.op(opInt16)
		p.out = binary.LittleEndian.AppendUint16(p.out, uint16(n))
	case n >= math.MinInt32 && n <= math.MaxInt32:
		p.op(opInt32)
		p.out = binary.LittleEndian.AppendUint32(p.out, uint32(n))
	default:
		p.op(opLong, 8)
		p.out = binary.LittleEndian.AppendUint64(p.out, uint64(n))
	}
}

func (p *pickler) integers(values []int64) {
	p.op(opMark)
	for _, n := range values {
		p.integer(n)
	}
	p.op(opTuple)
}

func storageClass(d DType) pickleGlobal {
	for class, dtype := range storageTypes {
		if dtype == d {
			return class
		}
	}
	return "" // Validate refused it
}
