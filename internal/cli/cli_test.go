package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// fake is a command that does what its test says.
type fake struct {
	Count int `default:"1" help:"How many."`

	run func(ctx context.Context) error
}

func (f *fake) Run(ctx context.Context, streams Streams) error {
	fmt.Fprintln(streams.Out, "count", f.Count)
	if f.run == nil {
		return nil
	}
	return f.run(ctx)
}

func TestExits(t *testing.T) {
	cause := errors.New("disk full")
	interrupted := func(result error) func(context.Context) error {
		return func(ctx context.Context) error {
			if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
				return err
			}
			<-ctx.Done()
			if result != nil {
				return result
			}
			return ctx.Err()
		}
	}
	tests := []struct {
		name   string
		args   []string
		run    func(context.Context) error
		code   int
		stdout string
		stderr string
	}{
		{"success", []string{"--count", "3"}, nil, OK, "count 3\n", ""},
		{"help", []string{"--help"}, nil, OK, "Usage: fake", ""},
		{"unknown flag", []string{"--colour"}, nil, Misuse, "", "fake: unknown flag --colour; see fake --help\n"},
		{"bad value", []string{"--count", "x"}, nil, Misuse, "", "; see fake --help\n"},
		{"misuse found later", nil, func(context.Context) error { return Usagef("two inputs") }, Misuse, "", "fake: two inputs; see fake --help\n"},
		{"failure", nil, func(context.Context) error { return fmt.Errorf("write x: %w", cause) }, Failure, "", "fake: write x: disk full\n"},
		{"code of its own", nil, func(context.Context) error { return Exit(75, fmt.Errorf("shard 1/2: %w", cause)) }, 75, "", "fake: shard 1/2: disk full\n"},
		{"signal", nil, interrupted(nil), 128 + int(syscall.SIGTERM), "", "fake: stopped by a signal: terminated\n"},
		{"signal, with what is left", nil, interrupted(errors.New("half is done")), 128 + int(syscall.SIGTERM), "", "fake: stopped by a signal: terminated; half is done\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := Main("fake", "A fake.", &fake{run: test.run}, test.args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if !strings.HasPrefix(out.String(), test.stdout) {
				t.Errorf("stdout %q, want %q", out.String(), test.stdout)
			}
			if !strings.HasSuffix(errs.String(), test.stderr) || strings.Count(errs.String(), "\n") > 1 {
				t.Errorf("stderr %q, want one line: %q", errs.String(), test.stderr)
			}
		})
	}
}

// A panic becomes one line; the stack trace lies in a file, and what the panic
// says isn't printed unless it is the runtime's own words.
func TestPanics(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for name, test := range map[string]struct {
		run  func(context.Context) error
		want string
	}{
		"a slip":   {func(context.Context) error { var list []int; return fmt.Errorf("%d", list[0]) }, "runtime error: index out of range [0] with length 0"},
		"a text":   {func(context.Context) error { panic("Wanjiku called") }, "panic of a string"},
		"an error": {func(context.Context) error { panic(errors.New("Wanjiku called")) }, "panic of a *errors.errorString"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := Main("fake sub", "A fake.", &fake{run: test.run}, nil, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
			text := errs.String()
			if code != Failure || strings.Count(text, "\n") != 1 || strings.Contains(text, "Wanjiku") {
				t.Errorf("exit code %d, stderr %q; want 1 and one line", code, text)
			}
			before, path, _ := strings.Cut(strings.TrimSpace(text), "; please report it with the stack trace in ")
			if before != "fake sub: a bug in fake sub: "+test.want {
				t.Errorf("stderr %q", text)
			}
			stack, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(stack), "cli.TestPanics") || strings.Contains(string(stack), "Wanjiku") {
				t.Errorf("stack trace %q, %v", stack, err)
			}
		})
	}
}

// An error of which another process tells gives no line, and the usual code.
func TestExit(t *testing.T) {
	for name, test := range map[string]struct {
		err    error
		code   int
		stderr string
	}{
		"a code alone":       {Exit(7, nil), 7, ""},
		"a code and a line":  {fmt.Errorf("there: %w", Exit(137, errors.New("a rank was killed"))), 137, "x: a rank was killed\n"},
		"told by another":    {Told(errors.New("a rank was killed")), Failure, ""},
		"told, and wrapped":  {fmt.Errorf("there: %w", Told(errors.New("a rank was killed"))), Failure, ""},
		"an error of no use": {errors.New("disk full"), Failure, "x: disk full\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, stderr strings.Builder
			code := Main("x", "", &fake{run: func(context.Context) error { return test.err }}, nil, Streams{Out: &out, Err: &stderr})
			if code != test.code || stderr.String() != test.stderr {
				t.Errorf("code %d, stderr %q; want %d, %q", code, stderr.String(), test.code, test.stderr)
			}
		})
	}
}
