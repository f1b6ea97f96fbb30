// Linear layers in float32, for inference on the CPU.
#pragma once
#include "isa.h"
#include "torchx.h"

#ifdef __cplusplus
extern "C" {
#endif

// tx_linears fills outs with x·Wᵀ + b of each of n layers, x [rows, in], weights
// [out, in], biases [out]. outs stay untouched, and done is false, where libtorch's
// own products are the better choice, or the only one: for many rows with AVX512, on
// other processors, for other shapes or types.
char *tx_linears(tx_tensor *outs, bool *done, tx_tensor x, const tx_tensor *weights, const tx_tensor *biases, int64_t n, tx_isa isa);

#ifdef __cplusplus
}
#endif
