package annotations

import (
	"errors"
	"fmt"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// ErrOptions marks an error about options that are invalid or don't go together.
var ErrOptions = errors.New("options")

// badOptions returns an error marked by [ErrOptions].
func badOptions(format string, args ...any) error { return optionsError{fmt.Errorf(format, args...)} }

type optionsError struct{ error }

func (optionsError) Is(target error) bool { return target == ErrOptions }
func (e optionsError) Unwrap() error      { return e.error }

// Options configure a conversion. The zero value is valid.
type Options struct {
	// Tasks are own tasks whose heads are known, besides ner, cls and qa. A head that is
	// known is a class or a group of yes/no labels in every format.
	Tasks []tasks.Task

	Unit       Unit // of the input's offsets; "" is UnitAuto
	OutputUnit Unit // of the output's; "" is what the tool expects

	Overlaps Overlaps          // what to do with overlapping spans where the target has none; "" refuses
	Labels   map[string]string // new names of entity labels and classes; "" drops them
	Head     string            // the head of labels in files that don't name one
	Text     string            // the field of the text; "" finds it

	Texts *Input // the calls of the answers that infer gave; nil: none

	TagNames []string  // of ner_tags that are numbers
	Tags     TagScheme // written to CoNLL and Hugging Face files; "" is IOB2

	Annotations bool // Label Studio: write annotations, not predictions
	Predictions bool // Label Studio: read a task's predictions if it has no annotation

	KeepUnlabelled bool // write calls without labels, too, for people to label
	Lossy          bool // convert although the target can't hold everything
	SkipBad        bool // leave out records that can't be used
	ShowText       bool // show texts in messages about spans
	CheckOnly      bool // write nothing

	Progress func(done, total int64) // called with bytes of all passes over the input; nil: none
}

// Overlaps is a rule for overlapping spans.
type Overlaps string

// The rules. Equal spans with equal labels are always one.
const (
	RefuseOverlaps Overlaps = "refuse"
	KeepLongest    Overlaps = "longest" // of spans that overlap the longest stays, of equally long ones the first
	KeepFirst      Overlaps = "first"   // the one that begins first stays, of those the longest
)

func (o Options) check() error {
	if _, empty := o.Labels[""]; empty {
		return badOptions("a label to rename has no name; want OLD=NEW, or OLD= to drop it")
	}
	switch o.Overlaps {
	case "", RefuseOverlaps, KeepLongest, KeepFirst:
	default:
		return badOptions("overlaps %q; want %s, %s or %s", o.Overlaps, RefuseOverlaps, KeepLongest, KeepFirst)
	}
	if o.Unit != "" && o.Unit != UnitAuto {
		if err := o.Unit.check(); err != nil {
			return err
		}
	}
	if o.OutputUnit != "" {
		if err := o.OutputUnit.check(); err != nil {
			return err
		}
	}
	if err := o.Tags.check(); err != nil {
		return err
	}
	return nil
}
