package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Speakers are labels of speakers, as they begin the lines of a transcript.
type Speakers []string

// UnmarshalYAML reads a list of texts. In YAML an unquoted Caller: is a key without a value;
// here it is the label.
func (s *Speakers) UnmarshalYAML(node *yaml.Node) error {
	*s = nil
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" {
		return nil
	}
	wrong := errors.New(`want a list of labels, such as ["Counselor:", "Caller:"]`)
	if node.Kind != yaml.SequenceNode {
		return wrong
	}
	for _, element := range node.Content {
		switch {
		case element.Kind == yaml.ScalarNode && element.ShortTag() == "!!str":
			*s = append(*s, element.Value)
		case element.Kind == yaml.MappingNode && len(element.Content) == 2 && element.Content[1].ShortTag() == "!!null" && element.Content[1].Value == "":
			*s = append(*s, element.Content[0].Value+":")
		default:
			return wrong
		}
	}
	return nil
}

// checkSpeakers looks at tokenizer.speaker_tokens.
func (c Config) checkSpeakers(check func(ok bool, key, want string, got any)) {
	for i, label := range c.Tokenizer.SpeakerTokens {
		key := fmt.Sprintf("tokenizer.speaker_tokens[%d]", i+1)
		check(label != "" && label == strings.TrimSpace(label) && !strings.ContainsAny(label, "\r\n"), key, "a label without space around it", fmt.Sprintf("%q", label))
		check(!slices.Contains(c.Tokenizer.SpeakerTokens[:i], label), key, "each label once", label)
	}
	check(len(c.Tokenizer.SpeakerTokens) == 0 || c.Task != TaskPretrain, "tokenizer.speaker_tokens", "none with task: pretrain", c.Tokenizer.SpeakerTokens)
}
