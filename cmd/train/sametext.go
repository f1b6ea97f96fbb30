package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// sameText counts the texts that a set has more than once, apart from space at
// their ends.
type sameText struct {
	repeated  int // examples whose text an earlier one has
	val, test int // held-out examples whose text is also trained on
}

func findSameText(records datasets.Records, split datasets.Split) (same sameText) {
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
				same.val++
			case first == 1 && i == 2:
				same.test++
			}
			same.repeated++
		}
	}
	return same
}

// warnOfSameText says where validation or test can't show what a model makes
// of calls that it hasn't seen.
func (d *data) warnOfSameText(w io.Writer) {
	for i, split := range d.splits {
		s := findSameText(d.records[i], split)
		if s.val+s.test == 0 {
			continue
		}
		held := fmt.Sprintf("%d of %d validation", s.val, len(split.Val))
		if split.Test != nil {
			held += fmt.Sprintf(" and %d of %d test", s.test, len(split.Test))
		}
		fmt.Fprintf(w, "train: warning: %s: the texts of %s records are trained on as well: their scores flatter the model\n", d.sets[i].Path, held)
	}
}
