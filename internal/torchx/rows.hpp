#include "rows.h"

#include <cmath>
#include <cstring>

#include "random.h"

#define TX_INLINE inline __attribute__((always_inline))

namespace {

// lanes are 16 sums or maxima side by side: a single one would have each
// addition wait for the one before.
typedef float lanes __attribute__((vector_size(64)));
typedef int32_t whole_lanes __attribute__((vector_size(64)));
constexpr int64_t width = 16;

TX_INLINE float sum_of(const lanes &x) {
  float sum = 0;
  for (int64_t i = 0; i < width; i++) sum += x[i];
  return sum;
}

TX_INLINE float max_of(const lanes &x) {
  float best = x[0];
  for (int64_t i = 1; i < width; i++) best = x[i] > best ? x[i] : best;
  return best;
}

// exp_of is 2^(x·log₂e): a Taylor series on [-½, ½], within 2e-7 of the true
// value, and the exponent's bits.
TX_INLINE float exp_of(float x) {
  constexpr float log2e = 1.44269504088896341f, magic = 12582912.0f;  // 1.5·2²³: adding it rounds to a whole number
  float y = x * log2e;
  y = y < -125.0f ? -125.0f : y;
  float whole = (y + magic) - magic;
  float f = y - whole;
  float p = 1.5403530393e-4f;
  p = p * f + 1.3333558146e-3f;
  p = p * f + 9.6181291076e-3f;
  p = p * f + 5.5504108665e-2f;
  p = p * f + 2.4022650696e-1f;
  p = p * f + 6.9314718056e-1f;
  p = p * f + 1.0f;
  int32_t bits = (static_cast<int32_t>(whole) + 127) << 23;
  float power;
  memcpy(&power, &bits, 4);
  return p * power;
}

}  // namespace

namespace tx {

TX_CLONES float max_row(const float *x, int64_t n) {
  int64_t i = 0;
  float best = x[0];
  if (n >= width) {
    lanes most, next;
    memcpy(&most, x, sizeof most);
    for (i = width; i + width <= n; i += width) {
      memcpy(&next, x + i, sizeof next);
      most = next > most ? next : most;
    }
    best = max_of(most);
  }
  for (; i < n; i++) best = x[i] > best ? x[i] : best;
  return best;
}

// Magnitudes are compared as whole numbers, in whose order an infinity stands above all
// numbers and a NaN above an infinity: no row that holds one goes unnoticed.
TX_CLONES float max_abs_row(const float *x, int64_t n) {
  constexpr int32_t magnitude = 0x7fffffff;
  int64_t i = 0;
  whole_lanes most = {}, next;
  for (; i + width <= n; i += width) {
    memcpy(&next, x + i, sizeof next);
    next &= magnitude;
    most = next > most ? next : most;
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

TX_CLONES float dot_rows(const float *a, const float *b, int64_t n) {
  int64_t i = 0;
  lanes sum = {}, x, y;
  for (; i + width <= n; i += width) {
    memcpy(&x, a + i, sizeof x), memcpy(&y, b + i, sizeof y);
    sum += x * y;
  }
  float total = sum_of(sum);
  for (; i < n; i++) total += a[i] * b[i];
  return total;
}

TX_CLONES float exp_row(float *x, int64_t n, float shift) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) x[i] = exp_of(x[i] - shift);
  int64_t i = 0;
  lanes sum = {}, next;
  for (; i + width <= n; i += width) {
    memcpy(&next, x + i, sizeof next);
    sum += next;
  }
  float total = sum_of(sum);
  for (; i < n; i++) total += x[i];
  return total;
}

TX_CLONES void scale_row(float *x, int64_t n, float factor) {
  for (int64_t i = 0; i < n; i++) x[i] *= factor;
}

// The error function is Abramowitz and Stegun's 7.1.26, within 1.5e-7.
TX_CLONES void gelu_row(float *x, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) {
    float z = std::abs(x[i]) * 0.70710678118654752f;
    float t = 1.0f / (1.0f + 0.3275911f * z);
    float series = ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
    float tail = 0.5f * series * exp_of(-z * z);  // Φ(-|x|)
    x[i] *= x[i] < 0 ? tail : 1.0f - tail;
  }
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
    uint32_t bits = hash32(key + static_cast<uint32_t>(i)) >> 16;
    x[i] = bits < threshold ? 0.0f : x[i] * factor;
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
