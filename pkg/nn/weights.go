package nn

import "github.com/trident-nlp/trident/internal/weights"

// WeightFile is an opened file of weights, or several that an index joins.
// backbone.LoadParams sets [Params] from it.
type WeightFile = weights.File

// WeightTensor is a tensor as it lies in a file.
type WeightTensor = weights.Tensor

// DType is the type of a [WeightTensor]'s numbers, by safetensors' name: F32, BF16, I64, ….
type DType = weights.DType

// OpenWeights opens a file in safetensors' format or a state dict of PyTorch's, which is
// read without running its pickle. The caller closes it; tensors that were taken from it
// can't be used after that.
func OpenWeights(path string) (*WeightFile, error) { return weights.Open(path) }
