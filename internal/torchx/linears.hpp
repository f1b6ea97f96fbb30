// For few rows, packing the weights takes longer than the product. Then they are read
// as they are: vectors lie along the inputs, and each output is the sum of a vector's
// lanes. For many rows, and for gradients, see gemm.hpp.
#include "linears.h"

#include <ATen/ATen.h>
#include <immintrin.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "gemm.hpp"
#include "grid.hpp"
#include "guarded.h"
#include "rows.h"

namespace tx::linears {

constexpr int64_t outputs = 4;     // of a tile
constexpr int64_t block = 32;      // outputs of a thread's share, at least
constexpr int64_t few_rows = 96;   // beyond it [gemm] is faster
constexpr int64_t few_chunk = 768;   // inputs whose weights stay in the cache for a few rows
constexpr int64_t many_rows = 1024;  // whose inputs stay in a cache while all outputs are made

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

// Kernels are those of an instruction set.
struct Kernels {
  std::vector<tile_of *> few;  // few[r - 1] has r rows
  gemm::Kernels many;

  explicit Kernels(tx_isa isa) : many(isa) {
    if (isa >= TX_ISA_AVX512)
      few = {tile_avx512<1>, tile_avx512<2>, tile_avx512<3>, tile_avx512<4>, tile_avx512<5>, tile_avx512<6>};
    else if (many)
      few = {tile_avx2<1>, tile_avx2<2>, tile_avx2<3>};
  }

  // chunk is how many inputs are added while a panel's weights stay in a cache.
  int64_t chunk() const { return many.panel == gemm::widest ? 768 : 384; }
};

bool plain(const at::Tensor &t) { return t.is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous(); }

bool suits(const at::Tensor &x, const std::vector<at::Tensor> &weights, const std::vector<at::Tensor> &biases, const Kernels &kernels) {
  if (!kernels.many || !plain(x) || x.dim() < 1 || !x.numel() || x.size(-1) % gemm::lanes) return false;
  for (size_t i = 0; i < weights.size(); i++) {
    const at::Tensor &w = weights[i], &b = biases[i];
    if (!plain(w) || !plain(b) || w.dim() != 2 || w.size(1) != x.size(-1) || b.dim() != 1 || b.size(0) != w.size(0)) return false;
  }
  return true;
}

// Share is what a thread makes of a matrix of outputs: rows from begin to end, and
// width columns from first on.
struct Share {
  int64_t begin, end, first, width;
  float *to;
  int64_t stride;
  bool gelu;
};

// fill puts a·b + start into a share. panel_of(i, n) is the share's panel of b's rows from i to i + n.
template <class F>
void fill(const Kernels &kernels, gemm::Left a, int64_t k, const float *start, const Share &share, F panel_of) {
  for (int64_t r = share.begin; r < share.end; r += many_rows) {
    const int64_t rows = std::min(many_rows, share.end - r);
    float *to = share.to + r * share.stride + share.first;
    for (int64_t i = 0; i < k; i += kernels.chunk()) {
      const int64_t n = std::min(kernels.chunk(), k - i);
      gemm::add_panel(kernels.many, a.from(r, i), rows, panel_of(i, n), n, share.width, 1, i ? to : start ? start + share.first : nullptr,
                      i ? share.stride : 0, to, share.stride);
    }
    if (share.gelu)
      for (int64_t j = 0; j < rows; j++) gelu_row(to + j * share.stride, share.width);
  }
}

// product is [fill] with b [k, n] as it lies in memory: it is packed chunk by chunk.
void product(const Kernels &kernels, gemm::Left a, gemm::Right b, int64_t k, int64_t n, const float *start, const Share &share) {
  const gemm::Room panel(std::min(kernels.chunk(), k) * share.width);
  fill(kernels, a, k, start, share, [&](int64_t i, int64_t rows) {
    gemm::pack_panel(b.from(i, share.first), rows, n - share.first, share.width, panel.get());
    return panel.get();
  });
}

// Columns are panels of several matrices, to be shared among threads.
struct Columns {
  struct Panel {
    size_t matrix;
    int64_t first, width;
  };
  std::vector<Panel> panels;

  void add(size_t matrix, int64_t columns, int64_t width) {
    for (int64_t o = 0; o < columns; o += width) panels.push_back({matrix, o, std::min(width, columns - o)});
  }
};

// Packed are a layer's weights in panels, and its bias, both padded to whole lanes.
struct Packed {
  int64_t in, out, panel;
  at::Tensor weights, bias;

  Packed(const at::Tensor &weight, const at::Tensor &bias_, const gemm::Kernels &kernels) : in(weight.size(1)), out(weight.size(0)), panel(kernels.panel) {
    const int64_t padded = gemm::padded(out);
    weights = at::empty({padded * in}, weight.options());
    bias = at::constant_pad_nd(bias_, {0, padded - out});
    const float *from = weight.const_data_ptr<float>();
    float *to = weights.mutable_data_ptr<float>();
    at::parallel_for(0, (out + panel - 1) / panel, 1, [&](int64_t begin, int64_t end) {
      const int64_t first = begin * panel, last = std::min(end * panel, out);
      gemm::pack(kernels, gemm::Right{from, 1, in}.from(0, first), in, last - first, to + first * in);
    });
  }

  // panel_of are the weights of a share's outputs from input i on.
  const float *panel_of(const Share &share, int64_t i) const { return weights.const_data_ptr<float>() + share.first * in + i * share.width; }
};

// of_many applies layers of these numbers of outputs to x [rows, in], whose outputs
// fill_share(layer, share) makes.
template <class F>
std::vector<at::Tensor> of_many(const at::Tensor &x, const std::vector<int64_t> &sizes, bool gelu, const Kernels &kernels, F fill_share) {
  std::vector<at::Tensor> outs;
  Columns columns;
  for (int64_t n : sizes) {
    columns.add(outs.size(), gemm::padded(n), kernels.many.panel);
    outs.push_back(at::empty({x.size(0), gemm::padded(n)}, x.options()));
  }
  each_block(x.size(0), gemm::tile, columns.panels.size(), [&](int64_t i, int64_t begin, int64_t end) {
    const auto [layer, first, width] = columns.panels[i];
    fill_share(layer, Share{begin, end, first, width, outs[layer].mutable_data_ptr<float>(), outs[layer].size(1), gelu});
  });
  for (size_t i = 0; i < outs.size(); i++)
    if (outs[i].size(1) != sizes[i]) outs[i] = outs[i].narrow(1, 0, sizes[i]).contiguous();
  return outs;
}

// of_packed applies layers to x [rows, in].
std::vector<at::Tensor> of_packed(const at::Tensor &x, const std::vector<const Packed *> &layers, bool gelu, const Kernels &kernels) {
  std::vector<int64_t> sizes;
  for (const Packed *p : layers) {
    TORCH_CHECK(p->in == x.size(1) && p->panel == kernels.many.panel, "want rows of ", p->in, " for panels of ", p->panel, ", got ", x.sizes());
    sizes.push_back(p->out);
  }
  return of_many(x, sizes, gelu, kernels, [&](size_t layer, const Share &share) {
    const Packed &p = *layers[layer];
    fill(kernels, {x.const_data_ptr<float>(), p.in, 1}, p.in, p.bias.const_data_ptr<float>(), share,
         [&](int64_t k, int64_t) { return p.panel_of(share, k); });
  });
}

// of_few applies layers to a few rows.
std::vector<at::Tensor> of_few(const at::Tensor &x, const std::vector<at::Tensor> &weights, const std::vector<at::Tensor> &biases, const Kernels &kernels) {
  const int64_t rows = x.size(0), in = x.size(1), tile = kernels.few.size();
  std::vector<at::Tensor> outs;
  Columns columns;
  for (const at::Tensor &w : weights) {
    columns.add(outs.size(), w.size(0), block);
    outs.push_back(at::empty({rows, w.size(0)}, x.options()));
  }
  each_block(rows, tile, columns.panels.size(), [&](int64_t p, int64_t begin, int64_t end) {
    const auto [layer, first, width] = columns.panels[p];
    const int64_t stride = outs[layer].size(1);
    const float *from = x.const_data_ptr<float>(), *w = weights[layer].const_data_ptr<float>() + first * in;
    float *to = outs[layer].mutable_data_ptr<float>() + first;
    for (int64_t r = begin; r < end; r++) memcpy(to + r * stride, biases[layer].const_data_ptr<float>() + first, width * sizeof(float));
    for (int64_t i = 0; i < in; i += few_chunk)
      for (int64_t o = 0; o < width; o += outputs)
        for (int64_t r = begin; r < end; r += tile)
          kernels.few[std::min(tile, end - r) - 1](from + r * in + i, w + o * in + i, std::min(few_chunk, in - i), in, to + r * stride + o, stride);
  });
  return outs;
}

// linears applies layers to x [rows, in].
std::vector<at::Tensor> linears(const at::Tensor &x, const std::vector<at::Tensor> &weights, const std::vector<at::Tensor> &biases, const Kernels &kernels) {
  const int64_t rows = x.size(0), in = x.size(1);
  const bool whole = std::all_of(weights.begin(), weights.end(), [](const at::Tensor &w) { return w.size(0) % block == 0; });
  if (rows <= few_rows && whole) return of_few(x, weights, biases, kernels);
  std::vector<int64_t> sizes;
  std::vector<at::Tensor> starts;
  for (size_t i = 0; i < weights.size(); i++) {
    const int64_t n = weights[i].size(0);
    sizes.push_back(n), starts.push_back(at::constant_pad_nd(biases[i], {0, gemm::padded(n) - n}));
  }
  return of_many(x, sizes, false, kernels, [&](size_t layer, const Share &share) {
    product(kernels, {x.const_data_ptr<float>(), in, 1}, {weights[layer].const_data_ptr<float>(), 1, in}, in, sizes[layer],
            starts[layer].const_data_ptr<float>(), share);
  });
}

// inputs_gradient is dy·W.
at::Tensor inputs_gradient(const at::Tensor &dy, const at::Tensor &weight, const Kernels &kernels) {
  const int64_t rows = dy.size(0), out = dy.size(1), in = weight.size(1);
  at::Tensor dx = at::empty({rows, in}, dy.options());
  const float *from = dy.const_data_ptr<float>(), *w = weight.const_data_ptr<float>();
  float *to = dx.mutable_data_ptr<float>();
  Columns columns;
  columns.add(0, in, kernels.many.panel);
  each_block(rows, gemm::tile, columns.panels.size(), [&](int64_t p, int64_t begin, int64_t end) {
    const auto [_, first, width] = columns.panels[p];
    product(kernels, {from, out, 1}, {w, in, 1}, out, in, nullptr, {begin, end, first, width, to, in, false});
  });
  return dx;
}

// weights_gradient is dyᵀ·x. A chunk of dy's rows is packed in tiles of columns, since
// reading columns as they lie takes long.
at::Tensor weights_gradient(const at::Tensor &dy, const at::Tensor &x, const Kernels &kernels) {
  const int64_t rows = dy.size(0), out = dy.size(1), in = x.size(1), chunk = kernels.chunk();
  const int64_t tiles = (out + gemm::tile - 1) / gemm::tile;
  at::Tensor dw = at::empty({out, in}, dy.options());
  const float *dys = dy.const_data_ptr<float>(), *xs = x.const_data_ptr<float>();
  float *to = dw.mutable_data_ptr<float>();
  Columns columns;
  columns.add(0, in, kernels.many.panel);
  const gemm::Room left(tiles * gemm::tile * std::min(chunk, rows));
  for (int64_t i = 0; i < rows; i += chunk) {
    const int64_t n = std::min(chunk, rows - i);
    at::parallel_for(0, tiles, 8, [&](int64_t begin, int64_t end) {
      for (int64_t j = 0; j < n; j++)
        for (int64_t t = begin; t < end; t++)
          memcpy(left.get() + (t * n + j) * gemm::tile, dys + (i + j) * out + t * gemm::tile, std::min(gemm::tile, out - t * gemm::tile) * sizeof(float));
    });
    each_block(out, gemm::tile, columns.panels.size(), [&](int64_t p, int64_t begin, int64_t end) {
      const auto [_, first, width] = columns.panels[p];
      const gemm::Room panel(n * width);
      gemm::pack_panel(gemm::Right{xs, in, 1}.from(i, first), n, in - first, width, panel.get());
      for (int64_t o = begin; o < end; o += gemm::tile) {
        float *of = to + o * in + first;
        gemm::add_panel(kernels.many, {left.get() + o * n, 1, gemm::tile}, std::min(gemm::tile, end - o), panel.get(), n, width, 1,
                        i ? of : nullptr, in, of, in);
      }
    });
  }
  return dw;
}

struct Learnt : torch::autograd::Function<Learnt> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, int64_t isa) {
    ctx->save_for_backward({x, weight});
    ctx->saved_data["isa"] = isa;
    return linears(x, {weight}, {bias}, Kernels(static_cast<tx_isa>(isa)))[0];
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const Kernels kernels(static_cast<tx_isa>(ctx->saved_data["isa"].toInt()));
    const at::Tensor dy = grads[0].contiguous();
    at::Tensor dx, dw, db;
    if (ctx->needs_input_grad(0)) dx = inputs_gradient(dy, saved[1], kernels);
    if (ctx->needs_input_grad(1)) dw = weights_gradient(dy, saved[0], kernels);
    if (ctx->needs_input_grad(2)) db = dy.sum(0);
    return {dx, dw, db, at::Tensor()};
  }
};

bool learns(const at::Tensor &x, const std::vector<at::Tensor> &weights, const std::vector<at::Tensor> &biases) {
  if (!at::GradMode::is_enabled()) return false;
  bool any = x.requires_grad();
  for (size_t i = 0; i < weights.size(); i++) any = any || weights[i].requires_grad() || biases[i].requires_grad();
  return any;
}

}  // namespace tx::linears

namespace {

// as_rows sees x [..., in] as [rows, in], and as_input the outputs as [..., out].
at::Tensor as_rows(const at::Tensor &x) { return x.dim() == 2 ? x : x.view({-1, x.size(-1)}); }

at::Tensor as_input(const at::Tensor &y, const at::Tensor &x) {
  if (x.dim() == 2) return y;
  auto shape = x.sizes().vec();
  shape.back() = y.size(1);
  return y.view(shape);
}

}  // namespace

char *tx_linears(tx_tensor *outs, bool *done, tx_tensor input, const tx_tensor *weights, const tx_tensor *biases, int64_t n, tx_isa isa) {
  return tx::guarded([&] {
    const tx::linears::Kernels kernels(isa);
    std::vector<at::Tensor> w, b, results;
    for (int64_t i = 0; i < n; i++) w.push_back(tx::T(weights[i])), b.push_back(tx::T(biases[i]));
    *done = tx::linears::suits(tx::T(input), w, b, kernels);
    if (!*done) return;
    const at::Tensor x = as_rows(tx::T(input));
    if (!tx::linears::learns(x, w, b))
      results = tx::linears::linears(x, w, b, kernels);
    else
      for (int64_t i = 0; i < n; i++) results.push_back(tx::linears::Learnt::apply(x, w[i], b[i], static_cast<int64_t>(isa)));
    for (int64_t i = 0; i < n; i++) outs[i] = new at::Tensor(as_input(results[i], tx::T(input)));
  });
}

char *tx_linear_pack(tx_packed *packed, tx_tensor weight, tx_tensor bias, tx_isa isa) {
  return tx::guarded([&] {
    at::NoGradGuard no_grad;
    const tx::linears::Kernels kernels(isa);
    const at::Tensor w = tx::T(weight), b = bias ? tx::T(bias) : at::zeros({w.size(0)}, w.options());
    *packed = tx::linears::suits(at::empty({1, w.size(1)}), {w}, {b}, kernels) ? new tx::linears::Packed(w, b, kernels.many) : nullptr;
  });
}

void tx_linear_free(tx_packed packed) { delete static_cast<tx::linears::Packed *>(packed); }

char *tx_packed_linears(tx_tensor *outs, tx_tensor input, const tx_packed *packed, int64_t n, bool gelu, tx_isa isa) {
  return tx::guarded([&] {
    std::vector<const tx::linears::Packed *> layers;
    for (int64_t i = 0; i < n; i++) layers.push_back(static_cast<const tx::linears::Packed *>(packed[i]));
    const at::Tensor x = tx::T(input).contiguous();
    TORCH_CHECK(x.is_cpu() && x.scalar_type() == at::kFloat, "want float32 on the CPU, got ", x.toString());
    const auto results = tx::linears::of_packed(as_rows(x), layers, gelu, tx::linears::Kernels(isa));
    for (int64_t i = 0; i < n; i++) outs[i] = new at::Tensor(as_input(results[i], x));
  });
}
