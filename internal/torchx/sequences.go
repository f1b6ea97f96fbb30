package torchx

// #include "sequences.h"
import "C"

import (
	"github.com/sugarme/gotch/ts"
)

// SequenceAttention is softmax(q·kᵀ/√head_dim)·v within each sequence and head,
// with dropout on the weights in a training Scope. q, k, v and the result are
// packed, [tokens, heads·head_dim]: the sequences follow one another without padding, and
// lengths holds their numbers of tokens.
func (s *Scope) SequenceAttention(q, k, v *ts.Tensor, lengths []int64, heads int64, dropout float64) *ts.Tensor {
	if !s.training {
		dropout = 0
	}
	set, err := bestISA()
	s.Fail(err)
	return s.sequenceAttentionWith(set, q, k, v, lengths, heads, dropout)
}

// sequenceAttentionWith is [Scope.SequenceAttention] with the instruction set.
func (s *Scope) sequenceAttentionWith(set isa, q, k, v *ts.Tensor, lengths []int64, heads int64, dropout float64) *ts.Tensor {
	return s.run("attention", func() (*ts.Tensor, error) {
		var out C.tx_tensor
		list, n := dims(lengths)
		message := C.tx_sequence_attention(&out, handle(q), handle(k), handle(v), list, n, C.int64_t(heads), C.double(dropout), C.tx_isa(set))
		return result(out, message)
	}, q, k, v)
}

// Unpack makes a padded batch [sequences, longest, dim] of packed rows
// [tokens, dim]; the padding is 0.
func (s *Scope) Unpack(x *ts.Tensor, lengths []int64, longest int64) *ts.Tensor {
	return s.run("unpack", func() (*ts.Tensor, error) {
		var out C.tx_tensor
		list, n := dims(lengths)
		return result(out, C.tx_unpack(&out, handle(x), list, n, C.int64_t(longest)))
	}, x)
}

// Dropout zeroes elements of x with probability p, in steps of 1/65536, and
// scales the others by 1/(1-p); in an inference Scope it returns x. On the CPU
// the mask is a hash of libtorch's generator and the position: it is never
// stored.
func (s *Scope) Dropout(x *ts.Tensor, p float64) *ts.Tensor {
	if !s.training || p == 0 {
		return x
	}
	return s.run("dropout", func() (*ts.Tensor, error) {
		var out C.tx_tensor
		return result(out, C.tx_dropout(&out, handle(x), C.double(p)))
	}, x)
}
