package heads

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

// Share implements [Head].
func (l *losses) Share(head int, mine, all []int64) float64 {
	return l.count(head, mine) / l.count(head, all)
}

// count adds up what the classes weigh, but those that are ignored, which are
// negative.
func (l *losses) count(head int, classes []int64) float64 {
	weights := l.weights[head]
	var sum float64
	for _, class := range classes {
		switch {
		case class < 0:
		case weights == nil:
			sum++
		default:
			sum += float64(weights[class])
		}
	}
	return sum
}

// shared is the part of a loss that a share of a batch has; 0 stands for all.
func shared(s *torchx.Scope, loss *ts.Tensor, share float64) *ts.Tensor {
	if share == 0 {
		return loss
	}
	return s.Scale(loss, share)
}
