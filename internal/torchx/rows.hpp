#include "rows.h"

#include <cstring>

#include "random.h"

#define TX_INLINED __attribute__((always_inline))
#define TX_INLINE inline TX_INLINED

namespace {

// best_of is the version of a loop that suits the processor. Loops over vectors of GCC's are
// written out for each width, since it splits vectors that are too wide by way of memory.
template <class F>
F *best_of(F *avx512, F *avx2, F *other) {
#ifndef TX_NO_AVX512
  if (__builtin_cpu_supports("x86-64-v4")) return avx512;
#endif
  return __builtin_cpu_supports("x86-64-v3") ? avx2 : other;
}

#define TX_AVX512 __attribute__((target("arch=x86-64-v4"), optimize("O3")))
#define TX_AVX2 __attribute__((target("arch=x86-64-v3"), optimize("O3")))

typedef float floats16 __attribute__((vector_size(64)));
typedef float floats8 __attribute__((vector_size(32)));
typedef float floats4 __attribute__((vector_size(16)));
typedef int32_t whole16 __attribute__((vector_size(64)));
typedef int32_t whole8 __attribute__((vector_size(32)));
typedef int32_t whole4 __attribute__((vector_size(16)));

// Vector are the loops for a vector of floats, and one of as many whole numbers.
template <class floats, class whole>
struct Vector {
  static constexpr int64_t width = sizeof(floats) / sizeof(float);

  static TX_INLINE void choose(const whole &condition, const floats &a, const floats &b, floats &to) {
    to = reinterpret_cast<floats>((condition & reinterpret_cast<whole>(a)) | (~condition & reinterpret_cast<whole>(b)));
  }

  // exp makes 2^(x·log₂e) of x, at most 0: a Taylor series on [-½, ½], within 2e-7 of
  // the true value, and the exponent's bits.
  static TX_INLINE void exp(floats &x) {
    constexpr float log2e = 1.44269504088896341f, magic = 12582912.0f;  // 1.5·2²³: adding it rounds to a whole number
    floats y = x * log2e, least = floats{} - 125.0f;
    choose(y < least, least, y, y);
    floats whole_part = (y + magic) - magic, f = y - whole_part;
    floats p = f * 1.5403530393e-4f + 1.3333558146e-3f;
    p = p * f + 9.6181291076e-3f;
    p = p * f + 5.5504108665e-2f;
    p = p * f + 2.4022650696e-1f;
    p = p * f + 6.9314718056e-1f;
    p = p * f + 1.0f;
    x = p * reinterpret_cast<floats>((__builtin_convertvector(whole_part, whole) + 127) << 23);
  }

  // gelu makes x·Φ(x) of x. The error function is Abramowitz and Stegun's 7.1.26, within 1.5e-7.
  static TX_INLINE void gelu(floats &x) {
    floats z = reinterpret_cast<floats>(reinterpret_cast<whole>(x) & 0x7fffffff) * 0.70710678118654752f, e = -z * z;
    floats t = 1.0f / (1.0f + 0.3275911f * z);
    floats series = ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
    exp(e);
    floats tail = 0.5f * series * e, factor;  // Φ(-|x|)
    choose(x < 0, tail, 1.0f - tail, factor);
    x *= factor;
  }

  // each replaces n floats by f of them, and returns the sum. f's argument has as many
  // floats as a vector; behind the n-th they don't count.
  template <class F>
  static TX_INLINE float each(float *x, int64_t n, F f) {
    floats sum = {}, next;
    int64_t i = 0;
    for (; i + width <= n; i += width) {
      memcpy(&next, x + i, sizeof next);
      f(next);
      memcpy(x + i, &next, sizeof next);
      sum += next;
    }
    float total = 0;
    for (int64_t j = 0; j < width; j++) total += sum[j];
    if (i == n) return total;
    float rest[width] = {};
    memcpy(rest, x + i, (n - i) * sizeof(float));
    memcpy(&next, rest, sizeof next);
    f(next);
    memcpy(rest, &next, sizeof next);
    memcpy(x + i, rest, (n - i) * sizeof(float));
    for (int64_t j = 0; j < n - i; j++) total += rest[j];
    return total;
  }

  static TX_INLINE float max_row(const float *x, int64_t n) {
    float best = x[0];
    int64_t i = 0;
    if (n >= width) {
      floats most, next;
      memcpy(&most, x, sizeof most);
      for (i = width; i + width <= n; i += width) {
        memcpy(&next, x + i, sizeof next);
        choose(next > most, next, most, most);
      }
      for (int64_t j = 0; j < width; j++) best = most[j] > best ? most[j] : best;
    }
    for (; i < n; i++) best = x[i] > best ? x[i] : best;
    return best;
  }

  // Magnitudes are compared as whole numbers, in whose order an infinity stands above all
  // numbers and a NaN above an infinity: no row that holds one goes unnoticed.
  static TX_INLINE float max_abs_row(const float *x, int64_t n) {
    constexpr int32_t magnitude = 0x7fffffff;
    int64_t i = 0;
    whole most = {}, next;
    for (; i + width <= n; i += width) {
      memcpy(&next, x + i, sizeof next);
      next &= magnitude;
      const whole larger = next > most;
      most = (larger & next) | (~larger & most);
    }
    int32_t best = 0, bits;
    for (int64_t j = 0; j < width; j++) best = most[j] > best ? most[j] : best;
    for (; i < n; i++) {
      memcpy(&bits, x + i, sizeof bits);
      bits &= magnitude;
      best = bits > best ? bits : best;
    }
    float largest;
    memcpy(&largest, &best, sizeof largest);
    return largest;
  }

  static TX_INLINE float dot_rows(const float *a, const float *b, int64_t n) {
    int64_t i = 0;
    floats sum = {}, x, y;
    for (; i + width <= n; i += width) {
      memcpy(&x, a + i, sizeof x), memcpy(&y, b + i, sizeof y);
      sum += x * y;
    }
    float total = 0;
    for (int64_t j = 0; j < width; j++) total += sum[j];
    for (; i < n; i++) total += a[i] * b[i];
    return total;
  }

  static TX_INLINE float exp_row(float *x, int64_t n, float shift) {
    return each(x, n, [=](floats &v) TX_INLINED { v -= shift, exp(v); });
  }
  static TX_INLINE void gelu_row(float *x, int64_t n) {
    each(x, n, [](floats &v) TX_INLINED { gelu(v); });
  }
};

}  // namespace

namespace tx {

// TX_BY_PROCESSOR defines a function of rows.h by Vector's.
#define TX_BY_PROCESSOR(result, name, parameters, arguments)                                                      \
  TX_AVX512 static result name##_avx512 parameters { return Vector<floats16, whole16>::name arguments; }          \
  TX_AVX2 static result name##_avx2 parameters { return Vector<floats8, whole8>::name arguments; }                \
  static result name##_other parameters { return Vector<floats4, whole4>::name arguments; }                       \
  result name parameters {                                                                                        \
    static const auto best = best_of(name##_avx512, name##_avx2, name##_other);                                   \
    return best arguments;                                                                                        \
  }

TX_BY_PROCESSOR(float, max_row, (const float *x, int64_t n), (x, n))
TX_BY_PROCESSOR(float, max_abs_row, (const float *x, int64_t n), (x, n))
TX_BY_PROCESSOR(float, dot_rows, (const float *a, const float *b, int64_t n), (a, b, n))
TX_BY_PROCESSOR(float, exp_row, (float *x, int64_t n, float shift), (x, n, shift))
TX_BY_PROCESSOR(void, gelu_row, (float *x, int64_t n), (x, n))

TX_CLONES void scale_row(float *x, int64_t n, float factor) {
  for (int64_t i = 0; i < n; i++) x[i] *= factor;
}

TX_CLONES int32_t round_row(const float *x, int64_t n, float factor, int8_t *to) {
  constexpr float magic = 12582912.0f;
  int32_t sum = 0;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) {
    float y = x[i] * factor + magic;
    int32_t bits;
    memcpy(&bits, &y, 4);
    to[i] = static_cast<int8_t>(bits);
    sum += to[i];
  }
  return sum;
}

TX_CLONES void finish_row(const int32_t *sums, int32_t shift, float factor, const float *factors, const float *bias, int64_t n, float *out) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) out[i] = static_cast<float>(sums[i] - shift) * (factor * factors[i]) + bias[i];
}

TX_CLONES void drop_row(float *x, int64_t n, uint32_t key, uint32_t threshold, float factor) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits = hash32(key + static_cast<uint32_t>(i)) >> 16, kept = bits < threshold ? 0 : ~0u, scaled;
    float y = x[i] * factor;
    memcpy(&scaled, &y, sizeof scaled);
    scaled &= kept;
    memcpy(x + i, &scaled, sizeof scaled);
  }
}

TX_CLONES void grad_row(float *p, float *dp, int64_t n, float mean, uint32_t key, uint32_t threshold, float scale) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits = hash32(key + static_cast<uint32_t>(i)) >> 16;
    float keep = bits < threshold ? 0.0f : scale;
    dp[i] = p[i] * (dp[i] * keep - mean);
    p[i] *= keep;
  }
}

}  // namespace tx
