package redact

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// surface is a spelling by which further mentions of an identity are found.
type surface struct {
	runes    []rune // folded
	identity *identity
	label    string
	capital  bool // only where it begins with a capital letter
}

// surfaces are those of a call, by their first word.
type surfaces struct {
	list map[string][]surface
	all  identities
	seen map[string]int // of each spelling, the mentions of the identity that has it
}

// add adds a spelling. Of several identities with the same one, that with the most mentions
// has it; the first of several.
func (s *surfaces) add(text string, id *identity, label string, mentions int, capital bool) {
	first := wordsOf(text)
	if len(first) == 0 || mentions <= s.seen[text] {
		return
	}
	key := string([]rune(text)[:firstWordEnd([]rune(text))])
	s.list[key] = slices.DeleteFunc(s.list[key], func(other surface) bool { return string(other.runes) == text })
	s.list[key] = append(s.list[key], surface{[]rune(text), id, label, capital})
	s.seen[text] = mentions
}

// firstWordEnd returns where the first run of letters or digits ends; characters before it
// are part of it, as in "(020".
func firstWordEnd(text []rune) int {
	i := 0
	for i < len(text) && !isWord(text[i]) {
		i++
	}
	for i < len(text) && isWord(text[i]) {
		i++
	}
	return i
}

// spellings returns by what further mentions of what was found are known: the same words, whole, in any case.
// A name of several words is also found by each of its words that isn't a common one; a
// place also without the locative -ni, or with it.
func spellings(f folded, list []found, all identities) *surfaces {
	s := &surfaces{map[string][]surface{}, all, map[string]int{}}
	for _, one := range list {
		id := one.identity
		text := f.text(one.a, one.b)
		words := wordsOf(text)
		mentions := 1 + id.counts[one.label] // whole spellings win over parts
		switch {
		case allCommon(words) && !f.isUpper(one.a):
			continue
		case id.class == phone || !allCommon(words):
			s.add(text, id, one.label, mentions, false)
		default:
			s.add(text, id, one.label, mentions, true)
		}
		if stem, located := strings.CutSuffix(text, "ni"); located && id.class == place && utf8.RuneCountInString(stem) > 3 {
			s.add(stem, id, one.label, 1, true)
		}
	}
	s.addParts(f, list, all)
	for key := range s.list {
		slices.SortStableFunc(s.list[key], func(x, y surface) int { return cmp.Compare(len(y.runes), len(x.runes)) })
	}
	return s
}

// addParts adds the words of names of several words. A word that is in the names of several
// persons or places belongs to one of its own.
func (s *surfaces) addParts(f folded, list []found, all identities) {
	type part struct {
		id      *identity
		label   string
		capital bool
	}
	parts := map[string]part{}
	var order []string
	for _, one := range list {
		id := one.identity
		if id.class != person && id.class != place {
			continue
		}
		words := wordsOf(f.text(one.a, one.b))
		if len(words) < 2 {
			continue
		}
		cased := f.hasUpper(one.a, one.b)
		capitals := capitalWords(f, one.a, one.b)
		for _, word := range words {
			if common[word] || utf8.RuneCountInString(word) < 3 || cased && !capitals[word] {
				continue
			}
			known, twice := parts[word]
			switch {
			case !twice:
				parts[word] = part{id, one.label, id.class == place}
				order = append(order, word)
			case known.id != id && known.id.name != word:
				parts[word] = part{all.get(known.id.class, word), known.label, known.capital && id.class == place}
			}
		}
	}
	for _, word := range order {
		s.add(word, parts[word].id, parts[word].label, 1, parts[word].capital)
	}
}

// capitalWords returns the words of a range that begin with a capital letter.
func capitalWords(f folded, a, b int) map[string]bool {
	set := map[string]bool{}
	for i := a; i < b; i++ {
		if !isWord(f.runes[i]) || i > a && isWord(f.runes[i-1]) || !f.isUpper(i) {
			continue
		}
		end := i
		for end < b && (isWord(f.runes[end]) || f.runes[end] == '\'') {
			end++
		}
		set[strings.Trim(string(f.runes[i:end]), "'")] = true
	}
	return set
}

// find finds the surfaces in the text, the longest at each place.
func (s *surfaces) find(f folded) []found {
	var list []found
	for i := 0; i < len(f.runes); i++ {
		if f.inWord(i) || !isWord(f.runes[i]) && f.runes[i] != '+' && f.runes[i] != '(' {
			continue
		}
		end := i + firstWordEnd(f.runes[i:])
		keys := []string{string(f.runes[i:end])}
		if stem, located := strings.CutSuffix(keys[0], "ni"); located {
			keys = append(keys, stem)
		}
		longest := 0
		var hit surface
		for _, key := range keys {
			for _, one := range s.list[key] {
				if len(one.runes) > longest && one.isAt(f, i) {
					hit, longest = one, len(one.runes)
				}
			}
		}
		if longest > 0 {
			list = append(list, found{i, i + longest, hit.label, FromRepeat, hit.identity})
			i += longest - 1
		}
	}
	return list
}

// isAt reports whether the surface stands at position i as whole words.
func (s surface) isAt(f folded, i int) bool {
	end := i + len(s.runes)
	if end > len(f.runes) || !slices.Equal(s.runes, f.runes[i:end]) || s.capital && !f.isUpper(i) {
		return false
	}
	return !f.inWord(end) || s.identity.class == place && f.wordEnd(end) == end+2 && string(f.runes[end:end+2]) == "ni"
}
