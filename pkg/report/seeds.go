package report

import (
	"fmt"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// seedSpread is half of the range in which a built-in task's figure lies when only the
// training seed changes, measured over 5 seeds at the quickstart's size.
func seedSpread(task string) (figure string, half float64) {
	switch task {
	case tasks.NERName:
		return "entity F1", 0.01
	case tasks.CLSName:
		return "accuracy", 0.01
	case tasks.QAName:
		return "F1", 0.01
	}
	return "", 0
}

// SeedNote is a sentence that says how much the scores of these tasks vary with the
// training seed and, if intervals of scores are shown beside it, that these don't include
// that. It is empty if none of the tasks is a built-in one: no other has been measured.
func SeedNote(list []tasks.Task, intervals bool) string {
	var parts []string
	for _, t := range list {
		if tasks.BuiltIn(t) {
			figure, half := seedSpread(t.Name)
			parts = append(parts, fmt.Sprintf("±%.2g %s (%s)", half, figure, t.Name))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	all := parts[0]
	if last := len(parts) - 1; last > 0 {
		all = strings.Join(parts[:last], ", ") + " and " + parts[last]
	}
	begin := "With"
	if intervals {
		begin = "The intervals are over records only: with"
	}
	return begin + " another training seed, scores differ by about " + all + ", as measured over 5 seeds at the quickstart's size."
}
