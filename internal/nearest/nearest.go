// Package nearest finds the name that was meant by one that isn't there.
package nearest

import (
	"slices"
	"strings"
)

// Spelling is a name without what is easily written in another way.
func Spelling(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name))
}

// Of is the name that begins with the wrong one and goes on with another word, or else
// the one that it needs the fewest changes to become; "" if those were more than a third
// of it, or if several would do.
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

// Sharing lists the names that have all the words of the wrong one in its order, or none
// but those, where one of two words may be the beginning of the other: max_len and
// max_length, epochs and num_epochs, model_directory and model_dir.
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

// within reports whether all of few are among many, in their order.
func within(few, many []string) bool {
	for _, word := range many {
		if len(few) > 0 && alike(few[0], word) {
			few = few[1:]
		}
	}
	return len(few) == 0
}

// alike reports whether one word is the beginning of the other, of three letters or more.
func alike(a, b string) bool {
	return a == b || min(len(a), len(b)) >= 3 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// edits counts the letters to be put in, left out, replaced or exchanged with the next
// one to make b of a (optimal string alignment).
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
