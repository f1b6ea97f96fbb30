// Package cli is what every command shares: flags, exit codes and signals.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes, besides 128 plus a signal's number.
const (
	OK      = 0
	Failure = 1 // bad input, a full disk, …
	Misuse  = 2 // of the command line
)

// ErrUsage marks an error in the command line; see [Usagef].
var ErrUsage = errors.New("usage")

// Usagef returns an error that ends a command with code [Misuse].
func Usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

type usageError struct{ error }

func (usageError) Is(target error) bool { return target == ErrUsage }
func (e usageError) Unwrap() error      { return e.error }

// Exit returns an error that ends a command with a code, and prints err unless it is nil,
// when another process has reported it.
func Exit(code int, err error) error { return exitError{code, err} }

// Told returns an error that another process reports.
func Told(err error) error { return exitError{-1, told{err}} }

type exitError struct {
	code int // -1: the default one
	err  error
}

func (e exitError) Unwrap() error { return e.err }

func (e exitError) Error() string {
	if e.err == nil {
		return "exit code " + strconv.Itoa(e.code)
	}
	return e.err.Error()
}

// end prints the error, if there is one, and returns the code.
func (e exitError) end(ctx context.Context, name string, streams Streams) int {
	var sig signalError
	var silent told
	switch {
	case e.code >= 0:
	case errors.As(context.Cause(ctx), &sig):
		e.code = 128 + int(sig.number)
	default:
		e.code = Failure
	}
	if e.err != nil && !errors.As(e.err, &silent) {
		return fail(name, streams, e.err, e.code)
	}
	return e.code
}

type told struct{ error }

func (t told) Unwrap() error { return t.error }

// Streams are a command's standard streams.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Standard returns the process's streams.
func Standard() Streams { return Streams{os.Stdin, os.Stdout, os.Stderr} }

// Command is a command. Its fields are the flags, with kong's tags.
type Command interface {
	// Run does the work. ctx is done after SIGINT or SIGTERM.
	Run(ctx context.Context, streams Streams) error
}

// common are the flags of every command.
type common struct {
	Version    kong.VersionFlag `group:"Help" help:"Print the version of this command, and end."`
	Completion string           `group:"Help" placeholder:"SHELL" help:"Print what makes bash, zsh or fish complete this command's flags, and end."`
}

// Main parses args into the command's flags, runs it and returns the exit
// code. An error becomes one line on streams.Err.
func Main(name, help string, command Command, args []string, streams Streams) int {
	done := -1
	info, ok := debug.ReadBuildInfo()
	parser, err := kong.New(command, kong.Name(name), kong.Description(help), kong.Writers(streams.Out, streams.Err),
		kong.Exit(func(code int) { done = code }), kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 110}),
		kong.Embed(new(common)), kong.Vars{"version": version(name, command, info, ok)})
	if err != nil {
		return fail(name, streams, err, Failure)
	}
	if shell, asked := wantedShell(args); asked {
		text, err := script(shell, parser.Model, command)
		if err != nil {
			return fail(name, streams, fmt.Errorf("%w; see %s --help", err, name), Misuse)
		}
		fmt.Fprint(streams.Out, text)
		return OK
	}
	_, err = parser.Parse(args)
	if done >= 0 { // --help or --version has been printed
		return done
	}
	if err != nil {
		return fail(name, streams, fmt.Errorf("%w; see %s --help", explain(err, args, parser.Model, command), name), Misuse)
	}
	if err := expandPaths(parser.Model); err != nil {
		return fail(name, streams, err, Failure)
	}
	ctx, stop := withSignals(context.Background())
	defer stop()
	err = call(ctx, name, command, streams)
	var sig signalError
	var exit exitError
	switch {
	case err == nil:
		return OK
	case errors.As(err, &exit):
		return exit.end(ctx, name, streams)
	case errors.Is(err, ErrUsage):
		return fail(name, streams, fmt.Errorf("%w; see %s --help", err, name), Misuse)
	case errors.As(context.Cause(ctx), &sig):
		return fail(name, streams, sig.with(err), 128+int(sig.number))
	default:
		return fail(name, streams, err, Failure)
	}
}

// call runs the command, and turns a panic into an error. The stack trace goes to a file:
// it is for developers, not for users.
func call(ctx context.Context, name string, command Command, streams Streams) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a bug in %s: %s; please report it with %s", name, describe(p), trace(name, debug.Stack()))
		}
	}()
	return command.Run(ctx, streams)
}

// describe describes a panic without anything that could contain transcript text.
func describe(p any) string {
	var err runtime.Error
	if e, ok := p.(error); ok && errors.As(e, &err) {
		return err.Error()
	}
	return fmt.Sprintf("panic of a %T", p)
}

// trace writes a stack trace and returns the file's name.
func trace(name string, stack []byte) string {
	f, err := os.CreateTemp("", strings.ReplaceAll(name, " ", "-")+"-*.trace")
	if err == nil {
		_, err = f.Write(stack)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Sprintf("its stack trace (which could not be written: %v)", err)
	}
	return "the stack trace in " + f.Name()
}

func fail(name string, streams Streams, err error, code int) int {
	fmt.Fprintf(streams.Err, "%s: %v\n", name, err)
	return code
}

type signalError struct{ number syscall.Signal }

func (e signalError) Error() string { return "stopped by a signal: " + e.number.String() }

// with adds the command's own error, unless it is only the cancelled context.
func (e signalError) with(err error) error {
	if errors.Is(err, context.Canceled) {
		return e
	}
	return fmt.Errorf("%w; %w", e, err)
}

// withSignals returns a context that the first SIGINT or SIGTERM cancels; a second one
// ends the process at once.
func withSignals(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	over := make(chan struct{})
	go func() {
		defer signal.Stop(signals)
		select {
		case got := <-signals:
			cancel(signalError{got.(syscall.Signal)})
		case <-over:
			return
		}
		select {
		case got := <-signals:
			signal.Reset(got)
			_ = syscall.Kill(syscall.Getpid(), got.(syscall.Signal)) // as if it had not been caught
		case <-over:
		}
	}()
	return ctx, sync.OnceFunc(func() {
		cancel(nil)
		close(over)
	})
}
