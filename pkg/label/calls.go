package label

import (
	"errors"
	"iter"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// Call is the text of a call, without the answers to it.
type Call struct {
	Text     datasets.Transcript
	Repaired bool // bytes of it weren't UTF-8, and were replaced by U+FFFD
}

// ErrBadCall marks an error of [ReadCalls] that concerns one call: later ones can be read.
var ErrBadCall = errors.New("a call can't be read")

// ReadCalls yields the calls of files, folders of such and patterns, in order, as infer
// finds and reads them: JSON Lines, JSON, CSV, TSV or a call in each line, by the files'
// names or else their beginnings; compressed or not. Blank lines and calls without text
// are skipped. An error names the file and the line or record. After an [ErrBadCall] the
// iteration continues with the next call; any other error ends it.
func ReadCalls(inputs []string) iter.Seq2[Call, error] {
	return func(yield func(Call, error) bool) {
		files, err := findFiles(inputs)
		if err != nil {
			yield(Call{}, err)
			return
		}
		in, err := fromFiles(files, Shard{}, reading{format: "auto", marks: true})
		if err != nil {
			yield(Call{}, err)
			return
		}
		for r, err := range in.records {
			switch {
			case err != nil:
				yield(Call{}, err)
				return
			case errors.Is(r.problem, errEmpty), errors.Is(r.problem, errBlankLine):
				continue
			case r.problem != nil:
				err = badCall{r.problem}
			}
			if !yield(Call{Text: r.text, Repaired: r.repaired}, err) {
				return
			}
		}
	}
}

// badCall is an error of one call, marked as [ErrBadCall].
type badCall struct{ error }

func (b badCall) Unwrap() []error { return []error{b.error, ErrBadCall} }
