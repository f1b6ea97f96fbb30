package tokenize

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// object is a JSON object that preserves the order of its members, which determines the
// ids of added tokens.
type object []member

type member struct {
	name  string
	value json.RawMessage
}

// UnmarshalJSON keeps the last of several members with the same name, as Python does.
func (o *object) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("want an object")
	}
	*o = nil
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		o.set(key.(string), value) // keys are strings
	}
	return nil
}

// get returns a member's value, nil if it is missing or null.
func (o object) get(name string) json.RawMessage {
	for _, m := range o {
		if m.name == name && string(m.value) != "null" {
			return m.value
		}
	}
	return nil
}

func (o object) has(name string) bool {
	return slices.ContainsFunc(o, func(m member) bool { return m.name == name })
}

func (o *object) set(name string, value json.RawMessage) {
	for i, m := range *o {
		if m.name == name {
			(*o)[i].value = value
			return
		}
	}
	*o = append(*o, member{name, value})
}

func (o *object) remove(name string) {
	*o = slices.DeleteFunc(slices.Clone(*o), func(m member) bool { return m.name == name })
}

// kind is the first byte of a JSON value, which determines its type.
func kind(raw json.RawMessage) byte {
	if raw = bytes.TrimSpace(raw); len(raw) > 0 {
		return raw[0]
	}
	return 0
}

// empty reports whether a JSON value is false in Python.
func empty(raw json.RawMessage) bool {
	switch strings.Join(strings.Fields(string(raw)), "") {
	case "", "null", "false", "0", `""`, "[]", "{}":
		return true
	}
	return false
}

// settings are transformers' settings of a tokenizer: from tokenizer_config.json, and
// from special_tokens_map.json.
type settings struct {
	values object
	own    object // the model's own named tokens, such as caller_token
	usual  bool   // BERT's tokens have their usual names
}

// Names of the lists of special tokens, in transformers 5 and in earlier versions.
const (
	extraKey      = "extra_special_tokens"
	additionalKey = "additional_special_tokens"
)

func newSettings(config object, usual bool) settings {
	s := settings{values: slices.Clone(config), usual: usual}
	if s.values.has(additionalKey) && empty(s.values.get(extraKey)) {
		s.values.set(extraKey, s.valueOf(additionalKey))
		s.values.remove(additionalKey)
	}
	for _, m := range config {
		if strings.HasSuffix(m.name, "_token") && !isBERTToken(m.name) && kind(m.value) == '"' {
			s.own.set(m.name, m.value)
			s.values.remove(m.name)
		}
	}
	s.nameExtra()
	return s
}

func (s *settings) valueOf(name string) json.RawMessage {
	if raw := s.values.get(name); raw != nil {
		return raw
	}
	return json.RawMessage("null")
}

// nameExtra moves named extra special tokens to own.
func (s *settings) nameExtra() {
	raw := s.values.get(extraKey)
	if kind(raw) != '{' {
		return
	}
	s.values.remove(extraKey)
	var tokens object
	if json.Unmarshal(raw, &tokens) == nil {
		for _, m := range tokens {
			s.own.set(m.name, m.value)
		}
	}
}

// merge applies special_tokens_map.json.
func (s *settings) merge(special object) error {
	for _, m := range special {
		if m.name == extraKey && kind(m.value) == '[' {
			joined, err := joinLists(s.values.get(extraKey), m.value)
			if err != nil {
				return fmt.Errorf("%s: %w", extraKey, err)
			}
			m.value = joined
		}
		s.values.set(m.name, m.value)
	}
	s.nameExtra()
	return nil
}

// joinLists appends to a list the missing elements of another.
func joinLists(first, second json.RawMessage) (json.RawMessage, error) {
	var list, more []json.RawMessage
	if first != nil {
		if err := json.Unmarshal(first, &list); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(second, &more); err != nil {
		return nil, err
	}
	for _, raw := range more {
		if !slices.ContainsFunc(list, func(other json.RawMessage) bool { return bytes.Equal(other, raw) }) {
			list = append(list, raw)
		}
	}
	return json.Marshal(list)
}

// named lists the named tokens: BERT's, with the usual content by default, and then the
// model's own.
func (s settings) named() ([]AddedToken, error) {
	var list []AddedToken
	for _, t := range bertTokens {
		var token AddedToken
		if !s.values.has(t.name) && s.usual {
			token = Special(t.content)
		}
		if raw := s.values.get(t.name); raw != nil {
			var err error
			if token, err = readToken(raw, true); err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
			if t.content != "" && t.content != MaskToken && token.Content != t.content {
				return nil, fmt.Errorf("%s is %q; only %s is supported", t.name, token.Content, t.content)
			}
		}
		if token.Content != "" {
			list = append(list, token)
		}
	}
	var own object
	for _, m := range s.values {
		if strings.HasSuffix(m.name, "_token") && !isBERTToken(m.name) && (kind(m.value) == '"' || kind(m.value) == '{') {
			own.set(m.name, m.value)
		}
	}
	for _, m := range s.own {
		own.set(m.name, m.value)
	}
	for _, m := range own {
		token, err := readToken(m.value, true)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		list = append(list, token)
	}
	return list, nil
}

// list reads the special tokens without names.
func (s settings) list() ([]AddedToken, error) {
	name := extraKey
	if !s.values.has(extraKey) {
		name = additionalKey
	}
	raw := s.values.get(name)
	if raw == nil {
		return nil, nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var list []AddedToken
	for _, item := range items {
		token, err := readToken(item, true)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, token)
	}
	return list, nil
}

// specialContents are the contents that make an entry of added_tokens.json a special
// token. transformers ignores those that tokenizer_config.json gives as objects.
func (s settings) specialContents(special object) (map[string]bool, error) {
	var tokens, objects []json.RawMessage
	for _, t := range bertTokens {
		tokens = append(tokens, s.values.get(t.name))
		objects = append(objects, special.get(t.name))
	}
	for _, from := range []struct {
		values object
		to     *[]json.RawMessage
	}{{s.values, &tokens}, {special, &objects}} {
		var items []json.RawMessage
		if raw := from.values.get(extraKey); raw != nil {
			if err := json.Unmarshal(raw, &items); err != nil {
				return nil, fmt.Errorf("%s: %w", extraKey, err)
			}
		}
		*from.to = append(*from.to, items...)
	}
	contents := map[string]bool{}
	for _, raw := range tokens {
		if kind(raw) == '{' && !slices.ContainsFunc(objects, func(other json.RawMessage) bool { return bytes.Equal(other, raw) }) || raw == nil {
			continue
		}
		token, err := readToken(raw, true)
		if err != nil {
			return nil, fmt.Errorf("special tokens: %w", err)
		}
		contents[token.Content] = true
	}
	return contents, nil
}
