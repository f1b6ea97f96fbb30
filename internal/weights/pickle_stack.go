package weights

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// take returns the next n bytes of the input.
func (u *unpickler) take(n int) ([]byte, error) {
	if n > len(u.in)-u.at {
		return nil, errPickleEnds
	}
	b := u.in[u.at : u.at+n]
	u.at += n
	return b, nil
}

// line returns the text up to the next newline.
func (u *unpickler) line() (string, error) {
	n := bytes.IndexByte(u.in[u.at:], '\n')
	if n < 0 {
		return "", errPickleEnds
	}
	b, err := u.take(n + 1)
	if err != nil {
		return "", err
	}
	return string(b[:n]), nil
}

func (u *unpickler) push(v any) error {
	u.stack = append(u.stack, v)
	return nil
}

// floor is where the part of the stack above the last mark begins.
func (u *unpickler) floor() int {
	if len(u.marks) == 0 {
		return 0
	}
	return u.marks[len(u.marks)-1].height
}

var errStackEmpty = errors.New("too few values on the stack")

func (u *unpickler) top() (any, error) {
	if len(u.stack) <= u.floor() {
		return nil, errStackEmpty
	}
	return u.stack[len(u.stack)-1], nil
}

func (u *unpickler) pop() (any, error) {
	items, err := u.popN(1)
	if err != nil {
		return nil, err
	}
	return items[0], nil
}

// popN removes the n upper values and returns them, the lowest first.
func (u *unpickler) popN(n int) ([]any, error) {
	from := len(u.stack) - n
	if from < u.floor() {
		return nil, errStackEmpty
	}
	items := slices.Clone(u.stack[from:])
	u.stack = u.stack[:from]
	return items, nil
}

// popToMark removes the values above the last mark, and the mark.
func (u *unpickler) popToMark() ([]any, error) {
	if len(u.marks) == 0 {
		return nil, errors.New("no mark was set")
	}
	items, err := u.popN(len(u.stack) - u.floor())
	u.marks = u.marks[:len(u.marks)-1]
	return items, err
}

// kindOf describes a value for an error without following its references,
// which may form a cycle.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64:
		return "an int"
	case float64:
		return "a float"
	case string:
		return "a str"
	case pickleTuple:
		return "a tuple"
	case *pickleList:
		return "a list"
	case *pickleDict:
		return "a dict"
	case pickleStorage:
		return "a storage"
	case pickleTensor:
		return "a tensor"
	case pickleGlobal:
		return string(v)
	}
	return fmt.Sprintf("a %T", v)
}

// integers returns the elements of a tuple of ints.
func integers(v any) ([]int64, error) {
	items, ok := v.(pickleTuple)
	if !ok {
		return nil, fmt.Errorf("%s, not a tuple of ints", kindOf(v))
	}
	if len(items) > maxRank {
		return nil, fmt.Errorf("%d dimensions, at most %d are supported", len(items), maxRank)
	}
	out := make([]int64, len(items))
	for i, item := range items {
		if out[i], ok = item.(int64); !ok {
			return nil, fmt.Errorf("element %d is %s, not an int", i, kindOf(item))
		}
	}
	return out, nil
}
