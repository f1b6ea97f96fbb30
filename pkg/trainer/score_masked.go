package trainer

import (
	"math"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// maskedScorer: of the masked places of all batches, at how many the token was found, and
// the perplexity, the exponential of their mean loss.
type maskedScorer struct {
	task          string
	places, right int
	loss          float64 // sum over the places
	lossPlaces    int     // of which there are losses
}

func (s *maskedScorer) add(_ datasets.Batch, part datasets.Part, predicted [][]int) {
	for i, token := range part.Targets[0].Classes {
		if token < 0 {
			continue
		}
		s.places++
		if int(token) == predicted[0][i] {
			s.right++
		}
	}
}

// addLoss adds a batch's mean loss over its places.
func (s *maskedScorer) addLoss(mean float64, places int) {
	s.loss += mean * float64(places)
	s.lossPlaces += places
}

func (s *maskedScorer) scores() Scores {
	accuracy := float64(s.right) / float64(max(1, s.places))
	report := []Figure{{"masked_accuracy", accuracy}}
	if s.lossPlaces > 0 {
		report = append(report, Figure{perplexity, math.Exp(s.loss / float64(s.lossPlaces))})
	}
	return Scores{Task: s.task, Name: s.task + "_acc", Value: accuracy, Report: report}
}

// perplexity is the name of that figure.
const perplexity = "perplexity"
