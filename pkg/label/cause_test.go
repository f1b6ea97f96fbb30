package label

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
)

func TestCauseOf(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	for name, test := range map[string]struct {
		err  error
		want Cause
	}{
		"none":             {nil, Other},
		"unknown":          {errors.New("no idea"), Other},
		"data":             {about(errors.New("line 2"), BadCall), BadCall},
		"wrapped":          {fmt.Errorf("shard 0/1: %w", about(errors.New("line 2"), BadCall)), BadCall},
		"no input":         {about(fs.ErrNotExist, BadCall), NoInput},
		"closed input":     {about(&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, BadCall), NoInput},
		"input fails":      {about(&fs.PathError{Op: "read", Path: "x", Err: syscall.EIO}, BadCall), Passing},
		"model away":       {about(&fs.PathError{Op: "read", Path: "x", Err: syscall.ESTALE}, BadModel), Passing},
		"no model":         {about(fs.ErrNotExist, BadModel), BadModel},
		"full disk":        {writing(full), Passing},
		"closed output":    {writing(&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}), BadOutput},
		"first one counts": {writing(about(errors.New("gone"), Passing)), Passing},
		"memory":           {errors.New("predict a batch of 32 texts: [enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"), Passing},
		"memory of a GPU":  {errors.New("CUDA out of memory. Tried to allocate 2.00 GiB"), Passing},
	} {
		if got := CauseOf(test.err); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
	if about(nil, BadCall) != nil || !errors.Is(about(badOptions("x"), BadCall), ErrOptions) {
		t.Error("no error, and one of usage, aren't changed")
	}
}
