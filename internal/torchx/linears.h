// Linear layers in float32 on the CPU.
#pragma once
#include "isa.h"
#include "torchx.h"

#ifdef __cplusplus
extern "C" {
#endif

// tx_linears fills outs with x·Wᵀ + b of each of n layers, x [..., in], weights
// [out, in], biases [out], and the gradients of all three flow back where they are
// wanted. outs stay untouched, and done is false, where only libtorch's own products
// are possible: on processors without AVX2, for other shapes or types.
char *tx_linears(tx_tensor *outs, bool *done, tx_tensor x, const tx_tensor *weights, const tx_tensor *biases, int64_t n, tx_isa isa);

// A tx_packed are a layer's weights and bias in the order in which its products read them.
typedef void *tx_packed;

// tx_linear_pack packs them for isa, bias may be NULL; packed is NULL if tx_linears wouldn't take the layer.
char *tx_linear_pack(tx_packed *packed, tx_tensor weight, tx_tensor bias, tx_isa isa);
void tx_linear_free(tx_packed packed);

// tx_packed_linears is tx_linears without gradients, followed by GELU if gelu is true.
char *tx_packed_linears(tx_tensor *outs, tx_tensor x, const tx_packed *packed, int64_t n, bool gelu, tx_isa isa);

#ifdef __cplusplus
}
#endif
