package goldentest

import (
	"encoding/json"
	"strings"
)

// AlikeLines compares JSON lines as [AlikeJSON] does: what a model says of a call depends
// on the calls beside it by rounding.
func AlikeLines(a, b string) bool {
	listA, listB := strings.SplitAfter(a, "\n"), strings.SplitAfter(b, "\n")
	if len(listA) != len(listB) {
		return false
	}
	for i := range listA {
		if listA[i] == listB[i] {
			continue
		}
		var valueA, valueB any
		if json.Unmarshal([]byte(listA[i]), &valueA) != nil || json.Unmarshal([]byte(listB[i]), &valueB) != nil || !AlikeJSON(valueA, valueB) {
			return false
		}
	}
	return true
}

// WithoutWarnings leaves out the lines of a command's standard error that are warnings,
// which depend on the processor, too: "infer: warning: --precision: …".
func WithoutWarnings(stderr string) string {
	var left strings.Builder
	for line := range strings.Lines(stderr) {
		if _, after, _ := strings.Cut(line, ": "); !strings.HasPrefix(after, "warning: ") {
			left.WriteString(line)
		}
	}
	return left.String()
}
