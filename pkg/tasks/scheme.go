package tasks

import (
	"fmt"
	"slices"
	"strings"
)

// Scheme is how labels of adjacent words are joined into entities. The zero value is for
// plain labels: adjacent words with the same label are one entity.
//
// Other labels are tags, a letter and the entity's name: B-NAME begins an entity, I-NAME
// continues it (BIO, IOB1), L-NAME or E-NAME ends it, and U-NAME or S-NAME is an entity
// of a single word (BILOU, BIOES).
type Scheme struct {
	letters string // the letters that are tags if followed by a hyphen and a name
}

// Span is an entity of the words [Start, End).
type Span struct {
	Start, End int
	Label      string // the entity's name, without the tag's letter
}

// SchemeOf determines the scheme of a token head's labels. They are tags if some name
// has B- and also I-, L- or E-, or if all labels begin with B- or I-, except
// [OutsideLabel] and labels of special tokens. A label such as B-vitamin among plain
// ones is plain. Among tags, B- and I- are letters for all names; L-, U-, E- and S- are
// if some name with B- or I- has them too. Labels without such a letter are plain.
func SchemeOf(labels []string) Scheme {
	has := func(letter, name string) bool { return slices.Contains(labels, letter+"-"+name) }
	tags, others := 0, 0
	paired := false
	for _, label := range labels {
		letter, name, _ := strings.Cut(label, "-")
		switch {
		case label == OutsideLabel || marksSpecialToken(label):
		case name != "" && (letter == "B" || letter == "I"):
			tags++
			paired = paired || letter == "B" && (has("I", name) || has("L", name) || has("E", name))
		default:
			others++
		}
	}
	var s Scheme
	if !paired && (tags == 0 || others > 0) {
		return s
	}
	s.letters = "BI"
	for _, letter := range []string{"L", "U", "E", "S"} {
		if slices.ContainsFunc(labels, func(label string) bool {
			name, found := strings.CutPrefix(label, letter+"-")
			return found && name != "" && (has("B", name) || has("I", name))
		}) {
			s.letters += letter
		}
	}
	return s
}

// AnyTags is the scheme of files that are known to hold tags, of BIO, IOB1, BILOU, BIOES or
// BMES: any of their letters is a tag's. A label without one is plain.
func AnyTags() Scheme { return Scheme{letters: "BILUESM"} }

// marksSpecialToken reports whether a label is one that trainers assign to tokens that
// aren't words, such as [CLS], or to the rest of a word.
func marksSpecialToken(label string) bool {
	switch strings.ToUpper(strings.Trim(label, "[]<>")) {
	case "PAD", "CLS", "SEP", "UNK", "MASK", "X", "IGNORE":
		return true
	}
	return false
}

// Plain reports whether labels are the entities' names.
func (s Scheme) Plain() bool { return s.letters == "" }

// cut returns a tag's letter, I for a plain label, and the entity's name.
func (s Scheme) cut(label string) (letter byte, name string) {
	if len(label) > 2 && label[1] == '-' && strings.IndexByte(s.letters, label[0]) >= 0 {
		return label[0], label[2:]
	}
	return 'I', label
}

// Name returns the name of entities with that label; [OutsideLabel] is unchanged.
func (s Scheme) Name(label string) string {
	_, name := s.cut(label)
	return name
}

// Names returns the distinct names of labels, in order, including [OutsideLabel]. Plain
// labels are unchanged.
func (s Scheme) Names(labels []string) []string {
	var names []string
	for _, label := range labels {
		if name := s.Name(label); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Spans joins the labels of a text's words into entities, in order. An entity begins
// with B-, U- or S-, after O, after another name, and after L-, E-, U- or S-. So
// malformed tags aren't lost: I- or L- without B- begins an entity. This is the rule of
// transformers' pipeline for B- and I-, and seqeval's for all.
func (s Scheme) Spans(words []string) []Span {
	var spans []Span
	var last byte // letter of the previous word, 0 for O
	for i, label := range words {
		if label == OutsideLabel {
			last = 0
			continue
		}
		letter, name := s.cut(label)
		switch {
		case last == 0, strings.IndexByte("BUS", letter) >= 0, strings.IndexByte("LEUS", last) >= 0, spans[len(spans)-1].Label != name:
			spans = append(spans, Span{i, i + 1, name})
		default:
			spans[len(spans)-1].End = i + 1
		}
		last = letter
	}
	return spans
}

// CheckNames refuses tags as labels of spans in training data: a span is a whole entity,
// so its label is the entity's name.
func CheckNames(labels []string) error {
	s := SchemeOf(labels)
	if s.Plain() {
		return nil
	}
	i := slices.IndexFunc(labels, func(label string) bool { return s.Name(label) != label })
	return fmt.Errorf("label %q is the tag of a word, with a letter for its place in the entity; a span is the whole entity, so call it %q (and join spans that were cut by tags)",
		labels[i], s.Name(labels[i]))
}

// Kinds returns the names of a token head's entities, in the order of its labels.
func (h Head) Kinds() []string {
	names := SchemeOf(h.Labels).Names(h.Labels)
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == OutsideLabel })
}

// TrueLabels are the labels for the truth of a token head, which is given as spans: its
// own if they are plain; otherwise [OutsideLabel], and for each name B- and I-, for the
// first word of a span and the others.
func (h Head) TrueLabels() []string {
	if SchemeOf(h.Labels).Plain() {
		return h.Labels
	}
	labels := []string{OutsideLabel}
	for _, kind := range h.Kinds() {
		labels = append(labels, "B-"+kind, "I-"+kind)
	}
	return labels
}
