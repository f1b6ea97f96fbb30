// Attention over sequences that lie one after another in a matrix, without
// padding between them.
#pragma once
#include "isa.h"
#include "torchx.h"

#ifdef __cplusplus
extern "C" {
#endif

// tx_sequence_attention is softmax(q·kᵀ/√head_dim)·v within each sequence and
// head. q, k and v are [tokens, heads·head_dim], lengths say how many tokens
// each sequence has. dropout acts on the weights. On the CPU the products are those
// of isa, or BLAS's if it has none or a head's dimensions are no multiple of 16.
char *tx_sequence_attention(tx_tensor *out, tx_tensor q, tx_tensor k, tx_tensor v, const int64_t *lengths, int64_t sequences,
                            int64_t heads, double dropout, tx_isa isa);

// tx_unpack makes a batch [sequences, longest, dim] of packed rows [tokens,
// dim], with zeros for padding.
char *tx_unpack(tx_tensor *out, tx_tensor x, const int64_t *lengths, int64_t sequences, int64_t longest);

// tx_dropout zeroes elements with probability p and scales the others by
// 1/(1-p).
char *tx_dropout(tx_tensor *out, tx_tensor x, double p);

#ifdef __cplusplus
}
#endif
