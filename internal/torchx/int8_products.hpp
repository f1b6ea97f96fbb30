// Products of 8-bit integers, summed exactly, for each instruction set.
#pragma once
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "isa.h"
#include "rows.h"

namespace tx::int8 {

// Sums are made of some rows by block outputs. Four products at a time go into a
// 32-bit sum: those of a group of inputs.
constexpr int64_t block = 64, panel = 16, group = 4;

// Inputs are padded to a multiple of this, a row of an AMX tile.
constexpr int64_t padded_inputs = 64;

// Most rows of a tile, of any instruction set.
constexpr int64_t most_rows = 32;

// sums_of fills sums [rows][block] with products of activations a, with stride bytes
// from row to row, and a block of weights w [block/panel][groups][panel][group].
typedef void sums_of(const int8_t *a, int64_t stride, const uint8_t *w, int64_t groups, int32_t *sums);

// Extra is a part of a group's four activations that was taken out of them, see [Products].
struct Extra {
  int64_t group;
  int8_t four[4];
};

// extra_sums adds the products of a row's extras to its sums [block].
typedef void extra_sums(const Extra *extras, int64_t n, const uint8_t *w, int64_t groups, int32_t *sums);

TX_CLONES void sums_portable(const int8_t *a, int64_t stride, const uint8_t *w, int64_t groups, int32_t *sums) {
  memset(sums, 0, block * sizeof(int32_t));
  for (int64_t p = 0; p < block / panel; p++)
    for (int64_t g = 0; g < groups; g++, w += panel * group)
      for (int64_t o = 0; o < panel; o++)
        for (int64_t j = 0; j < group; j++) sums[p * panel + o] += a[g * group + j] * w[o * group + j];
}

// TX_SUMS defines a sums_of for tiles of rows_ by block outputs, whose parts of
// rows_ by panels_ panels stay in vector registers while all inputs are added.
// STEP(sum, w, a) adds four products to each of sum's 32-bit integers.
#define TX_SUMS(name, isa, rows_, panels_, vector, load, store, broadcast, zero, STEP)                             \
  __attribute__((target(isa), optimize("O3"))) void name(const int8_t *a, int64_t stride, const uint8_t *w,        \
                                                         int64_t groups, int32_t *sums) {                          \
    constexpr int vectors = panels_ * panel * group / sizeof(vector), lanes = sizeof(vector) / sizeof(int32_t);    \
    const int64_t panel_size = groups * panel * group;                                                             \
    for (int64_t p = 0; p < block / panel; p += panels_, w += panels_ * panel_size) {                              \
      vector sum[rows_][vectors];                                                                                  \
      _Pragma("GCC unroll 8") for (int r = 0; r < rows_; r++)                                                      \
        _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++) sum[r][v] = zero();                              \
      for (int64_t g = 0; g < groups; g++) {                                                                       \
        vector weights[vectors];                                                                                   \
        _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++) {                                                \
          const int64_t byte = v * sizeof(vector), in = byte % (panel * group), of = byte / (panel * group);       \
          weights[v] = load(reinterpret_cast<const vector *>(w + of * panel_size + g * panel * group + in));       \
        }                                                                                                          \
        _Pragma("GCC unroll 8") for (int r = 0; r < rows_; r++) {                                                  \
          int32_t four;                                                                                            \
          memcpy(&four, a + r * stride + g * group, sizeof four);                                                  \
          const vector x = broadcast(four);                                                                        \
          _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++) sum[r][v] = STEP(sum[r][v], weights[v], x);    \
        }                                                                                                          \
      }                                                                                                            \
      _Pragma("GCC unroll 8") for (int r = 0; r < rows_; r++)                                                      \
        _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++)                                                  \
          store(reinterpret_cast<vector *>(sums + r * block + p * panel + v * lanes), sum[r][v]);                  \
    }                                                                                                              \
  }

// TX_EXTRA_SUMS defines an extra_sums.
#define TX_EXTRA_SUMS(name, isa, vector, load, store, broadcast, STEP)                                             \
  __attribute__((target(isa), optimize("O3"))) void name(const Extra *extras, int64_t n, const uint8_t *w,         \
                                                         int64_t groups, int32_t *sums) {                          \
    constexpr int vectors = panel * group / sizeof(vector), lanes = sizeof(vector) / sizeof(int32_t);              \
    for (int64_t p = 0; p < block / panel; p++, w += groups * panel * group, sums += panel) {                      \
      vector sum[vectors];                                                                                         \
      for (int v = 0; v < vectors; v++) sum[v] = load(reinterpret_cast<vector *>(sums + v * lanes));               \
      for (int64_t i = 0; i < n; i++) {                                                                            \
        int32_t four;                                                                                              \
        memcpy(&four, extras[i].four, sizeof four);                                                                \
        const vector x = broadcast(four), *from = reinterpret_cast<const vector *>(w + extras[i].group * panel * group); \
        for (int v = 0; v < vectors; v++) sum[v] = STEP(sum[v], load(from + v), x);                                \
      }                                                                                                            \
      for (int v = 0; v < vectors; v++) store(reinterpret_cast<vector *>(sums + v * lanes), sum[v]);               \
    }                                                                                                              \
  }

// Without VNNI two products are added in 16 bits, which must not overflow.
#define TX_STEP_AVX2(sum, w, x) _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(w, x), _mm256_set1_epi16(1)))
#define TX_STEP_AVX512(sum, w, x) _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_maddubs_epi16(w, x), _mm512_set1_epi16(1)))

TX_SUMS(sums_avx2, "avx2", 4, 1, __m256i, _mm256_load_si256, _mm256_store_si256, _mm256_set1_epi32, _mm256_setzero_si256, TX_STEP_AVX2)
TX_EXTRA_SUMS(extra_sums_avx2, "avx2", __m256i, _mm256_load_si256, _mm256_store_si256, _mm256_set1_epi32, TX_STEP_AVX2)
TX_SUMS(sums_avxvnni, "avx2,avxvnni", 6, 1, __m256i, _mm256_load_si256, _mm256_store_si256, _mm256_set1_epi32, _mm256_setzero_si256,
        _mm256_dpbusd_avx_epi32)
TX_SUMS(sums_avx512, "avx512f,avx512bw", 6, 4, __m512i, _mm512_load_si512, _mm512_store_si512, _mm512_set1_epi32, _mm512_setzero_si512,
        TX_STEP_AVX512)
TX_EXTRA_SUMS(extra_sums_avx512, "avx512f,avx512bw", __m512i, _mm512_load_si512, _mm512_store_si512, _mm512_set1_epi32, TX_STEP_AVX512)
TX_SUMS(sums_avx512vnni, "avx512f,avx512vnni", 6, 4, __m512i, _mm512_load_si512, _mm512_store_si512, _mm512_set1_epi32, _mm512_setzero_si512,
        _mm512_dpbusd_epi32)

// Tiles are AMX's eight registers, as [Tiles.shape] cuts them: 16 rows of 64 bytes.
// While it lives, this thread's tiles are ours; then they are as they were.
struct Tiles {
  alignas(64) struct { uint8_t palette, start, reserved[14]; uint16_t bytes[16]; uint8_t rows[16]; } shape = {}, before = {};

  __attribute__((target("amx-tile"))) Tiles() {
    _tile_storeconfig(&before);
    shape.palette = 1;
    for (int i = 0; i < 8; i++) shape.rows[i] = 16, shape.bytes[i] = 64;
    asm volatile("" ::: "memory");  // GCC's intrinsics don't say that they read memory
    _tile_loadconfig(&shape);
  }
  __attribute__((target("amx-tile"))) ~Tiles() { _tile_loadconfig(&before); }
};

// sums_amx wants [Tiles].
__attribute__((target("amx-tile,amx-int8"))) void sums_amx(const int8_t *a, int64_t stride, const uint8_t *w, int64_t groups, int32_t *sums) {
  const int64_t panel_size = groups * panel * group, line = 64;
  for (int64_t p = 0; p < block / panel; p += 2, w += 2 * panel_size, sums += 2 * panel) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t g = 0; g < groups; g += 16) {
      _tile_loadd(6, w + g * line, line);
      _tile_loadd(4, a + g * group, stride);
      _tile_loadd(7, w + panel_size + g * line, line);
      _tile_loadd(5, a + 16 * stride + g * group, stride);
      _tile_dpbsud(0, 4, 6);
      _tile_dpbsud(1, 4, 7);
      _tile_dpbsud(2, 5, 6);
      _tile_dpbsud(3, 5, 7);
    }
    constexpr int64_t row = block * sizeof(int32_t);
    _tile_stored(0, sums, row);
    _tile_stored(1, sums + panel, row);
    _tile_stored(2, sums + 16 * block, row);
    _tile_stored(3, sums + 16 * block + panel, row);
  }
}

// Products is how an instruction set makes sums.
//
// AVX2 and AVX512 without VNNI add two products of weights u in [0, 255] and
// activations a in 16 bits. u₀a₀ + u₁a₁ lies between -32640 and 32640 if
// |a₀ + a₁| is at most 128 (activations of different signs can't reach 255·127).
// In other pairs, which are rare, the larger one is made smaller by what is too
// much; that is put into an Extra, whose products are added separately.
struct Products {
  int64_t rows;       // of a tile
  sums_of *sums;
  extra_sums *extra;  // nullptr if no pair is too large
};

Products products_of(tx_isa isa) {
  switch (isa) {
    case TX_ISA_AVX2: return {4, sums_avx2, extra_sums_avx2};
    case TX_ISA_AVXVNNI: return {6, sums_avxvnni, nullptr};
    case TX_ISA_AVX512: return {6, sums_avx512, extra_sums_avx512};
    case TX_ISA_AVX512VNNI: return {6, sums_avx512vnni, nullptr};
    case TX_ISA_AMX: return {32, sums_amx, nullptr};
    default: return {1, sums_portable, nullptr};
  }
}

}  // namespace tx::int8
