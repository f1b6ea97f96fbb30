package run

import (
	"fmt"
	"io"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// duplicates counts the texts that occur more than once in a set, whatever their white
// space.
type duplicates struct {
	repeated  int // examples with the text of an earlier one
	val, test int // held-out examples whose text is also in the training data
}

func findDuplicates(records datasets.Records, split datasets.Split) (found duplicates) {
	seen := map[datasets.Transcript]int{} // the split in which a text occurs first: 1 is training
	for i, share := range [][]datasets.Example{split.Train, split.Val, split.Test} {
		for _, ex := range share {
			text := records.Texts[ex.Record-1].Normalised()
			first := seen[text]
			switch {
			case first == 0:
				seen[text] = i + 1
				continue
			case first == 1 && i == 1:
				found.val++
			case first == 1 && i == 2:
				found.test++
			}
			found.repeated++
		}
	}
	return found
}

// warnOfDuplicates warns if validation or test records occur in the training data, so
// their scores don't apply to unseen calls.
func (d *data) warnOfDuplicates(w io.Writer) {
	for _, s := range d.sources {
		found := findDuplicates(s.records, s.split)
		if found.val+found.test == 0 {
			continue
		}
		held := fmt.Sprintf("%d of %d validation", found.val, len(s.split.Val))
		if s.split.Test != nil {
			held += fmt.Sprintf(" and %d of %d test", found.test, len(s.split.Test))
		}
		fmt.Fprintf(w, "train: warning: %s: the texts of %s records are trained on as well: their scores flatter the model\n", s.set.Path, held)
	}
}
