package synth

import "slices"

// topic is what a call can be about: one sub-category and how people speak of it.
type topic struct {
	name      string
	theme     theme
	incidents []string // noun phrases that name it
	problems  []string // sentences (templates) that describe it
	by        []string // who does it (keys of kin); none where nobody is to blame
	ages      [2]int   // of the child
	girl      bool     // concerns girls alone
}

// theme groups the topics that are spoken of alike and handled alike.
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

// topics are the 77 sub-categories, the most frequent first.
var topics = ranked(slices.Concat(
	adviceTopics, custodyTopics, disabilityTopics, violenceTopics, questionTopics, nutritionTopics, otherTopics))

// ranked spreads the groups over the ranks of frequency, so that no main
// category is made of rare ones alone. The order depends on nothing else.
func ranked(list []topic) []topic {
	const stride = 29 // coprime with 77
	out := make([]topic, len(list))
	for i := range list {
		out[i] = list[i*stride%len(list)]
	}
	return out
}

// topicWeights falls like Zipf's law, flattened by zipfShift.
var topicWeights = func() []float64 {
	weights := make([]float64, len(topics))
	for rank := range weights {
		weights[rank] = 1 / (float64(rank) + zipfShift)
	}
	return weights
}()
