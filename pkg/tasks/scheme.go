package tasks

import (
	"fmt"
	"slices"
	"strings"
)

// Scheme says how the labels of neighbouring words become entities. The zero
// value is that of plain labels: neighbours of the same label are one entity.
//
// Other labels are tags, a letter in front of the entity's name: B-NAME begins
// an entity, I-NAME goes on with it (BIO, IOB1), L-NAME or E-NAME ends it, and
// U-NAME or S-NAME is one of a single word (BILOU, BIOES).
type Scheme struct {
	letters string // that are tags' where a hyphen and a name follow
}

// Span is an entity of the words [Start, End).
type Span struct {
	Start, End int
	Label      string // the entity's name, without a tag's letter
}

// SchemeOf tells by a token head's labels which scheme they follow. They are tags
// if some name has B- and also I-, L- or E-, or if all labels begin with B- or I-,
// but for [OutsideLabel] and those that mark special tokens. A label such as B-vitamin
// among plain ones is plain. Among tags B- and I- are letters of all names; L-, U-, E-
// and S- are if some name that has B- or I- has them too. A label without such a letter
// is a plain one.
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

// marksSpecialToken reports whether a label is one that trainers give to tokens that
// are no words, such as [CLS], or to the rest of a word.
func marksSpecialToken(label string) bool {
	switch strings.ToUpper(strings.Trim(label, "[]<>")) {
	case "PAD", "CLS", "SEP", "UNK", "MASK", "X", "IGNORE":
		return true
	}
	return false
}

// Plain reports whether labels are entities' names as they stand.
func (s Scheme) Plain() bool { return s.letters == "" }

// cut returns a tag's letter, I for a plain label, and its entity's name.
func (s Scheme) cut(label string) (letter byte, name string) {
	if len(label) > 2 && label[1] == '-' && strings.IndexByte(s.letters, label[0]) >= 0 {
		return label[0], label[2:]
	}
	return 'I', label
}

// Name is what an entity of that label is called; [OutsideLabel] is itself.
func (s Scheme) Name(label string) string {
	_, name := s.cut(label)
	return name
}

// Names lists what labels are called, each once, in their order, [OutsideLabel]
// among them. Of plain labels it is the labels.
func (s Scheme) Names(labels []string) []string {
	var names []string
	for _, label := range labels {
		if name := s.Name(label); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Spans joins the labels of a text's words to entities, in their order. An
// entity begins with B-, U- or S-, after O, after another name, and after L-, E-,
// U- or S-. So malformed tags lose nothing: I- or L- without B- begins an
// entity. That is the rule of transformers' pipeline for B- and I-, and seqeval's
// for all.
func (s Scheme) Spans(words []string) []Span {
	var spans []Span
	var last byte // letter of the word before, 0 for O
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

// CheckNames refuses tags as labels of spans, which are to be learnt: a span is a
// whole entity, so its label is the entity's name.
func CheckNames(labels []string) error {
	s := SchemeOf(labels)
	if s.Plain() {
		return nil
	}
	i := slices.IndexFunc(labels, func(label string) bool { return s.Name(label) != label })
	return fmt.Errorf("label %q is the tag of a word, with a letter for its place in the entity; a span is the whole entity, so call it %q (and join spans that were cut by tags)",
		labels[i], s.Name(labels[i]))
}

// Kinds lists the names of a token head's entities, in the order of its labels.
func (h Head) Kinds() []string {
	names := SchemeOf(h.Labels).Names(h.Labels)
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == OutsideLabel })
}

// TrueLabels are the labels that the truth of a token head has, which is given as
// spans: its own if they are plain; otherwise [OutsideLabel], and of each kind
// B- and I-, for the first word of a span and the others.
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
