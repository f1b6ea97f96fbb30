package trainer

import (
	"errors"
	"math"

	"github.com/trident-nlp/trident/internal/torchx"
)

// layered is a [Trainable] whose parameters belong to layers of an encoder: 0 is the
// embeddings, layers+1 the heads.
type layered interface {
	Layer(param string) (layer, layers int)
}

// errNoLayers is returned for a model whose parameters have no layers.
var errNoLayers = errors.New("Settings.HeadLearningRate and LayerDecay need a model that says which layer a parameter is in, by a method Layer")

// updates are the update rules of a parameter.
type updates struct{ rate, decay float64 }

// paramGroups groups the model's trainable parameters by update rule. With the default
// settings there is one group.
func paramGroups(m Trainable, s Settings) ([]torchx.ParamGroup, error) {
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

// rates returns a function from a parameter to the factor of its learning rate. The
// encoder's last layer has factor 1, each one below LayerDecay times that of the next one,
// down to the embeddings (Howard and Ruder 2018; Sun et al. 2019).
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
