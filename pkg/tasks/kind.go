package tasks

// Kind is the kind of a task's labels.
type Kind string

// The kinds of tasks.
const (
	Token      Kind = "token"      // one class per word; cross-entropy
	MultiClass Kind = "multiclass" // one class per head; cross-entropy
	MultiLabel Kind = "multilabel" // independent yes/no outputs per head; binary cross-entropy

	// MaskedLM is an encoder's own training: which token of the vocabulary stood at each
	// masked place. No model of tasks has it, nor has a user's task.
	MaskedLM Kind = "masked_lm"
)

// Known reports whether k is one of the kinds.
func (k Kind) Known() bool { return k.Layout() != Layout{} }

// Layout is the layout of labels in records, batches and logits for a kind of task. Code
// that only depends on it should use the layout instead of the kind, so that it works
// for further kinds too.
type Layout struct {
	PerToken bool   // one label per token; otherwise per text
	YesNo    bool   // a head has a yes/no output for each label; otherwise it chooses one label
	Ignore   int    // class or yes/no value for missing labels
	Counted  string // what labels are counted in, for messages
}

// Layout returns the layout of the kind; the zero Layout if it is unknown.
func (k Kind) Layout() Layout {
	switch k {
	case Token:
		return Layout{PerToken: true, Ignore: IgnoreToken, Counted: "words"}
	case MaskedLM:
		return Layout{PerToken: true, Ignore: IgnoreToken, Counted: "masked tokens"}
	case MultiClass:
		return Layout{Ignore: IgnoreClass, Counted: "records"}
	case MultiLabel:
		return Layout{YesNo: true, Ignore: IgnoreClass, Counted: "records with yes"}
	}
	return Layout{}
}

// Outputs returns the number of a head's logits for an example: [tokens·labels] or
// [labels].
func (l Layout) Outputs(labels, tokens int) int {
	if l.PerToken {
		return tokens * labels
	}
	return labels
}

// Targets returns the number of a head's targets for an example: a class per token, a
// yes/no value per label, or one class.
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

// Columns returns the columns for a head in a table with one row per text: the head's
// field, or FIELD: LABEL for each yes/no output.
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

// PerToken reports whether the task labels tokens; otherwise it labels texts.
func (t Task) PerToken() bool { return t.Kind.Layout().PerToken }

// YesNo reports whether the task's heads have a yes/no output for each label; otherwise
// they choose one.
func (t Task) YesNo() bool { return t.Kind.Layout().YesNo }
