// Linear layers for many rows with AVX2. Rows and weights are put in order as they are
// needed, so that the innermost loop reads both from the first cache one after the
// other: a tile of rows by panel outputs stays in registers while a chunk of inputs is
// added.
#pragma once
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <immintrin.h>

#include <algorithm>

namespace tx::linears::packed {

constexpr int64_t tile = 6, panel = 16, chunk = 384;

// Rows are x in the order [inputs/chunk][rows/tile][chunk][tile].
struct Rows {
  int64_t rows, in, tiles;
  at::Tensor values;

  explicit Rows(const at::Tensor &x) : rows(x.size(0)), in(x.size(1)), tiles((rows + tile - 1) / tile) {
    values = at::empty({tiles * tile, in}, x.options());
    const float *from = x.const_data_ptr<float>();
    float *to = values.mutable_data_ptr<float>();
    at::parallel_for(0, tiles, 8, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; t++) {
        const float *row[tile];
        for (int64_t r = 0; r < tile; r++) row[r] = from + std::min(t * tile + r, rows - 1) * in;  // those behind the last aren't used
        for (int64_t first = 0; first < in; first += chunk) {
          float *next = to + place(t, first);
          for (int64_t i = first; i < std::min(in, first + chunk); i++, next += tile)
            for (int64_t r = 0; r < tile; r++) next[r] = row[r][i];
        }
      }
    });
  }

  // place is where a tile's inputs begin, from first on, a multiple of chunk.
  int64_t place(int64_t t, int64_t first) const { return (first * tiles + t * std::min(chunk, in - first)) * tile; }
  const float *of(int64_t t, int64_t first) const { return values.const_data_ptr<float>() + place(t, first); }
};

// add adds the products of a tile's first rows and a panel's weights w [n][panel] to
// from, with from_stride floats from row to row, and puts the sums into to.
template <int rows>
__attribute__((target("avx2,fma"), optimize("O3"))) void add(const float *a, const float *w, int64_t n, const float *from, int64_t from_stride,
                                                             float *to, int64_t stride) {
  __m256 sum[rows][2];
  _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) {
    sum[r][0] = _mm256_loadu_ps(from + r * from_stride);
    sum[r][1] = _mm256_loadu_ps(from + r * from_stride + 8);
  }
  for (int64_t i = 0; i < n; i++) {
    const __m256 left = _mm256_load_ps(w + i * panel), right = _mm256_load_ps(w + i * panel + 8);
    _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) {
      const __m256 x = _mm256_broadcast_ss(a + i * tile + r);
      sum[r][0] = _mm256_fmadd_ps(x, left, sum[r][0]);
      sum[r][1] = _mm256_fmadd_ps(x, right, sum[r][1]);
    }
  }
  _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) {
    _mm256_storeu_ps(to + r * stride, sum[r][0]);
    _mm256_storeu_ps(to + r * stride + 8, sum[r][1]);
  }
}

constexpr decltype(&add<1>) add_of[tile] = {add<1>, add<2>, add<3>, add<4>, add<5>, add<6>};

// turn puts n inputs of a panel's weights w, with in floats from output to output, in
// the order [n][panel]. n is a multiple of 8.
__attribute__((target("avx2"), optimize("O3"))) void turn(const float *w, int64_t in, int64_t n, float *to) {
  for (int64_t o = 0; o < panel; o += 8)
    for (int64_t i = 0; i < n; i += 8) {
      __m256 x[8], y[8];
      _Pragma("GCC unroll 8") for (int j = 0; j < 8; j++) x[j] = _mm256_loadu_ps(w + (o + j) * in + i);
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
        _mm256_store_ps(to + (i + j) * panel + o, _mm256_permute2f128_ps(x[j], x[j + 4], 0x20));
        _mm256_store_ps(to + (i + j + 4) * panel + o, _mm256_permute2f128_ps(x[j], x[j + 4], 0x31));
      }
    }
}

// fill puts into to [rows, out] the outputs from first to last of the tiles from begin to end.
// It wants whole panels, and a multiple of 8 inputs.
void fill(const Rows &x, int64_t begin, int64_t end, const at::Tensor &weight, const at::Tensor &bias, int64_t first, int64_t last, at::Tensor &to) {
  const int64_t out = to.size(1);
  float *sums = to.mutable_data_ptr<float>();
  alignas(64) float w[chunk * panel];
  for (int64_t i = 0; i < x.in; i += chunk) {
    const int64_t n = std::min(chunk, x.in - i);
    for (int64_t o = first; o < last; o += panel) {
      turn(weight.const_data_ptr<float>() + o * x.in + i, x.in, n, w);
      for (int64_t t = begin; t < end; t++) {
        float *of = sums + t * tile * out + o;
        const float *before = i ? of : bias.const_data_ptr<float>() + o;
        add_of[std::min(tile, x.rows - t * tile) - 1](x.of(t, i), w, n, before, i ? out : 0, of, out);
      }
    }
  }
}

}  // namespace tx::linears::packed
