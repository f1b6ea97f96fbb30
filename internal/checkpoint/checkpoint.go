// Package checkpoint copies parameters between libtorch and files of weights.
package checkpoint

import (
	"errors"
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
)

// Tensors copies parameters out of libtorch, as float32.
func Tensors(params []torchx.Param) ([]weights.Tensor, error) {
	list := make([]weights.Tensor, len(params))
	for i, p := range params {
		shape, err := p.Tensor.Size()
		if err != nil {
			return nil, fmt.Errorf("read parameter %s: %w", p.Name, err)
		}
		data, err := torchx.Bytes(p.Tensor)
		if err != nil {
			return nil, fmt.Errorf("read parameter %s: %w", p.Name, err)
		}
		list[i] = weights.Tensor{Name: p.Name, DType: weights.F32, Shape: shape, Data: data}
	}
	return list, nil
}

// Set overwrites a parameter with a tensor of the same shape and of any type. If any
// number isn't finite, the error is [ErrNotFinite].
func Set(p torchx.Param, tensor weights.Tensor) error {
	shape, err := p.Tensor.Size()
	if err != nil {
		return fmt.Errorf("set parameter %s: %w", p.Name, err)
	}
	if !slices.Equal(shape, tensor.Shape) {
		return fmt.Errorf("tensor %s: shape %v, want %v", tensor.Name, tensor.Shape, shape)
	}
	dtype, err := torchx.DType(string(tensor.DType))
	if err != nil {
		return fmt.Errorf("tensor %s: %w", tensor.Name, err)
	}
	if err := Finite([]weights.Tensor{tensor}); err != nil {
		return fmt.Errorf("tensor %w", err)
	}
	if err := torchx.SetBytes(p.Tensor, tensor.Data, dtype, shape); err != nil {
		return fmt.Errorf("set parameter %s: %w", p.Name, err)
	}
	return nil
}

// Read sets every parameter from the tensor of its name in the file at path.
func Read(path string, params []torchx.Param) (err error) {
	file, err := weights.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for _, p := range params {
		tensor, err := file.Tensor(p.Name)
		if err != nil {
			return err
		}
		if err := Set(p, tensor); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}
