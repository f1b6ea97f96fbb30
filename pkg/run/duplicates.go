package run

import (
	"fmt"
	"io"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// duplicates counts the texts that a set has more than once, apart from space at
// their ends.
type duplicates struct {
	repeated  int // examples whose text an earlier one has
	val, test int // held-out examples whose text is also trained on
}

func findDuplicates(records datasets.Records, split datasets.Split) (found duplicates) {
	seen := map[string]int{} // in which share a text is first: 1 is training
	for i, share := range [][]datasets.Example{split.Train, split.Val, split.Test} {
		for _, ex := range share {
			text := strings.TrimSpace(string(records.Texts[ex.Record-1]))
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

// warnOfDuplicates says where validation or test can't show what a model makes
// of calls that it hasn't seen.
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
