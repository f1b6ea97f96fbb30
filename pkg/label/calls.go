package label

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"syscall"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// Call is the text of a call, without the answers to it.
type Call struct {
	Text     datasets.Transcript
	Repaired bool // bytes of it weren't UTF-8, and were replaced by U+FFFD
}

// ErrBadCall marks an error of [ReadCalls] that concerns one call: later ones can be read.
var ErrBadCall = errors.New("a call can't be read")

// ErrBadInput marks an error of [ReadCalls] that concerns one input or file, or what is left
// of it: later ones can be read.
var ErrBadInput = errors.New("an input can't be read")

// ReadCalls yields the calls of files, folders of such and patterns, in order, as infer
// finds and reads them: JSON Lines, JSON, CSV, TSV or a call in each line, by the files'
// names or else their beginnings; compressed or not. Blank lines and calls without text
// are skipped, and a file that inputs name more than once is read once. An error names the
// file and the line or record. It is an [ErrBadCall], after which the iteration continues
// with the next call, or an [ErrBadInput], after which it continues with the next file.
// Inputs that don't exist come first.
func ReadCalls(inputs []string) iter.Seq2[Call, error] {
	return func(yield func(Call, error) bool) {
		files, _, failed := callFiles(inputs)
		for _, err := range failed {
			if !yield(Call{}, marked{err, ErrBadInput}) {
				return
			}
		}
		for _, f := range files {
			if !readCallsOf(f, yield) {
				return
			}
		}
	}
}

// readCallsOf reads one file, and reports whether the caller wants more.
func readCallsOf(f file, yield func(Call, error) bool) bool {
	for r, err := range fromFile(piece{file: f}, reading{format: "auto", marks: true}) {
		switch {
		case err != nil:
			err = marked{err, ErrBadInput}
		case errors.Is(r.problem, errEmpty), errors.Is(r.problem, errBlankLine):
			continue
		case r.problem != nil:
			err = marked{r.problem, ErrBadCall}
		}
		if !yield(Call{Text: r.text, Repaired: r.repaired}, err) {
			return false
		}
	}
	return true
}

// CheckInputs finds the files of inputs as [ReadCalls] does, without reading them. The error
// is an [ErrBadInput] that names all inputs that can't be found.
func CheckInputs(inputs []string) error {
	if _, _, failed := callFiles(inputs); len(failed) > 0 {
		texts := make([]string, len(failed))
		for i, err := range failed {
			texts[i] = err.Error()
		}
		return marked{errors.New(strings.Join(texts, "; ")), ErrBadInput}
	}
	return nil
}

// RepeatedFiles lists the files that inputs name more than once, directly or by a folder, a
// pattern or a link. [ReadCalls] reads them once.
func RepeatedFiles(inputs []string) []string {
	_, repeated, _ := callFiles(inputs)
	return repeated
}

// callFiles lists the files of inputs, each once, those that are named again, and the errors
// of inputs that can't be found.
func callFiles(inputs []string) (files []file, repeated []string, failed []error) {
	type identity struct{ device, inode uint64 }
	seen := map[identity]bool{}
	for _, input := range inputs {
		list, err := findFiles([]string{input})
		if err != nil {
			failed = append(failed, err)
		}
		for _, f := range list {
			var status syscall.Stat_t
			if err := syscall.Stat(f.path, &status); err != nil {
				failed = append(failed, fmt.Errorf("read input: %s: %w", f.path, err))
				continue
			}
			id := identity{status.Dev, status.Ino}
			if seen[id] {
				repeated = append(repeated, f.path)
				continue
			}
			seen[id] = true
			files = append(files, f)
		}
	}
	return files, repeated, failed
}

// marked is an error with a kind, which its text doesn't repeat.
type marked struct{ error, kind error }

func (m marked) Error() string   { return m.error.Error() }
func (m marked) Unwrap() []error { return []error{m.error, m.kind} }
