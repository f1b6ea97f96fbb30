package label

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/trident-nlp/trident/internal/torchx"
)

// Cause classifies an error of [Run]. From it a job of many shards can tell whether to
// retry a shard, and whether the other shards will fail in the same way.
type Cause int

// The causes of errors.
const (
	Other     Cause = iota // none of the following
	BadCall                // a call can't be read: this shard will fail again, others may not
	NoInput                // the input doesn't exist: every shard fails
	BadOutput              // the output can't be used: every shard fails
	Passing                // a full disk, no memory, a failing device: a retry may succeed
	BadModel               // wrong model or wrong options for it: every shard fails
)

// ErrOptions marks an error about invalid or incompatible [Options].
var ErrOptions = errors.New("options")

// badOptions returns an error marked by [ErrOptions].
func badOptions(format string, args ...any) error { return optionsError{fmt.Errorf(format, args...)} }

type optionsError struct{ error }

func (optionsError) Is(target error) bool { return target == ErrOptions }
func (e optionsError) Unwrap() error      { return e.error }

// about marks an error with its cause, unless it is marked already.
func about(err error, cause Cause) error {
	if err == nil || errors.Is(err, ErrOptions) || errors.As(err, new(aboutError)) {
		return err
	}
	return aboutError{err, cause}
}

type aboutError struct {
	error
	cause Cause
}

func (e aboutError) Unwrap() error { return e.error }

// CauseOf returns the cause of an error of [Run]. Errors about options, and a context
// that is done, are [Other].
func CauseOf(err error) Cause {
	var a aboutError
	switch {
	case err == nil:
		return Other
	case passes(err):
		return Passing
	case !errors.As(err, &a):
		return Other
	case a.cause == BadCall && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)):
		return NoInput
	}
	return a.cause
}

// passing lists system errors that may not recur next time, or on another machine.
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
