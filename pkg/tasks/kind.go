package tasks

// Kind is what a task's heads say, and of what.
type Kind string

// The kinds of tasks.
const (
	Token      Kind = "token"      // one class for each word; cross-entropy
	MultiClass Kind = "multiclass" // one class for each head; cross-entropy
	MultiLabel Kind = "multilabel" // independent yes/no outputs for each head; binary cross-entropy
)

// Known reports whether k is one of the kinds.
func (k Kind) Known() bool { return k.Layout() != Layout{} }

// Layout is how the labels of a kind of task lie in records, batches and logits. What
// follows from it asks for the layout, not for the kind, so that it holds for further
// kinds as well.
type Layout struct {
	PerToken bool   // there are labels for each token; otherwise for each text
	YesNo    bool   // a head says yes or no to each of its labels; otherwise it chooses one
	Ignore   int    // the class, or the yes/no value, of what isn't labelled
	Counted  string // what is counted where labels are, for people
}

// Layout is that of the kind; the zero Layout if k is none.
func (k Kind) Layout() Layout {
	switch k {
	case Token:
		return Layout{PerToken: true, Ignore: IgnoreToken, Counted: "words"}
	case MultiClass:
		return Layout{Ignore: IgnoreClass, Counted: "records"}
	case MultiLabel:
		return Layout{YesNo: true, Ignore: IgnoreClass, Counted: "records with yes"}
	}
	return Layout{}
}

// Outputs is how many logits a head with so many labels has for an example of so many
// tokens: [tokens·labels] or [labels].
func (l Layout) Outputs(labels, tokens int) int {
	if l.PerToken {
		return tokens * labels
	}
	return labels
}

// Targets is how many targets that example has: a class for each token, a yes/no value for
// each label, or one class.
func (l Layout) Targets(labels, tokens int) int {
	targets := 1
	if l.YesNo {
		targets = labels
	}
	if l.PerToken {
		targets *= tokens
	}
	return targets
}

// Columns are those of a table in which a row is a text, for a head of a task whose labels
// are of texts: the head's field, or FIELD: LABEL for each yes/no output.
func (l Layout) Columns(head Head) []string {
	if !l.YesNo {
		return []string{head.Field}
	}
	columns := make([]string, len(head.Labels))
	for i, label := range head.Labels {
		columns[i] = head.Field + ": " + label
	}
	return columns
}

// PerToken reports whether the task's labels are of tokens; otherwise they are of texts.
func (t Task) PerToken() bool { return t.Kind.Layout().PerToken }

// YesNo reports whether the task's heads say yes or no to each of their labels; otherwise
// they choose one.
func (t Task) YesNo() bool { return t.Kind.Layout().YesNo }
