// Linear layers in 8-bit integers, for inference on the CPU.
#pragma once
#include "torchx.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef void *tx_int8;

// tx_int8_pack rounds weights [out, in] to 8 bits, with a scale for each of the
// outputs. bias is [out], or NULL.
char *tx_int8_pack(tx_int8 *packed, tx_tensor weight, tx_tensor bias);
void tx_int8_free(tx_int8 packed);

// tx_int8_linear is x·Wᵀ + b. Each row of x [rows, in] is rounded to 8 bits with
// a scale of its own. With gelu, GELU is applied to the result. portable keeps
// to instructions that every processor has; the result is the same.
char *tx_int8_linear(tx_tensor *out, tx_tensor x, tx_int8 packed, bool gelu, bool portable);

// tx_int8_fast reports whether the processor multiplies 8-bit integers faster
// than floats (AVX512-VNNI).
bool tx_int8_fast(void);

#ifdef __cplusplus
}
#endif
