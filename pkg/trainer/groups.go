package trainer

import (
	"errors"
	"math"

	"github.com/trident-nlp/trident/internal/torchx"
)

// layered is a [Trainable] that knows which encoder layer each parameter belongs to: 0 means
// the embeddings, layers+1 the heads.
type layered interface {
	Layer(param string) (layer, layers int)
}

// errNoLayers is returned if settings that distinguish layers are used with a model that isn't layered.
var errNoLayers = errors.New("Settings.HeadLearningRate, LayerDecay and Balance: gradient_norm need a model with a method Layer, which returns the layer of a parameter")

// updates are a parameter's learning rate factor and weight decay.
type updates struct{ rate, decay float64 }

// groups returns the model's trainable parameters, grouped by learning rate and weight
// decay. With the default settings there is one group.
func groups(m Trainable, s Settings) ([]torchx.ParamGroup, error) {
	rateOf, err := rates(m, s)
	if err != nil {
		return nil, err
	}
	var list []torchx.ParamGroup
	places := map[updates]int{}
	for _, p := range m.Params().Trainable() {
		u := updates{rateOf(p.Name), s.WeightDecay}
		if s.NoDecayOnVectors && p.Tensor.Dim() == 1 {
			u.decay = 0
		}
		i, found := places[u]
		if !found {
			i = len(list)
			places[u] = i
			list = append(list, torchx.ParamGroup{Rate: u.rate, WeightDecay: u.decay})
		}
		list[i].Params = append(list[i].Params, p)
	}
	return list, nil
}

// rates returns a function that gives each parameter's learning rate as a multiple of the
// step's. The encoder's last layer has the step's rate, each layer below LayerDecay times
// that of the layer above, down to the embeddings (Howard and Ruder 2018; Sun et al. 2019).
func rates(m Trainable, s Settings) (func(param string) float64, error) {
	if s.HeadLearningRate == 0 && s.LayerDecay == 1 {
		return func(string) float64 { return 1 }, nil
	}
	model, ok := m.(layered)
	if !ok {
		return nil, errNoLayers
	}
	heads := 1.0
	if s.HeadLearningRate > 0 {
		heads = s.HeadLearningRate / s.LearningRate
	}
	return func(param string) float64 {
		layer, layers := model.Layer(param)
		if layer > layers {
			return heads
		}
		return math.Pow(s.LayerDecay, float64(layers-layer))
	}, nil
}
