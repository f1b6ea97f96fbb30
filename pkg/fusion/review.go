package fusion

import (
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/triage"
)

// priorityField is the head of case classification with a call's priority.
const priorityField = "priority"

// assess adds a task's answers to what a review is made of.
func assess(call *triage.Call, task tasks.Task, own CustomAnswer, scores CustomScores) {
	switch task.Kind {
	case tasks.Token:
		if wrong, any := wrongWords(task, own, scores); any {
			call.Answers = append(call.Answers, triage.Answer{Task: task.Name, Wrong: wrong})
		}
	case tasks.MultiClass:
		for _, class := range own.Classes {
			labels := scores.Heads.Get(class.Name)
			p := float64(labels.Get(class.Value))
			call.Answers = append(call.Answers, triage.Answer{Task: task.Name, Head: class.Name, Label: class.Value, Wrong: max(0, 1-p)})
			if task.Name == tasks.CLSName && class.Name == priorityField {
				call.Priority = priorityOf(task.Name, labels)
			}
		}
	case tasks.MultiLabel:
		for _, head := range own.Flags {
			labels := scores.Heads.Get(head.Name)
			for i, flag := range head.Value {
				wrong := float64(labels[i].Value)
				if flag.Value == 1 {
					wrong = 1 - wrong
				}
				call.Answers = append(call.Answers, triage.Answer{Task: task.Name, Head: head.Name, Label: flag.Name, Wrong: wrong})
			}
		}
	}
}

func priorityOf(task string, labels Fields[float32]) *triage.Priority {
	p := &triage.Priority{Task: task, Head: priorityField}
	for _, label := range labels {
		p.Labels, p.Probabilities = append(p.Labels, label.Name), append(p.Probabilities, float64(label.Value))
	}
	return p
}

// wrongWords returns the expected number of words with a wrong label, relative to the
// expected number of words in entities (at least one); at most 1. any is false if there is
// no word.
func wrongWords(task tasks.Task, own CustomAnswer, scores CustomScores) (share float64, any bool) {
	scheme := tasks.SchemeOf(task.Heads[0].Labels)
	names := entityNames(scheme, scores.Tokens)
	var wrong, inside float64
	for i, token := range own.Tokens {
		wrong += 1 - ofName(scores.Tokens[i], names, scheme.Name(token.Label))
		inside += 1 - ofName(scores.Tokens[i], names, tasks.OutsideLabel)
	}
	return min(wrong/max(inside, 1), 1), len(own.Tokens) > 0
}
