package nn

import "github.com/trident-nlp/trident/internal/weights"

// WeightFile is an open weight file, or several files with an index. backbone.LoadParams
// sets [Params] from it.
type WeightFile = weights.File

// WeightTensor is a tensor in a file.
type WeightTensor = weights.Tensor

// DType is the data type of a [WeightTensor], by its safetensors name: F32, BF16, I64,
// ….
type DType = weights.DType

// OpenWeights opens a safetensors file or a PyTorch state dict, which is read without
// executing its pickle. The caller must close it, which invalidates its tensors.
func OpenWeights(path string) (*WeightFile, error) { return weights.Open(path) }
