// Loops over the floats of one row.
#pragma once
#include <cstdint>

// Hot loops are compiled for several instruction sets; the processor's is
// chosen when the program starts. TX_NO_AVX512 leaves AVX512 out, for tests.
#ifdef TX_NO_AVX512
#define TX_CLONES __attribute__((target_clones("arch=x86-64-v3", "default"), optimize("O3")))
#else
#define TX_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
#endif

namespace tx {

float max_row(const float *x, int64_t n);                           // n at least 1
float max_abs_row(const float *x, int64_t n);                       // 0 if there are none; NaN or infinite if one of x is
float dot_rows(const float *a, const float *b, int64_t n);          // a·b
float exp_row(float *x, int64_t n, float shift);                    // x becomes exp(x - shift); returns the sum
void scale_row(float *x, int64_t n, float factor);                  // x becomes x·factor
void gelu_row(float *x, int64_t n);                                 // x becomes x·Φ(x)
int32_t round_row(const float *x, int64_t n, float factor, int8_t *to);  // to becomes x·factor, rounded; returns the sum
void finish_row(const int32_t *sums, int32_t shift, float factor, const float *factors, const float *bias, int64_t n, float *out);  // see int8.hpp

// drop_row multiplies x by factor, or by 0 where the mask of the row drops.
void drop_row(float *x, int64_t n, uint32_t key, uint32_t threshold, float factor);

// grad_row makes of dp = d(dropped weights) the gradient of the scores:
// p·(mask·dp·scale - mean), and of p the dropped weights.
void grad_row(float *p, float *dp, int64_t n, float mean, uint32_t key, uint32_t threshold, float scale);

}  // namespace tx
