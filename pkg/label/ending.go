package label

import (
	"fmt"

	"github.com/trident-nlp/trident/pkg/fusion"
)

// ending says where long calls end for the model, and what reads all of them.
type ending struct {
	most    int // tokens of a call that are read
	instead string
}

// endingOf returns where a model cuts calls off with these options.
func endingOf(model predictor, o fusion.PredictOptions) (e ending, err error) {
	e.most, err = model.MaxTokens(o)
	e.instead = "--long windows reads all"
	if !model.Windows().On() {
		e.instead = fmt.Sprintf("--overlap %d reads all", min(fusion.DefaultOverlap, model.MaxLength()/2)) // as much as the service allows, too
	}
	return e, err
}
