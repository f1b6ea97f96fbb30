package redact

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// name chooses what each identity is replaced by, in the text's order.
func (r *Redactor) name(f folded, list []found) {
	text := string(f.source)
	words := map[string]bool{}
	if r.mode == Pseudonym {
		for _, word := range wordsOf(string(f.runes)) {
			words[word] = true
		}
	}
	numbers, used := map[string]int{}, map[string]bool{}
	for _, one := range list {
		id := one.identity
		if id.token != "" {
			continue
		}
		id.choose()
		switch r.mode {
		case Mask:
			id.token = "*****"
		case Label:
			for id.token == "" || strings.Contains(text, id.token) { // a text may have been redacted before
				numbers[id.label]++
				id.token = fmt.Sprintf("[%s_%d]", id.label, numbers[id.label])
			}
		case Pseudonym:
			id.token = r.pseudonym(id, words, used)
		default:
			id.token = r.hashed(id)
		}
		used[id.token] = true
	}
}

// hashed returns the label and 48 bits of a keyed hash.
func (r *Redactor) hashed(id *identity) string {
	return "[" + id.label + "_" + hex.EncodeToString(r.digest(id.class, id.name, 0)[:6]) + "]"
}

// attempts is how many pseudonyms are tried before a keyed hash stands in their place.
const attempts = 100

// pseudonym returns an invented name. It has no word of the call, so that it isn't taken for
// somebody who is mentioned, and isn't another identity's. What no name can be invented for
// gets a keyed hash.
func (r *Redactor) pseudonym(id *identity, words, used map[string]bool) string {
	for attempt := range uint32(attempts) {
		name := invented(id, r.digest(id.class, id.name, attempt))
		if name == "" {
			break
		}
		taken := (id.class == person || id.class == place) && anyOf(wordsOf(strings.ToLower(name)), words)
		if !used[name] && !taken {
			return name
		}
	}
	return r.hashed(id)
}

func anyOf(list []string, set map[string]bool) bool {
	for _, word := range list {
		if set[word] && !common[word] {
			return true
		}
	}
	return false
}

// invented returns a name for an identity of that digest; "" if there is none for its class.
// Phone numbers can't be dialled, since no number in Kenya begins with a 0 after the country
// code; addresses are in a domain that is reserved for examples (RFC 2606).
func invented(id *identity, digest []byte) string {
	pick := func(at int, list []string) string {
		return list[binary.BigEndian.Uint32(digest[at:])%uint32(len(list))]
	}
	short := hex.EncodeToString(digest[8:12])
	switch id.class {
	case person:
		if len(wordsOf(id.name)) == 1 {
			return pick(0, firstNames)
		}
		return pick(0, firstNames) + " " + pick(4, lastNames)
	case place:
		name := pick(0, placeBeginnings) + pick(4, placeEndings)
		if id.label == "LANDMARK" {
			name += " Centre"
		}
		return name
	case phone:
		return fmt.Sprintf("+254 000 %06d", binary.BigEndian.Uint32(digest)%1_000_000)
	case EmailLabel:
		return "person-" + short + "@example.org"
	case URLLabel:
		return "https://example.org/" + short
	}
	return ""
}
