package label

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/trident-nlp/trident/internal/torchx"
)

// Cause is what an error of [Run] is about: by it a job of many shards can tell
// whether to try one again, and whether the others have the same error before them.
type Cause int

// The causes of errors.
const (
	Other     Cause = iota // none of the following
	BadCall                // a call can't be read: this shard fails again, others may not
	NoInput                // the input isn't there: every shard fails
	BadOutput              // the output can't be used: every shard fails
	Passing                // a full disk, no memory, a failing device: may go next time
	BadModel               // the model or what is asked of it is wrong: every shard fails
)

// ErrOptions marks an error of [Options] that can't be, or don't go together.
var ErrOptions = errors.New("options")

// badOptions is an error that [ErrOptions] marks.
func badOptions(format string, args ...any) error { return optionsError{fmt.Errorf(format, args...)} }

type optionsError struct{ error }

func (optionsError) Is(target error) bool { return target == ErrOptions }
func (e optionsError) Unwrap() error      { return e.error }

// about marks an error by its cause, unless it is marked already.
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

// CauseOf tells what an error of [Run] is about. Errors of options, and a context
// that is done, are [Other].
func CauseOf(err error) Cause {
	var a aboutError
	switch {
	case passes(err):
		return Passing
	case !errors.As(err, &a):
		return Other
	case a.cause == BadCall && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)):
		return NoInput
	}
	return a.cause
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
