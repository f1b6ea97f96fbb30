package backbone

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/nn"
)

// LoadExtended is [LoadPretrained] for an encoder with more tokens than the model in dir.
// pieces has, for each token that the model lacks, the tokens into which the model's own
// tokenizer splits it: its embedding, a row of [tokens, dim], becomes the mean of theirs
// (transformers' mean_resizing takes that of all tokens). One without pieces keeps its
// random row.
func LoadExtended(dir, prefix string, p nn.Params, pieces map[int32][]int32) error {
	words := prefix + "embeddings.word_embeddings.weight"
	err := loadPretrained(dir, prefix, p, func(param torchx.Param, tensor weights.Tensor) error {
		if param.Name != words || len(tensor.Shape) != 2 {
			return checkpoint.Set(param, tensor)
		}
		return withRows(param.Tensor, 0, tensor.Shape[0], func(rows *ts.Tensor) error {
			return checkpoint.Set(torchx.Param{Name: words, Tensor: rows}, tensor)
		})
	})
	if err != nil {
		return err
	}
	embeddings, found := p.Get(words)
	if !found {
		return fmt.Errorf("the encoder has no %s", words)
	}
	for id, list := range pieces {
		if len(list) == 0 {
			continue
		}
		if err := setMean(embeddings, int64(id), list); err != nil {
			return fmt.Errorf("set the embedding of new token %d: %w", id, err)
		}
	}
	return nil
}

// withRows calls do with n rows of a matrix from first on, without gradient. Changes to
// them change the matrix.
func withRows(matrix *ts.Tensor, first, n int64, do func(rows *ts.Tensor) error) (err error) {
	size, err := matrix.Size()
	if err != nil {
		return err
	}
	if n > size[0]-first {
		return fmt.Errorf("rows %d to %d of a matrix of %d", first, first+n, size[0])
	}
	constant, err := matrix.Detach(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, constant.Drop()) }()
	rows, err := constant.Narrow(0, first, n, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Drop()) }()
	return do(rows)
}

// setMean sets a row of embeddings to the mean of others.
func setMean(embeddings *ts.Tensor, id int64, of []int32) error {
	var sum []float64
	for _, other := range of {
		err := withRows(embeddings, int64(other), 1, func(row *ts.Tensor) error {
			data, err := torchx.Bytes(row)
			if err != nil {
				return err
			}
			if sum == nil {
				sum = make([]float64, len(data)/4)
			}
			for i := range sum {
				sum[i] += float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var data []byte
	for _, v := range sum {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v/float64(len(of)))))
	}
	return withRows(embeddings, id, 1, func(row *ts.Tensor) error {
		return torchx.SetBytes(row, data, gotch.Float, []int64{1, int64(len(sum))})
	})
}
