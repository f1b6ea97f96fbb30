package backbone

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/nn"
)

// Frozen are the parts of an encoder that training doesn't change. The zero value is none.
type Frozen struct {
	Embeddings bool
	Layers     int64 // the first ones, next to the embeddings
}

// Freeze freezes parts of the encoder whose parameters have that prefix: training computes
// no gradients and keeps no optimizer state for them. Call it before training.
func (c Config) Freeze(p nn.Params, prefix string, f Frozen) error {
	if f.Layers < 0 || f.Layers > c.Layers {
		return fmt.Errorf("freeze %d layers: the encoder has %d", f.Layers, c.Layers)
	}
	return p.Freeze(func(name string) bool {
		layer, layers := c.Layer(name, prefix)
		return layer == 0 && f.Embeddings || layer > 0 && layer <= int(f.Layers) && layer <= layers
	})
}

// Layer returns a parameter's layer and the number of layers of the encoder whose
// parameters have that prefix: 0 is the embeddings, 1 the first layer, layers+1 anything
// outside the encoder.
func (c Config) Layer(param, prefix string) (layer, layers int) {
	layers = int(c.Layers)
	name, within := strings.CutPrefix(param, prefix)
	if !within {
		return layers + 1, layers
	}
	if _, rest, found := strings.Cut(name, "layer."); found {
		digits, _, _ := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(digits); err == nil {
			return n + 1, layers
		}
	}
	return 0, layers
}
