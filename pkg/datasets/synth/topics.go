package synth

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// topic is a topic of calls: one sub-category and its descriptions.
type topic struct {
	name      string
	theme     theme
	incidents []string // noun phrases that name it
	problems  []string // sentences (templates) that describe it
	by        []string // possible offenders (keys of kin); none if nobody is to blame
	ages      [2]int   // of the child
	girl      bool     // only concerns girls
}

// noun returns a noun phrase for the problem: one of incidents or, with probability formal,
// the category's own name in small letters.
func (t topic) noun(r *rand.Rand, formal float64) string {
	if chance(r, formal) && !unsayable[t.name] && !strings.ContainsAny(t.name, "&()") {
		return strings.ToLower(t.name)
	}
	return pick(r, t.incidents)
}

// unsayable are names of categories that aren't noun phrases or not written small.
var unsayable = map[string]bool{
	"Other": true, "Info on Helpline": true, "No Care Giver": true, "Child in Conflict with the Law": true,
	"OCSEA": true, "HIV/AIDS": true, "Stagnation": true,
}

// theme groups topics that are described and handled in the same way.
type theme string

const (
	school   theme = "school"
	home     theme = "home"
	law      theme = "law"
	health   theme = "health"
	mind     theme = "mind"
	care     theme = "care"
	ability  theme = "ability"
	violence theme = "violence"
	marriage theme = "marriage"
	food     theme = "food"
	question theme = "question"
	street   theme = "street"
)

// topics are the 77 sub-categories, most frequent first.
var topics = ranked(slices.Concat(
	adviceTopics, custodyTopics, disabilityTopics, violenceTopics, questionTopics, nutritionTopics, otherTopics))

// ranked distributes the groups over the ranks of frequency, so that no main category
// only has rare topics. The order is deterministic.
func ranked(list []topic) []topic {
	const stride = 29 // coprime with 77
	out := make([]topic, len(list))
	for i := range list {
		out[i] = list[i*stride%len(list)]
	}
	return out
}

// topicWeights decrease by Zipf's law, flattened by zipfShift.
var topicWeights = func() []float64 {
	weights := make([]float64, len(topics))
	for rank := range weights {
		weights[rank] = 1 / (float64(rank) + zipfShift)
	}
	return weights
}()
