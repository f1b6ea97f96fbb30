package main

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/torchx"
)

// Exit codes of a shard, by which a job's failure policy tells what to do. They
// are those of sysexits.h. Other errors are 1.
const (
	exitData    = 65 // a call can't be read: this shard fails again, others may not
	exitNoInput = 66 // the input isn't there: every shard fails
	exitOutput  = 73 // the output folder can't be used: every shard fails
	exitAgain   = 75 // a full disk, no memory, a failing device: may go next time
	exitModel   = 78 // the model or what is asked of it is wrong: every shard fails
)

// about marks what an error is about by its exit code in a shard, unless it is marked
// already.
func about(err error, code int) error {
	if err == nil || errors.Is(err, cli.ErrUsage) || errors.As(err, new(aboutError)) {
		return err
	}
	return aboutError{err, code}
}

type aboutError struct {
	error
	code int
}

func (e aboutError) Unwrap() error { return e.error }

// exitCode tells a shard's errors apart.
func exitCode(err error) int {
	var a aboutError
	switch {
	case passes(err):
		return exitAgain
	case !errors.As(err, &a):
		return cli.Failure
	case a.code == exitData && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)):
		return exitNoInput
	}
	return a.code
}

// passing are the system's errors that may be gone next time, or on another machine.
var passing = []syscall.Errno{
	syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EIO, syscall.ENOMEM, syscall.EAGAIN, syscall.EINTR, syscall.EBUSY,
	syscall.EMFILE, syscall.ENFILE, syscall.ESTALE, syscall.ETIMEDOUT, syscall.ECONNRESET, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
	syscall.ENOTCONN, syscall.EREMOTEIO, syscall.ENOLCK,
}

func passes(err error) bool {
	for _, number := range passing {
		if errors.Is(err, number) {
			return true
		}
	}
	text := err.Error()
	return torchx.OutOfMemory(err) || strings.Contains(text, "out of memory") || strings.Contains(text, "CUDA error")
}
