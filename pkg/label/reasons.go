package label

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/triage"
)

// reasons returns lines that say why a call is where it is in the queue.
func (t *textWriter) reasons(r *triage.Review) string {
	lines := fmt.Sprintf("Check it: cost %.2f", r.Cost)
	for _, reason := range r.Reasons {
		lines += "\n  " + describeReason(reason)
	}
	return t.paint(bold, lines) + "\n"
}

// describeReason returns a reason such as "Priority: 1 (critical), probability 0.83, cost 8.60".
func describeReason(r triage.Reason) string {
	what := labelOf(r.Head, r.Label)
	if r.Kind == triage.Urgency {
		return fmt.Sprintf("%s, probability %.2f, cost %.2f", what, r.Probability, r.Cost)
	}
	if r.Head == "" {
		what = "Entities of " + r.Task
	}
	return fmt.Sprintf("%s, right with probability %.2f, cost %.2f", what, r.Probability, r.Cost)
}

// queueColumns are a queue's columns after the others.
func queueColumns() []string { return []string{"call", "review cost", "review reasons"} }

func queueCells(number int, r *triage.Review) []string {
	if r == nil {
		return []string{strconv.Itoa(number), "", ""}
	}
	reasons := make([]string, len(r.Reasons))
	for i, reason := range r.Reasons {
		reasons[i] = describeReason(reason)
	}
	return []string{strconv.Itoa(number), strconv.FormatFloat(r.Cost, 'f', 4, 64), strings.Join(reasons, "; ")}
}

// warning describes a warning in a sentence.
func warning(w fusion.Warning) string {
	if w.Kind == fusion.UnknownWords {
		return fmt.Sprintf("(%.0f %% of the words aren't in the model's vocabulary.)", 100*w.Share)
	}
	return fmt.Sprintf("(The call has %d tokens, more than the %d of the longest that the model learnt from.)", w.Tokens, w.Longest)
}

// suspicion describes one in a line.
func suspicion(s fusion.Suspicion) string {
	return fmt.Sprintf("Suspected: %s, probability %.2f (the threshold for a recall of %g is %.2f)", labelOf(s.Head, s.Label), s.Probability, s.Recall, s.Threshold)
}

// labelOf returns a label with its head, such as "Priority: 1 (critical)".
func labelOf(head, label string) string {
	text := title(head) + ": " + oneLine(label)
	if word := triage.Meaning(label); word != "" && word != label && head == "priority" {
		text += " (" + word + ")"
	}
	return text
}
