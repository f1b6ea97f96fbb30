// BLAS copies the weights of each product into an order that suits it. For few
// rows that takes longer than the product. Here weights are read as they are:
// vectors lie along the inputs, and each output is the sum of a vector's lanes.
// For many rows see linears_packed.hpp.
#include "linears.h"

#include <ATen/ATen.h>
#include <immintrin.h>

#include <vector>

#include "grid.hpp"
#include "guarded.h"
#include "linears_packed.hpp"

namespace tx::linears {

constexpr int64_t outputs = 4;     // of a tile
constexpr int64_t block = 32;      // outputs of a thread's share, at least
constexpr int64_t chunk = 768;     // inputs whose weights stay in the cache for all rows
constexpr int64_t few_rows = 96;   // beyond it BLAS is as fast with AVX512, and [packed] faster with AVX2
constexpr int64_t lanes = 16;

// A tile_of adds the products of some rows of a with four outputs' weights w to
// four sums in each row of c.
typedef void tile_of(const float *a, const float *w, int64_t in, int64_t stride, float *c, int64_t c_stride);

__attribute__((target("avx2,fma"), always_inline)) inline __m128 sums_of(__m256 a, __m256 b, __m256 c, __m256 d) {
  const __m256 s = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
  return _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
}

__attribute__((target("avx512f,avx2,fma"), always_inline)) inline __m256 halves(__m512 x) {
  return _mm256_add_ps(__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7), __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15));
}

__attribute__((target("avx512f,avx2,fma"), always_inline)) inline __m128 sums_of(__m512 a, __m512 b, __m512 c, __m512 d) {
  return sums_of(halves(a), halves(b), halves(c), halves(d));
}

#define TX_TILE(name, isa, vector, load, zero, fma)                                                                     \
  template <int rows>                                                                                                   \
  __attribute__((target(isa), optimize("O3"))) void name(const float *a, const float *w, int64_t in, int64_t stride,    \
                                                         float *c, int64_t c_stride) {                                  \
    vector sum[rows][outputs];                                                                                          \
    _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++)                                                              \
      _Pragma("GCC unroll 8") for (int o = 0; o < outputs; o++) sum[r][o] = zero();                                     \
    for (int64_t i = 0; i < in; i += sizeof(vector) / sizeof(float)) {                                                  \
      vector x[rows];                                                                                                   \
      _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) x[r] = load(a + r * stride + i);                           \
      _Pragma("GCC unroll 8") for (int o = 0; o < outputs; o++) {                                                       \
        const vector y = load(w + o * stride + i);                                                                      \
        _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) sum[r][o] = fma(x[r], y, sum[r][o]);                     \
      }                                                                                                                 \
    }                                                                                                                   \
    _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) {                                                            \
      float *to = c + r * c_stride;                                                                                     \
      _mm_storeu_ps(to, _mm_add_ps(_mm_loadu_ps(to), sums_of(sum[r][0], sum[r][1], sum[r][2], sum[r][3])));             \
    }                                                                                                                   \
  }

TX_TILE(tile_avx2, "avx2,fma", __m256, _mm256_loadu_ps, _mm256_setzero_ps, _mm256_fmadd_ps)
TX_TILE(tile_avx512, "avx512f,avx2,fma", __m512, _mm512_loadu_ps, _mm512_setzero_ps, _mm512_fmadd_ps)

// Tiles are those of an instruction set: of[r - 1] has r rows.
struct Tiles {
  std::vector<tile_of *> of;
  bool packed = false;  // whether [packed] is for it

  explicit Tiles(tx_isa isa) {
    if (isa >= TX_ISA_AVX512)
      of = {tile_avx512<1>, tile_avx512<2>, tile_avx512<3>, tile_avx512<4>, tile_avx512<5>, tile_avx512<6>};
    else if (isa >= TX_ISA_AVX2 && __builtin_cpu_supports("fma"))
      of = {tile_avx2<1>, tile_avx2<2>, tile_avx2<3>}, packed = true;
  }
};

bool plain(const at::Tensor &t) { return t.is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous(); }

bool suits(const at::Tensor &x, const std::vector<at::Tensor> &weights, const std::vector<at::Tensor> &biases, const Tiles &tiles) {
  if (tiles.of.empty()) return false;
  if (!plain(x) || x.dim() != 2 || x.size(1) % lanes || (x.size(0) > few_rows && !tiles.packed)) return false;
  for (size_t i = 0; i < weights.size(); i++) {
    const at::Tensor &w = weights[i], &b = biases[i];
    if (!plain(w) || !plain(b) || w.dim() != 2 || w.size(1) != x.size(1) || w.size(0) % block || b.dim() != 1 || b.size(0) != w.size(0)) return false;
  }
  return true;
}

std::vector<at::Tensor> apply(const at::Tensor &x, const std::vector<at::Tensor> &weights, const std::vector<at::Tensor> &biases, const Tiles &tiles) {
  const int64_t rows = x.size(0), in = x.size(1), tile = tiles.of.size();
  const float *from = x.const_data_ptr<float>();
  std::vector<at::Tensor> outs;
  std::vector<std::pair<size_t, int64_t>> blocks;  // a layer and its first output
  for (const at::Tensor &w : weights) {
    for (int64_t o = 0; o < w.size(0); o += block) blocks.push_back({outs.size(), o});
    outs.push_back(at::empty({rows, w.size(0)}, x.options()));
  }
  if (rows > few_rows) {
    const packed::Rows ordered(x);
    each_block(ordered.tiles, 1, blocks.size(), [&](int64_t b, int64_t begin, int64_t end) {
      auto [layer, first] = blocks[b];
      packed::fill(ordered, begin, end, weights[layer], biases[layer], first, first + block, outs[layer]);
    });
    return outs;
  }
  each_block(rows, tile, blocks.size(), [&](int64_t b, int64_t begin, int64_t end) {
    auto [layer, first] = blocks[b];
    const int64_t stride = outs[layer].size(1);
    const float *w = weights[layer].const_data_ptr<float>() + first * in;
    float *to = outs[layer].mutable_data_ptr<float>() + first;
    for (int64_t r = begin; r < end; r++) memcpy(to + r * stride, biases[layer].const_data_ptr<float>() + first, block * sizeof(float));
    for (int64_t i = 0; i < in; i += chunk)
      for (int64_t o = 0; o < block; o += outputs)
        for (int64_t r = begin; r < end; r += tile)
          tiles.of[std::min(tile, end - r) - 1](from + r * in + i, w + o * in + i, std::min(chunk, in - i), in, to + r * stride + o, stride);
  });
  return outs;
}

}  // namespace tx::linears

char *tx_linears(tx_tensor *outs, bool *done, tx_tensor x, const tx_tensor *weights, const tx_tensor *biases, int64_t n, tx_isa isa) {
  return tx::guarded([&] {
    const tx::linears::Tiles tiles(isa);
    std::vector<at::Tensor> w, b;
    for (int64_t i = 0; i < n; i++) w.push_back(tx::T(weights[i])), b.push_back(tx::T(biases[i]));
    *done = tx::linears::suits(tx::T(x), w, b, tiles);
    if (!*done) return;
    std::vector<at::Tensor> results = tx::linears::apply(tx::T(x), w, b, tiles);
    for (int64_t i = 0; i < n; i++) outs[i] = new at::Tensor(results[i]);
  });
}
