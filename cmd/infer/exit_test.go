package main

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
)

func TestExitCode(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"unknown":          {errors.New("no idea"), cli.Failure},
		"data":             {about(errors.New("line 2"), exitData), exitData},
		"wrapped":          {fmt.Errorf("shard 0/1: %w", about(errors.New("line 2"), exitData)), exitData},
		"no input":         {about(fs.ErrNotExist, exitData), exitNoInput},
		"closed input":     {about(&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, exitData), exitNoInput},
		"input fails":      {about(&fs.PathError{Op: "read", Path: "x", Err: syscall.EIO}, exitData), exitAgain},
		"model away":       {about(&fs.PathError{Op: "read", Path: "x", Err: syscall.ESTALE}, exitModel), exitAgain},
		"no model":         {about(fs.ErrNotExist, exitModel), exitModel},
		"full disk":        {writing(full), exitAgain},
		"closed output":    {writing(&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}), exitOutput},
		"first one counts": {writing(about(errors.New("gone"), exitAgain)), exitAgain},
		"memory":           {errors.New("predict a batch of 32 texts: [enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"), exitAgain},
		"memory of a GPU":  {errors.New("CUDA out of memory. Tried to allocate 2.00 GiB"), exitAgain},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
	if about(nil, exitData) != nil || !errors.Is(about(cli.Usagef("x"), exitData), cli.ErrUsage) {
		t.Error("no error, and one of usage, aren't changed")
	}
}
