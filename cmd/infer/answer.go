package main

import (
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// answer is what a prediction says of one task, in the same form for the
// built-in tasks and users' own.
type answer struct {
	fusion.Own
	scores fusion.Fields[fusion.Fields[float32]] // of each head: all labels; nil for token tasks and without scores
}

// answerOf finds a task's answer in a prediction.
func answerOf(task tasks.Task, p fusion.Prediction) answer {
	var scores fusion.Scores
	if p.Scores != nil {
		scores = *p.Scores
	}
	switch {
	case isOwn(task):
		return answer{p.Tasks.Get(task.Name), scores.Tasks.Get(task.Name).Heads}
	case task.Kind == tasks.Token:
		return answer{Own: fusion.Own{Tokens: p.NER, Entities: p.Entities}}
	case task.Kind == tasks.MultiClass:
		return answer{fusion.Own{Classes: p.Classification}, scores.Classification}
	}
	return answer{fusion.Own{Flags: labelled(task, p.QA)}, labelled(task, scores.QA)}
}

// isOwn reports whether a task's answer is among [fusion.Prediction.Tasks].
func isOwn(task tasks.Task) bool { return !tasks.BuiltIn(task) }

// labelled puts labels to each head's values, which are in the labels' order.
func labelled[T any](task tasks.Task, heads fusion.Fields[[]T]) fusion.Fields[fusion.Fields[T]] {
	var list fusion.Fields[fusion.Fields[T]]
	for _, head := range task.Heads {
		var values fusion.Fields[T]
		for i, v := range heads.Get(head.Field) {
			values = append(values, fusion.Field[T]{Name: head.Labels[i], Value: v})
		}
		list = append(list, fusion.Field[fusion.Fields[T]]{Name: head.Field, Value: values})
	}
	return list
}

// kindsOf are the labels of a token task's entities.
func kindsOf(task tasks.Task) []string { return task.Heads[0].Kinds() }
