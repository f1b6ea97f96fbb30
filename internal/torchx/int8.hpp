#include "int8.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "grid.hpp"
#include "guarded.h"
#include "int8_products.hpp"
#include "rows.h"

namespace tx::int8 {

int64_t round_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// Packed are a linear layer's weights. They are stored as w + 128, unsigned, as
// the instructions want one factor.
struct Packed {
  int64_t in, out;
  int64_t groups;      // of inputs, with padding
  at::Tensor weights;  // [out/panel][groups][panel][group]
  std::vector<float> scale, bias;

  int64_t blocks() const { return (out + block - 1) / block; }
  const uint8_t *weights_of(int64_t b) const { return weights.const_data_ptr<uint8_t>() + b * block * groups * group; }
};

// to_whole is what a row's numbers are multiplied with, of which most is the largest
// magnitude: 0 where that is so small that no finite number would do.
float to_whole(float most) {
  float factor = 127 / most;
  return std::isfinite(factor) ? factor : 0;
}

Packed *pack(const at::Tensor &weight, const at::Tensor &bias) {
  auto p = std::make_unique<Packed>();
  p->out = weight.size(0), p->in = weight.size(1), p->groups = round_up(p->in, padded_inputs) / group;
  int64_t padded = p->blocks() * block;
  p->weights = at::full({padded * p->groups * group}, 128, at::kByte);
  p->scale.assign(padded, 0), p->bias.assign(padded, 0);
  const float *w = weight.const_data_ptr<float>();
  for (int64_t o = 0; o < p->out; o++, w += p->in) {
    float most = max_abs_row(w, p->in), inverse = to_whole(most);
    TORCH_CHECK(std::isfinite(most), "the weights of output ", o, " are not finite");
    p->scale[o] = most / 127;
    if (bias.defined()) p->bias[o] = bias.const_data_ptr<float>()[o];
    uint8_t *to = p->weights.mutable_data_ptr<uint8_t>() + (o / panel * p->groups * panel + o % panel) * group;
    for (int64_t i = 0; i < p->in; i++)
      to[i / group * panel * group + i % group] = static_cast<uint8_t>(128 + std::lrint(w[i] * inverse));
  }
  return p.release();
}

// has_extras reports whether a pair is too large for [Products].
TX_CLONES bool has_extras(const int8_t *row, int64_t n) {
  int most = 0;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i += 2) {
    int pair = std::abs(row[i] + row[i + 1]);
    most = pair > most ? pair : most;
  }
  return most > 128;
}

// take_extras makes a row's pairs small enough, and returns what it took.
std::vector<Extra> take_extras(int8_t *row, int64_t stride) {
  std::vector<Extra> extras;
  for (int64_t at = 0; at < stride; at += padded_inputs) {
    if (!has_extras(row + at, padded_inputs)) continue;
    for (int64_t i = at; i < at + padded_inputs; i += 2) {
      int pair = row[i] + row[i + 1];
      if (std::abs(pair) <= 128) continue;
      int64_t larger = std::abs(row[i]) < std::abs(row[i + 1]) ? i + 1 : i;
      int8_t much = static_cast<int8_t>(pair > 0 ? pair - 128 : pair + 128);
      row[larger] -= much;
      if (extras.empty() || extras.back().group != i / group) extras.push_back({i / group, {}});
      extras.back().four[larger % group] = much;
    }
  }
  return extras;
}

// Rounded are rows of activations in 8 bits.
struct Rounded {
  int64_t stride;       // bytes of a row, with padding
  at::Tensor values;    // [rows, stride]; rows of 0 fill the last tile
  std::vector<float> scale;
  std::vector<int32_t> shift;  // 128 times the row's sum: what the weights' 128 adds to its products
  std::vector<std::vector<Extra>> extras;

  Rounded(const at::Tensor &x, const Products &products);
  const int8_t *row(int64_t r) const { return values.const_data_ptr<int8_t>() + r * stride; }
};

constexpr int64_t few = 1 << 15;  // numbers that aren't worth another thread

Rounded::Rounded(const at::Tensor &x, const Products &products) {
  int64_t rows = x.size(0), in = x.size(1), padded = round_up(rows, products.rows);
  stride = round_up(in, padded_inputs);
  values = at::empty({padded, stride}, at::kChar);
  scale.resize(rows), shift.resize(rows);
  if (products.extra) extras.resize(rows);
  const float *from = x.const_data_ptr<float>();
  int8_t *to = values.mutable_data_ptr<int8_t>();
  memset(to + rows * stride, 0, (padded - rows) * stride);
  at::parallel_for(0, rows, few / stride + 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      int8_t *row = to + r * stride;
      float most = max_abs_row(from + r * in, in);
      shift[r] = 128 * round_row(from + r * in, in, to_whole(most), row);
      scale[r] = std::isfinite(most) ? most / 127 : NAN;  // a row that isn't finite has no finite result
      memset(row + in, 0, stride - in);
      if (products.extra) extras[r] = take_extras(row, stride);
    }
  });
}

// Outputs are those of one of several layers.
struct Outputs {
  const Packed *layer;
  at::Tensor to;  // [rows, layer.out]
};

// fill_block computes a block of outputs for the rows from begin to end.
void fill_block(const Rounded &x, const Products &products, const Outputs &out, int64_t b, int64_t begin, int64_t end, bool gelu) {
  const Packed &p = *out.layer;
  int64_t first = b * block, n = std::min(block, p.out - first);
  float *to = out.to.mutable_data_ptr<float>() + first;
  alignas(64) int32_t sums[most_rows * block];
  for (int64_t t = begin; t < end; t += products.rows) {
    products.sums(x.row(t), x.stride, p.weights_of(b), p.groups, sums);
    for (int64_t r = t; r < std::min(end, t + products.rows); r++) {
      int32_t *of = sums + (r - t) * block;
      if (products.extra && !x.extras[r].empty())
        products.extra(x.extras[r].data(), x.extras[r].size(), p.weights_of(b), p.groups, of);
      finish_row(of, x.shift[r], x.scale[r], p.scale.data() + first, p.bias.data() + first, n, to + r * p.out);
      if (gelu) gelu_row(to + r * p.out, n);
    }
  }
}

// linears applies layers that have the same inputs to x.
std::vector<at::Tensor> linears(const at::Tensor &input, const std::vector<const Packed *> &layers, bool gelu, tx_isa isa) {
  at::Tensor x = input.to(at::kFloat).contiguous();
  std::vector<Outputs> outs;
  std::vector<std::pair<size_t, int64_t>> blocks;  // of all layers
  for (const Packed *p : layers) {
    TORCH_CHECK(x.dim() == 2 && x.size(1) == p->in, "want rows of ", p->in, ", got ", x.sizes());
    for (int64_t b = 0; b < p->blocks(); b++) blocks.push_back({outs.size(), b});
    outs.push_back({p, at::empty({x.size(0), p->out}, x.options())});
  }
  const Products products = products_of(isa);
  const Rounded rounded(x, products);

  each_block(x.size(0), products.rows, blocks.size(), [&](int64_t i, int64_t begin, int64_t end) {
    std::optional<Tiles> registers;
    if (isa == TX_ISA_AMX) registers.emplace();
    auto [layer, b] = blocks[i];
    fill_block(rounded, products, outs[layer], b, begin, end, gelu);
  });
  std::vector<at::Tensor> result;
  for (const Outputs &out : outs) result.push_back(out.to);
  return result;
}

}  // namespace tx::int8

char *tx_int8_pack(tx_int8 *packed, tx_tensor weight, tx_tensor bias) {
  return tx::guarded([&] {
    at::NoGradGuard no_grad;
    at::Tensor w = tx::T(weight).detach().to(at::kCPU, at::kFloat).contiguous(), b;
    TORCH_CHECK(w.dim() == 2, "want weights [out, in], got ", w.sizes());
    if (bias) b = tx::T(bias).detach().to(at::kCPU, at::kFloat).contiguous();
    *packed = tx::int8::pack(w, b);
  });
}

void tx_int8_free(tx_int8 packed) { delete static_cast<tx::int8::Packed *>(packed); }

char *tx_int8_linears(tx_tensor *outs, tx_tensor x, const tx_int8 *packed, int64_t n, bool gelu, tx_isa isa) {
  return tx::guarded([&] {
    TORCH_CHECK(tx_has_isa(isa), "this processor has no ", tx_isa_name(isa));
    std::vector<const tx::int8::Packed *> layers;
    for (int64_t i = 0; i < n; i++) layers.push_back(static_cast<const tx::int8::Packed *>(packed[i]));
    std::vector<at::Tensor> results = tx::int8::linears(tx::T(x), layers, gelu, isa);
    for (int64_t i = 0; i < n; i++) outs[i] = new at::Tensor(results[i]);
  });
}
