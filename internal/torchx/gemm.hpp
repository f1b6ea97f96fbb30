// Products of float32 matrices with AVX2 and AVX512, after Goto and van de Geijn's
// "Anatomy of High-Performance Matrix Multiplication" (2008): the right matrix is packed
// into panels, so that the innermost loop reads it from the cache one number after the
// other, while a tile of sums stays in registers. Each sum is added up in the same order,
// whatever the number of rows, of columns and of threads.
#pragma once
#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "isa.h"

namespace tx::gemm {

constexpr int64_t tile = 6;         // rows whose sums are in registers
constexpr int64_t widest = 64;      // columns of a panel, at most
constexpr int64_t lanes = 16;       // panels are multiples of it

// Left is a matrix whose number (i, j) lies at values[i·row + j·column].
struct Left {
  const float *values;
  int64_t row, column;

  Left from(int64_t i, int64_t j) const { return {values + i * row + j * column, row, column}; }
};

// A tile_of makes some rows of c = scale·a·b + start, for a panel b [k][columns] and
// a's k columns. There are start_stride floats from row to row of start; it may be c.
typedef void tile_of(Left a, const float *b, int64_t k, float scale, const float *start, int64_t start_stride, float *c, int64_t c_stride);

#define TX_TILE(name, isa, vector, load, load_aligned, store, broadcast, zero, fma)                                         \
  template <int rows, int vectors>                                                                                          \
  __attribute__((target(isa), optimize("O3"))) void name(Left a, const float *b, int64_t k, float scale, const float *start, \
                                                         int64_t start_stride, float *c, int64_t c_stride) {                \
    constexpr int64_t wide = sizeof(vector) / sizeof(float);                                                                \
    vector sum[rows][vectors];                                                                                              \
    const float *from[rows];                                                                                                \
    _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) {                                                                \
      from[r] = a.values + r * a.row;                                                                                       \
      _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++) sum[r][v] = zero();                                         \
    }                                                                                                                       \
    for (int64_t j = 0, at = 0; j < k; j++, at += a.column, b += vectors * wide) {                                          \
      vector right[vectors];                                                                                                \
      _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++) right[v] = load_aligned(b + v * wide);                      \
      _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) {                                                              \
        const vector left = broadcast(from[r][at]);                                                                         \
        _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++) sum[r][v] = fma(left, right[v], sum[r][v]);               \
      }                                                                                                                     \
    }                                                                                                                       \
    const vector factor = broadcast(scale);                                                                                 \
    _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++)                                                                  \
      _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++) {                                                           \
        const vector before = start ? load(start + r * start_stride + v * wide) : zero();                                   \
        store(c + r * c_stride + v * wide, fma(factor, sum[r][v], before));                                                 \
      }                                                                                                                     \
  }

TX_TILE(tile_avx2, "avx2,fma", __m256, _mm256_loadu_ps, _mm256_load_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_fmadd_ps)
TX_TILE(tile_avx512, "avx512f,avx2,fma", __m512, _mm512_loadu_ps, _mm512_load_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_fmadd_ps)
#undef TX_TILE

// Kernels are the tiles of an instruction set: of[lanes of the panel - 1][rows - 1].
struct Kernels {
  int64_t panel = 0;  // columns; 0: there are none
  tile_of *const (*of)[tile] = nullptr;

  explicit Kernels(tx_isa isa) {
#define TX_ROWS(name, vectors) {name<1, vectors>, name<2, vectors>, name<3, vectors>, name<4, vectors>, name<5, vectors>, name<6, vectors>}
    static constexpr tile_of *avx2[][tile] = {TX_ROWS(tile_avx2, 2)};
    static constexpr tile_of *avx512[][tile] = {TX_ROWS(tile_avx512, 1), TX_ROWS(tile_avx512, 2), TX_ROWS(tile_avx512, 3), TX_ROWS(tile_avx512, 4)};
#undef TX_ROWS
    if (isa >= TX_ISA_AVX512)
      panel = 64, of = avx512;
    else if (isa >= TX_ISA_AVX2 && __builtin_cpu_supports("fma"))
      panel = 16, of = avx2;
  }

  explicit operator bool() const { return of; }
};

// turn8 puts 8 numbers from i on of 8 rows into to [8][width].
__attribute__((target("avx2"), optimize("O3"), always_inline)) inline void turn8(const float *const *rows, int64_t i, float *to, int64_t width) {
  __m256 x[8], y[8];
  _Pragma("GCC unroll 8") for (int j = 0; j < 8; j++) x[j] = _mm256_loadu_ps(rows[j] + i);
  _Pragma("GCC unroll 8") for (int j = 0; j < 8; j += 2) {
    y[j] = _mm256_unpacklo_ps(x[j], x[j + 1]);
    y[j + 1] = _mm256_unpackhi_ps(x[j], x[j + 1]);
  }
  _Pragma("GCC unroll 8") for (int j = 0; j < 8; j += 4) {
    x[j] = _mm256_shuffle_ps(y[j], y[j + 2], 0x44);
    x[j + 1] = _mm256_shuffle_ps(y[j], y[j + 2], 0xee);
    x[j + 2] = _mm256_shuffle_ps(y[j + 1], y[j + 3], 0x44);
    x[j + 3] = _mm256_shuffle_ps(y[j + 1], y[j + 3], 0xee);
  }
  _Pragma("GCC unroll 8") for (int j = 0; j < 4; j++) {
    _mm256_store_ps(to + j * width, _mm256_permute2f128_ps(x[j], x[j + 4], 0x20));
    _mm256_store_ps(to + (j + 4) * width, _mm256_permute2f128_ps(x[j], x[j + 4], 0x31));
  }
}

// turn puts n numbers of each of 16 rows into to [n][width].
__attribute__((target("avx2"), optimize("O3"))) inline void turn(const float *const *rows, int64_t n, float *to, int64_t width) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8, to += 8 * width) {
    turn8(rows, i, to, width);
    turn8(rows + 8, i, to + 8, width);
  }
  for (; i < n; i++, to += width)
    for (int64_t j = 0; j < lanes; j++) to[j] = rows[j][i];
}

// Room is memory for panels, as wide vectors want it. aligned_alloc leaves holes in
// glibc's heap, by which a long training would grow.
class Room {
  std::unique_ptr<float[]> all;
  float *first;

 public:
  explicit Room(int64_t floats) : all(new float[floats + lanes]) {  // not initialised
    const auto address = reinterpret_cast<uintptr_t>(all.get());
    first = reinterpret_cast<float *>((address + lanes * sizeof(float) - 1) / (lanes * sizeof(float)) * (lanes * sizeof(float)));
  }

  float *get() const { return first; }
};

// padded is n as a multiple of the columns that a panel can have.
inline int64_t padded(int64_t n) { return (n + lanes - 1) / lanes * lanes; }

// Right is a matrix whose number (i, j) lies at values[i·row + j·column], where one of
// both is 1.
struct Right {
  const float *values;
  int64_t row, column;

  Right from(int64_t i, int64_t j) const { return {values + i * row + j * column, row, column}; }
};

// pack_panel puts k rows of b into to [k][width]. Columns from the n-th on are its last again.
inline void pack_panel(Right b, int64_t k, int64_t n, int64_t width, float *to) {
  if (b.column == 1) {
    for (int64_t i = 0; i < k; i++, b.values += b.row, to += width) {
      memcpy(to, b.values, std::min(n, width) * sizeof(float));
      for (int64_t j = n; j < width; j++) to[j] = b.values[n - 1];
    }
    return;
  }
  for (int64_t o = 0; o < width; o += lanes) {
    const float *rows[lanes];
    for (int64_t j = 0; j < lanes; j++) rows[j] = b.values + std::min(o + j, n - 1) * b.column;
    turn(rows, k, to + o, width);
  }
}

// pack puts b [k, n] into panels, one after the other: padded(n)·k floats.
inline void pack(const Kernels &kernels, Right b, int64_t k, int64_t n, float *to) {
  for (int64_t j = 0; j < n; j += kernels.panel) {
    const int64_t width = std::min(kernels.panel, padded(n) - j);
    pack_panel(b.from(0, j), k, n - j, width, to + j * k);
  }
}

// add_panel makes c [m, width] = scale·a·b + start of a panel b [k][width]. start is c,
// or a row for all rows if start_stride is 0, or nullptr for 0.
inline void add_panel(const Kernels &kernels, Left a, int64_t m, const float *b, int64_t k, int64_t width, float scale, const float *start,
                      int64_t start_stride, float *c, int64_t c_stride) {
  tile_of *const *of = kernels.of[kernels.panel == lanes ? 0 : width / lanes - 1];
  for (int64_t i = 0; i < m; i += tile)
    of[std::min(tile, m - i) - 1](a.from(i, 0), b, k, scale, start ? start + i * start_stride : nullptr, start_stride, c + i * c_stride, c_stride);
}

// multiply makes c [m, padded(n)] = scale·a·b, plus c if more, of packed b [k, n].
inline void multiply(const Kernels &kernels, Left a, int64_t m, const float *b, int64_t k, int64_t n, float scale, bool more, float *c, int64_t c_stride) {
  for (int64_t j = 0; j < n; j += kernels.panel) {
    const int64_t width = std::min(kernels.panel, padded(n) - j);
    add_panel(kernels, a, m, b + j * k, k, width, scale, more ? c + j : nullptr, c_stride, c + j, c_stride);
  }
}

}  // namespace tx::gemm
