package distill

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Ensemble are models that teach the same task together: their logits are averaged. It may
// have a single member.
type Ensemble []*Teacher

// OpenAll opens the model directories of a task's teacher; see [Open].
func OpenAll(dirs []string, task tasks.Task, device gotch.Device) (Ensemble, error) {
	if len(dirs) == 0 {
		return nil, fmt.Errorf("teacher of %s: it has no model", task.Name)
	}
	var all Ensemble
	for _, dir := range dirs {
		member, err := Open(dir, task, device)
		if err != nil {
			all.Drop()
			return nil, err
		}
		all = append(all, member)
	}
	return all, nil
}

// Drop frees the models.
func (e Ensemble) Drop() {
	for _, member := range e {
		member.Drop()
	}
}

// Targets asks the members for the logits of all records of a data file, as
// [Teacher.Logits] does, and averages them. The second result reports whether all were
// cached. progress, which may be nil, counts the texts of all members.
func (e Ensemble) Targets(ctx context.Context, records datasets.Records, dir string, progress func(done, total int)) (Targets, bool, error) {
	return e.ask(progress, func(t *Teacher, progress func(done, total int)) ([]fusion.Logits, bool, error) {
		return t.Logits(ctx, records, dir, progress)
	})
}

// TextTargets is [Ensemble.Targets] for texts that aren't a data file's records.
func (e Ensemble) TextTargets(ctx context.Context, texts []datasets.Transcript, dir string, progress func(done, total int)) (Targets, bool, error) {
	return e.ask(progress, func(t *Teacher, progress func(done, total int)) ([]fusion.Logits, bool, error) {
		return t.TextLogits(ctx, texts, dir, progress)
	})
}

func (e Ensemble) ask(progress func(done, total int), logits func(*Teacher, func(done, total int)) ([]fusion.Logits, bool, error)) (Targets, bool, error) {
	var all []Targets
	allCached := true
	for i, member := range e {
		var ofMember func(done, total int)
		if progress != nil {
			ofMember = func(done, total int) { progress(i*total+done, len(e)*total) }
		}
		said, cached, err := logits(member, ofMember)
		if err != nil {
			return Targets{}, false, err
		}
		allCached = allCached && cached
		all = append(all, member.Targets(said))
	}
	mean, err := Average(all...)
	return mean, allCached, err
}

// Average returns the mean of the logits of several teachers of the same task and texts,
// each in the order of the student's labels. The softmax of mean logits is the normalised
// geometric mean of the teachers' probabilities. Of a token task only words that all
// teachers read have targets; words are matched by their positions.
func Average(all ...Targets) (Targets, error) {
	switch {
	case len(all) == 0:
		return Targets{}, errors.New("average teachers: there is none")
	case len(all) == 1:
		return all[0], nil
	}
	mean := Targets{task: all[0].task, logits: make([]fusion.Logits, len(all[0].logits))}
	for _, t := range all[1:] {
		if len(t.logits) != len(mean.logits) || t.task.Name != mean.task.Name || len(t.task.Heads) != len(mean.task.Heads) {
			return Targets{}, fmt.Errorf("average teachers: one speaks of %d texts for task %s, another of %d for %s", len(mean.logits), mean.task.Name, len(t.logits), t.task.Name)
		}
	}
	said := make([]fusion.Logits, len(all))
	for i := range mean.logits {
		for j, t := range all {
			said[j] = t.logits[i]
		}
		if mean.task.PerToken() {
			said = sharedWords(said, len(mean.task.Heads[0].Labels))
		}
		mean.logits[i] = fusion.Logits{Words: said[0].Words}
		for h := range said[0].Values {
			values := make([]float32, len(said[0].Values[h]))
			for k := range values {
				var sum float64
				for _, s := range said {
					sum += float64(s.Values[h][k])
				}
				values[k] = float32(sum / float64(len(said)))
			}
			mean.logits[i].Values = append(mean.logits[i].Values, values)
		}
	}
	return mean, nil
}

// sharedWords restricts the logits of a text to the words that are in all of them, in the
// order of the first. A word has width logits.
func sharedWords(said []fusion.Logits, width int) []fusion.Logits {
	same := true
	for _, s := range said[1:] {
		same = same && slices.Equal(s.Words, said[0].Words)
	}
	if same {
		return said
	}
	count := map[tokenize.Span]int{}
	for _, s := range said {
		for _, span := range s.Words {
			count[span]++
		}
	}
	list := make([]fusion.Logits, len(said))
	for j, s := range said {
		row := map[tokenize.Span]int{}
		for i, span := range s.Words {
			row[span] = i
		}
		list[j].Values = make([][]float32, 1)
		for _, span := range said[0].Words {
			if at := row[span]; count[span] == len(said) {
				list[j].Words = append(list[j].Words, span)
				list[j].Values[0] = append(list[j].Values[0], s.Values[0][at*width:(at+1)*width]...)
			}
		}
	}
	return list
}
