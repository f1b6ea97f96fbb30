#include "int8.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <immintrin.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "guarded.h"
#include "rows.h"

namespace {

using tx::guarded;
using tx::T;

// A product is computed in tiles of tile_rows rows by panel outputs, whose sums
// fill the processor's vector registers.
constexpr int64_t tile_rows = 6, panel = 64;

// Packed are a linear layer's weights. They are stored as w + 128, unsigned, as
// the instruction wants one factor.
struct Packed {
  int64_t in, out;
  int64_t groups;               // of four inputs: an instruction takes four products at once
  std::vector<uint8_t> memory;  // weights [out/panel][groups][panel][4]
  uint8_t *weights;             // aligned
  std::vector<float> scale, bias;

  int64_t panels() const { return (out + panel - 1) / panel; }
  const uint8_t *weights_of(int64_t p) const { return weights + p * groups * panel * 4; }
};

// to_whole is what a row's numbers are multiplied with, of which most is the largest
// magnitude: 0 where that is so small that no finite number would do.
float to_whole(float most) {
  float factor = 127 / most;
  return std::isfinite(factor) ? factor : 0;
}

Packed *pack(const at::Tensor &weight, const at::Tensor &bias) {
  auto p = std::make_unique<Packed>();
  p->out = weight.size(0), p->in = weight.size(1), p->groups = (p->in + 3) / 4;
  int64_t padded = p->panels() * panel;
  p->memory.assign(padded * p->groups * 4 + 64, 128);
  p->weights = reinterpret_cast<uint8_t *>((reinterpret_cast<uintptr_t>(p->memory.data()) + 63) & ~uintptr_t(63));
  p->scale.assign(padded, 0), p->bias.assign(padded, 0);
  const float *w = weight.const_data_ptr<float>();
  for (int64_t o = 0; o < p->out; o++, w += p->in) {
    float most = tx::max_abs_row(w, p->in), inverse = to_whole(most);
    TORCH_CHECK(std::isfinite(most), "the weights of output ", o, " are not finite");
    p->scale[o] = most / 127;
    if (bias.defined()) p->bias[o] = bias.const_data_ptr<float>()[o];
    uint8_t *to = p->weights + (o / panel * p->groups * panel + o % panel) * 4;
    for (int64_t i = 0; i < p->in; i++) to[i / 4 * panel * 4 + i % 4] = static_cast<uint8_t>(128 + std::lrint(w[i] * inverse));
  }
  return p.release();
}

// Rows are up to tile_rows rows of x, rounded.
struct Rows {
  std::vector<int8_t> values;  // [groups][tile_rows][4]
  float scale[tile_rows];
  int32_t shift[tile_rows];  // 128 times the row's sum: what the weights' 128 adds to its products
};

// round_rows fills a tile. What is left of it is 0.
void round_rows(const float *x, int64_t rows, const Packed &p, Rows &to) {
  to.values.assign(p.groups * tile_rows * 4, 0);
  std::vector<int8_t> row(p.groups * 4);
  for (int64_t r = 0; r < rows; r++, x += p.in) {
    float most = tx::max_abs_row(x, p.in);
    to.shift[r] = 128 * tx::round_row(x, p.in, to_whole(most), row.data());
    to.scale[r] = std::isfinite(most) ? most / 127 : NAN;  // a row that isn't finite has no finite result
    for (int64_t g = 0; g < p.groups; g++) memcpy(to.values.data() + (g * tile_rows + r) * 4, row.data() + g * 4, 4);
  }
}

// sums_portable multiplies a tile of rows with a panel of weights.
TX_CLONES void sums_portable(const int8_t *a, const uint8_t *w, int64_t groups, int32_t *sums) {
  memset(sums, 0, tile_rows * panel * sizeof(int32_t));
  for (int64_t g = 0; g < groups; g++, a += tile_rows * 4, w += panel * 4)
    for (int64_t r = 0; r < tile_rows; r++)
      for (int64_t o = 0; o < panel; o++)
        for (int64_t j = 0; j < 4; j++) sums[r * panel + o] += a[r * 4 + j] * w[o * 4 + j];
}

__attribute__((target("avx512f,avx512vnni"), optimize("O3"))) void sums_vnni(const int8_t *a, const uint8_t *w, int64_t groups, int32_t *sums) {
  __m512i sum[tile_rows][4];
#pragma GCC unroll 6
  for (int r = 0; r < tile_rows; r++)
    for (int j = 0; j < 4; j++) sum[r][j] = _mm512_setzero_si512();
  for (int64_t g = 0; g < groups; g++, a += tile_rows * 4, w += panel * 4) {
    const __m512i w0 = _mm512_load_si512(w), w1 = _mm512_load_si512(w + 64), w2 = _mm512_load_si512(w + 128), w3 = _mm512_load_si512(w + 192);
#pragma GCC unroll 6
    for (int r = 0; r < tile_rows; r++) {
      int32_t four;
      memcpy(&four, a + r * 4, 4);
      const __m512i x = _mm512_set1_epi32(four);
      sum[r][0] = _mm512_dpbusd_epi32(sum[r][0], w0, x);
      sum[r][1] = _mm512_dpbusd_epi32(sum[r][1], w1, x);
      sum[r][2] = _mm512_dpbusd_epi32(sum[r][2], w2, x);
      sum[r][3] = _mm512_dpbusd_epi32(sum[r][3], w3, x);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < tile_rows; r++)
    for (int j = 0; j < 4; j++) _mm512_store_si512(sums + r * panel + j * 16, sum[r][j]);
}

bool has_vnni() {
#ifdef TX_NO_AVX512
  return false;
#else
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni");
#endif
}

at::Tensor linear(const at::Tensor &input, const Packed &p, bool gelu, bool portable) {
  at::Tensor x = input.to(at::kFloat).contiguous();
  int64_t rows = x.size(0);
  TORCH_CHECK(x.dim() == 2 && x.size(1) == p.in, "want rows of ", p.in, ", got ", x.sizes());
  at::Tensor out = at::empty({rows, p.out}, x.options());
  const float *from = x.const_data_ptr<float>();
  float *to = out.mutable_data_ptr<float>();
  auto sums_of = portable || !has_vnni() ? sums_portable : sums_vnni;
  at::parallel_for(0, (rows + tile_rows - 1) / tile_rows, 1, [&](int64_t begin, int64_t end) {
    std::vector<Rows> tiles(end - begin);
    for (int64_t t = begin; t < end; t++) {
      Rows &tile = tiles[t - begin];
      round_rows(from + t * tile_rows * p.in, std::min(tile_rows, rows - t * tile_rows), p, tile);
    }
    alignas(64) int32_t sums[tile_rows * panel];
    for (int64_t q = 0; q < p.panels(); q++) {
      int64_t first = q * panel, n = std::min(panel, p.out - first);
      for (int64_t t = begin; t < end; t++) {
        const Rows &tile = tiles[t - begin];
        sums_of(tile.values.data(), p.weights_of(q), p.groups, sums);
        for (int64_t r = 0; r < tile_rows && t * tile_rows + r < rows; r++) {
          float *row = to + (t * tile_rows + r) * p.out + first;
          tx::finish_row(sums + r * panel, tile.shift[r], tile.scale[r], p.scale.data() + first, p.bias.data() + first, n, row);
          if (gelu) tx::gelu_row(row, n);
        }
      }
    }
  });
  return out;
}

}  // namespace

char *tx_int8_pack(tx_int8 *packed, tx_tensor weight, tx_tensor bias) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    at::Tensor w = T(weight).detach().to(at::kCPU, at::kFloat).contiguous(), b;
    TORCH_CHECK(w.dim() == 2, "want weights [out, in], got ", w.sizes());
    if (bias) b = T(bias).detach().to(at::kCPU, at::kFloat).contiguous();
    *packed = pack(w, b);
  });
}

void tx_int8_free(tx_int8 packed) { delete static_cast<Packed *>(packed); }

char *tx_int8_linear(tx_tensor *out, tx_tensor x, tx_int8 packed, bool gelu, bool portable) {
  return guarded([&] { *out = new at::Tensor(linear(T(x), *static_cast<Packed *>(packed), gelu, portable)); });
}

bool tx_int8_fast(void) { return has_vnni(); }
