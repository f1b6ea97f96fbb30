// Random bits by position: a hash of a seed and a counter, so that a dropout
// mask need not be stored but is computed again in the backward pass.
#pragma once
#include <cmath>
#include <cstdint>

namespace tx {

// hash32 mixes all bits of x into all others (an xor-shift-multiply hash; the
// constants are Wellons' "lowbias32", found by search).
inline uint32_t hash32(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return x;
}

// Dropout is the law of one mask: element i of a row is dropped if 16 of its
// random bits are below threshold.
struct Dropout {
  uint32_t threshold;  // of 65536; 0: nothing is dropped
  float scale;         // of what is kept

  explicit Dropout(double p) : threshold(static_cast<uint32_t>(std::lround(p * 65536))) {
    scale = static_cast<float>(65536.0 / (65536.0 - threshold));
  }
};

// row_key is what the elements of a row are hashed with.
inline uint32_t row_key(uint64_t seed, uint64_t row) {
  return hash32(static_cast<uint32_t>(seed) ^ hash32(static_cast<uint32_t>(seed >> 32) + hash32(static_cast<uint32_t>(row) ^ hash32(static_cast<uint32_t>(row >> 32) + 0x9e3779b9u))));
}

}  // namespace tx
