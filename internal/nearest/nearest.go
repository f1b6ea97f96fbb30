// Package nearest suggests the intended name for an unknown one.
package nearest

import (
	"slices"
	"strings"
)

// Spelling returns a name without common spelling variations.
func Spelling(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name))
}

// Of returns the name that extends the wrong one by further words, or else the one with the
// smallest edit distance; "" if that is more than a third of the wrong one's length, or if
// there are several.
func Of(wrong string, names []string) string {
	var longer []string
	for _, name := range names {
		if len(wrong) > 1 && strings.HasPrefix(name, wrong+"_") && !slices.Contains(longer, name) {
			longer = append(longer, name)
		}
	}
	if len(longer) == 1 {
		return longer[0]
	}
	found, least, twice := "", len(wrong), false
	for _, name := range names {
		distance := edits(Spelling(wrong), Spelling(name))
		if distance < least {
			found, least, twice = name, distance, false
		} else if distance == least && name != found {
			twice = true
		}
	}
	if twice || 3*least > len(wrong) {
		return ""
	}
	return found
}

// Sharing lists the names that contain all the words of the wrong one in order, or are
// contained in it. Words match if one is a prefix of the other: max_len and max_length,
// epochs and num_epochs, model_directory and model_dir.
func Sharing(wrong string, names []string) []string {
	var list []string
	for _, name := range names {
		if !slices.Contains(list, name) && (within(words(wrong), words(name)) || within(words(name), words(wrong))) {
			list = append(list, name)
		}
	}
	return list
}

func words(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '-' || r == ' ' })
}

// within reports whether few is a subsequence of many.
func within(few, many []string) bool {
	for _, word := range many {
		if len(few) > 0 && alike(few[0], word) {
			few = few[1:]
		}
	}
	return len(few) == 0
}

// alike reports whether one word is a prefix of the other, of three letters or more.
func alike(a, b string) bool {
	return a == b || min(len(a), len(b)) >= 3 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// edits returns the edit distance of a and b: insertions, deletions, substitutions and
// transpositions of adjacent letters (optimal string alignment).
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before []int
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		next := make([]int, len(y)+1)
		next[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			next[j+1] = min(row[j+1]+1, next[j]+1, row[j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(y)]
}
