package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

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
