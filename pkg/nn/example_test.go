package nn_test

import (
	"fmt"

	"github.com/trident-nlp/trident/pkg/nn"
)

// A layer is applied to one row.
func Example() {
	device, err := nn.Device("cpu")
	if err != nil {
		fmt.Println(err)
		return
	}
	params := nn.NewParams(device, true)
	defer params.Drop()
	norm := nn.NewLayerNorm(params, "norm", 2, 1e-5)
	if err := params.Err(); err != nil {
		fmt.Println(err)
		return
	}
	s := nn.Inference(device)
	values := s.ReadFloat32(s.LayerNorm(s.Float32s([]float32{1, 3}, 1, 2), norm))
	if err := s.Close(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n", values)
	// Output: [-1.000 1.000]
}
