package evaluate

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/calibrate"
)

// CalibrationMarkdown writes the fitted calibration as tables; nothing if there is none.
func (r *Result) CalibrationMarkdown(w io.Writer) error {
	if r.Calibration == nil {
		return nil
	}
	var b strings.Builder
	fmt.Fprintln(&b, "| head | records | temperature | NLL | calibrated | ECE | calibrated | sets: wished share, share with the right label, mean size |")
	fmt.Fprintln(&b, "|:--|--:|--:|--:|--:|--:|--:|:--|")
	for _, made := range r.Models[0].Reports {
		for _, head := range made.Heads {
			h, known := r.Calibration.Heads[made.Task][head.Name]
			if !known {
				continue
			}
			fmt.Fprintf(&b, "| %s.%s | %s | %.3f | %.3f | %.3f | %.3f | %.3f | %s |\n", made.Task, head.Name, numbers.Thousands(int64(h.Records)), h.Temperature,
				h.NLL.Before, h.NLL.After, h.ECE.Before, h.ECE.After, describeSets(h.Sets))
			for _, language := range slices.Sorted(maps.Keys(h.Languages)) {
				fmt.Fprintf(&b, "| %s.%s, %s | | | | | | | %s |\n", made.Task, head.Name, language, describeSets(h.Languages[language]))
			}
		}
	}
	for _, t := range r.Calibration.Thresholds {
		fmt.Fprintf(&b, "\n%s.%s=%s: suspected from a probability of %.3f on, for a recall of %g; %s of the records have the label, %.1f %% are suspected.\n",
			t.Task, t.Head, t.Label, t.Probability, t.Recall, numbers.Thousands(int64(t.Positives)), 100*t.Flagged)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// describeSets returns text such as "0.9: 0.913, 1.42; 0.95: 0.956, 1.73".
func describeSets(sets []calibrate.Set) string {
	parts := make([]string, len(sets))
	for i, s := range sets {
		parts[i] = fmt.Sprintf("%g: %.3f, %.2f", s.Coverage, s.Measured, s.Size)
	}
	return strings.Join(parts, "; ")
}
