package redact

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// The classes of identities: what is of one class, and has the same name, is the same.
const (
	person = "person"
	place  = "place"
	phone  = "phone"
)

// classOf returns a label's class; labels that aren't built-in are classes of their own.
func classOf(label string) string {
	switch label {
	case "NAME", "VICTIM", "PERPETRATOR", "PERSON", "PER":
		return person
	case "LOCATION", "LANDMARK", "PLACE", "LOC", "GPE":
		return place
	case PhoneLabel:
		return phone
	}
	return label
}

// identity is a person, a place, a number, … of one call, which is replaced by the same
// text wherever it is mentioned.
type identity struct {
	class  string
	name   string // the longest form, folded
	label  string
	token  string
	counts map[string]int // mentions by label
	order  []string       // labels in the order of their first mention
}

func (id *identity) mention(label string) {
	if id.counts[label] == 0 {
		id.order = append(id.order, label)
	}
	id.counts[label]++
}

// choose sets the label: the one of most mentions, the first of several. NAME says least:
// it yields to VICTIM and PERPETRATOR.
func (id *identity) choose() {
	rank := func(label string) int {
		if label == "NAME" {
			return 0
		}
		return id.counts[label]
	}
	id.label = ""
	for _, label := range id.order {
		if id.label == "" || rank(label) > rank(id.label) {
			id.label = label
		}
	}
}

// identities are those of a call.
type identities struct {
	by map[[2]string]*identity // by class and name
}

// nameOf returns the name by which two mentions are the same: without a person's title, and
// of a phone number its national digits.
func nameOf(class, text string) string {
	switch class {
	case phone:
		if digits := digitsOf(text); digits != "" {
			return digits
		}
	case person:
		words := strings.Fields(text)
		for len(words) > 1 && titles[strings.Trim(words[0], ".")] {
			words = words[1:]
		}
		return strings.Join(words, " ")
	}
	return text
}

// countryCodes are those of East Africa.
var countryCodes = []string{"254", "255", "256", "257", "250", "251", "252", "253", "211", "243", "249"}

// digitsOf returns a phone number's digits, with a 0 instead of an East African country
// code; "" if it has none.
func digitsOf(text string) string {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
	digits = strings.TrimPrefix(digits, "00")
	for _, code := range countryCodes {
		if rest, has := strings.CutPrefix(digits, code); has && len(rest) >= 9 {
			return "0" + strings.TrimPrefix(rest, "0")
		}
	}
	return digits
}

// identify gives each range its identity.
//
//   - The same name, up to case, accents, title and possessive, is the same.
//   - A person's name that is part of exactly one longer name of the call is that person: a
//     first name alone. If it is part of several, it is a person of its own.
//   - A place with the locative -ni (Kisumuni) is the place without it, if the call has that
//     as well; the ending is then left in the text.
func identify(f folded, list []found) identities {
	all := identities{map[[2]string]*identity{}}
	names := make([]string, len(list))
	var persons []string
	places := map[string]bool{}
	for i, one := range list {
		class := classOf(one.label)
		names[i] = nameOf(class, f.text(one.a, one.b))
		switch class {
		case person:
			persons = append(persons, names[i])
		case place:
			places[names[i]] = true
		}
	}
	longer := longerNames(persons)
	for i := range list {
		one, class := &list[i], classOf(list[i].label)
		name := names[i]
		switch class {
		case person:
			name = longer[name]
		case place:
			if stem, located := strings.CutSuffix(name, "ni"); located && places[stem] {
				name = stem
				one.b -= len("ni")
			}
		}
		one.identity = all.get(class, name)
		one.identity.mention(one.label)
	}
	return all
}

func (all identities) get(class, name string) *identity {
	key := [2]string{class, name}
	if all.by[key] == nil {
		all.by[key] = &identity{class: class, name: name, counts: map[string]int{}}
	}
	return all.by[key]
}

// longerNames returns, for each name, the name of the same person that is longest.
func longerNames(names []string) map[string]string {
	longest := map[string]string{}
	words := map[string][]string{}
	for _, name := range names {
		words[name] = wordsOf(name)
	}
	names = slices.SortedFunc(maps.Keys(words), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(words[y]), len(words[x])), cmp.Compare(x, y))
	})
	with := map[string][]string{} // names by each of their words, the longest first
	for _, name := range names {
		longest[name] = name
		var of []string
		for _, word := range words[name][:min(1, len(words[name]))] {
			for _, other := range with[word] {
				if len(words[other]) <= len(words[name]) {
					break
				}
				if root := longest[other]; isPart(words[name], words[other]) && !slices.Contains(of, root) {
					of = append(of, root)
				}
			}
		}
		if len(of) == 1 {
			longest[name] = of[0]
		}
		for _, word := range words[name] {
			with[word] = append(with[word], name)
		}
	}
	return longest
}

// isPart reports whether words stand, one after the other, in a longer list. Common words
// alone are no part of a name.
func isPart(words, list []string) bool {
	if len(words) == 0 || len(words) >= len(list) || allCommon(words) {
		return false
	}
	for i := range len(list) - len(words) + 1 {
		if slices.Equal(words, list[i:i+len(words)]) {
			return true
		}
	}
	return false
}
