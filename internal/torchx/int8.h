// Linear layers in 8-bit integers, for inference on the CPU.
#pragma once
#include "isa.h"
#include "torchx.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef void *tx_int8;

// tx_int8_pack rounds weights [out, in] to 8 bits, with a scale for each of the
// outputs. bias is [out], or NULL.
char *tx_int8_pack(tx_int8 *packed, tx_tensor weight, tx_tensor bias);
void tx_int8_free(tx_int8 packed);

// tx_int8_linears fills outs with x·Wᵀ + b of each of n layers. Each row of x
// [rows, in] is rounded to 8 bits with a scale of its own. With gelu, GELU is
// applied to the results. Sums of products are the same with each instruction set.
char *tx_int8_linears(tx_tensor *outs, tx_tensor x, const tx_int8 *packed, int64_t n, bool gelu, tx_isa isa);

#ifdef __cplusplus
}
#endif
