// Attention over packed sequences, forward and backward, in blocks of queries:
// for each sequence and head a block of scores is made, normalised, dropped
// from and used while it lies in the cache, and made again in the backward
// pass. The mathematics is FlashAttention's (Dao et al. 2022), except that a
// block has all keys of its sequence, at most 512: no running maximum is needed.
#include "sequences.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <cstring>
#include <mutex>
#include <vector>

#include "gemm.hpp"
#include "guarded.h"
#include "random.h"
#include "rows.h"

#ifndef _OPENMP
#error "at::parallel_for needs -fopenmp here: without it the kernels run on one thread"
#endif

// BLAS, which libtorch_cpu carries: C = alpha·op(A)·op(B) + beta·C, column-major.
extern "C" void sgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k, const float *alpha,
                       const float *a, const int *lda, const float *b, const int *ldb, const float *beta, float *c, const int *ldc);

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using tx::guarded;
using tx::T;

// draw_seed takes 64 bits from libtorch's generator, which [Seed] sets.
uint64_t draw_seed() {
  auto generator = at::detail::getDefaultCPUGenerator();
  std::lock_guard<std::mutex> lock(generator.mutex());
  return at::check_generator<at::CPUGeneratorImpl>(generator)->random64();
}

// Products are those of an instruction set, or BLAS's.
struct Products {
  tx::gemm::Kernels kernels;

  Products(tx_isa isa, int64_t head_dim) : kernels(head_dim % tx::gemm::lanes ? TX_ISA_PORTABLE : isa) {}

  // prepared is b [k, n], which [multiply] wants, in the caller's room of k·padded(n) floats.
  tx::gemm::Right prepared(tx::gemm::Right b, int64_t k, int64_t n, float *room) const {
    if (!kernels) return b;
    tx::gemm::pack(kernels, b, k, n, room);
    return {room, 0, 0};
  }

  // multiply is c = scale·a·b, plus c if more. c is [m, n], and has room for padded(n) columns.
  void multiply(tx::gemm::Left a, int64_t m, tx::gemm::Right b, int64_t k, int64_t n, float scale, bool more, float *c, int64_t stride) const {
    if (kernels) {
      tx::gemm::multiply(kernels, a, m, b.values, k, n, scale, more, c, stride);
      return;
    }
    const bool turn_a = a.row == 1, turn_b = b.row == 1;
    const char ta = turn_a ? 'T' : 'N', tb = turn_b ? 'T' : 'N';
    const int M = m, N = n, K = k, ldc = stride;  // a stride that isn't used may be less than BLAS allows
    const int lda = turn_a ? std::max(a.column, m) : std::max(a.row, k), ldb = turn_b ? std::max(b.column, k) : std::max(b.row, n);
    const float beta = more;
    sgemm_(&tb, &ta, &N, &M, &K, &scale, b.values, &ldb, a.values, &lda, &beta, c, &ldc);
  }
};

constexpr int64_t block = 128;  // queries at once: 128×512 scores are 256 KiB

// Sizes says how the packed matrices are cut.
struct Sizes {
  std::vector<int64_t> starts, lengths;  // of each sequence, in tokens
  int64_t tokens, heads, head_dim, dim;
  int64_t longest;
};

Sizes sizes_of(const at::Tensor &q, const int64_t *lengths, int64_t sequences, int64_t heads) {
  TORCH_CHECK(q.dim() == 2, "want [tokens, dim], got ", q.sizes());
  Sizes s;
  s.tokens = q.size(0), s.dim = q.size(1), s.heads = heads, s.longest = 0;
  TORCH_CHECK(heads > 0 && s.dim % heads == 0, s.dim, " dimensions aren't a multiple of ", heads, " heads");
  s.head_dim = s.dim / heads;
  int64_t at = 0;
  for (int64_t i = 0; i < sequences; i++) {
    TORCH_CHECK(lengths[i] > 0, "sequence ", i, " has ", lengths[i], " tokens");
    s.starts.push_back(at), s.lengths.push_back(lengths[i]);
    at += lengths[i];
    s.longest = std::max(s.longest, lengths[i]);
  }
  TORCH_CHECK(at == s.tokens, "the sequences have ", at, " tokens, the matrix ", s.tokens);
  return s;
}

// each runs f(sequence, head, thread's scratch) for every sequence and head. A
// thread has whole heads as far as possible: they are equally much work.
template <class F>
void each(const Sizes &s, int64_t scratch, F f) {
  int64_t sequences = s.lengths.size();
  at::parallel_for(0, sequences * s.heads, 1, [&](int64_t begin, int64_t end) {
    const tx::gemm::Room memory(scratch);
    for (int64_t pair = begin; pair < end; pair++) f(pair % sequences, pair / sequences, memory.get());
  });
}

// forward fills out [tokens, dim] and lse [heads, tokens].
void forward(const Sizes &s, const Products &products, const float *q, const float *k, const float *v, float *out, float *lse,
             const tx::Dropout &drop, uint64_t seed) {
  const float scale = 1 / std::sqrt(static_cast<float>(s.head_dim));
  const int64_t longest = tx::gemm::padded(s.longest), room = longest * s.head_dim;
  each(s, 2 * room + block * longest, [&](int64_t seq, int64_t head, float *scratch) {
    const int64_t start = s.starts[seq], length = s.lengths[seq], at = start * s.dim + head * s.head_dim, stride = tx::gemm::padded(length);
    float *p = scratch + 2 * room;  // [rows, length]
    const auto keys = products.prepared({k + at, 1, s.dim}, s.head_dim, length, scratch);           // [head_dim, length]
    const auto values = products.prepared({v + at, s.dim, 1}, length, s.head_dim, scratch + room);   // [length, head_dim]
    for (int64_t first = 0; first < length; first += block) {
      int64_t rows = std::min(block, length - first), here = at + first * s.dim;
      products.multiply({q + here, s.dim, 1}, rows, keys, s.head_dim, length, scale, false, p, stride);
      for (int64_t i = 0; i < rows; i++) {
        float *row = p + i * stride;
        float top = tx::max_row(row, length);
        float sum = tx::exp_row(row, length, top);
        uint64_t number = head * s.tokens + start + first + i;
        lse[number] = top + std::log(sum);
        if (drop.threshold)
          tx::drop_row(row, length, tx::row_key(seed, number), drop.threshold, drop.scale / sum);
        else
          tx::scale_row(row, length, 1 / sum);
      }
      products.multiply({p, stride, 1}, rows, values, length, s.head_dim, 1, false, out + here, s.dim);
    }
  });
}

// backward fills dq, dk and dv, all [tokens, dim].
void backward(const Sizes &s, const Products &products, const float *q, const float *k, const float *v, const float *out, const float *lse,
              const float *dout, float *dq, float *dk, float *dv, const tx::Dropout &drop, uint64_t seed) {
  const float scale = 1 / std::sqrt(static_cast<float>(s.head_dim));
  const int64_t longest = tx::gemm::padded(s.longest), room = longest * s.head_dim, of_block = block * s.head_dim;
  each(s, 3 * room + 2 * of_block + 2 * block * longest, [&](int64_t seq, int64_t head, float *scratch) {
    const int64_t start = s.starts[seq], length = s.lengths[seq], at = start * s.dim + head * s.head_dim, stride = tx::gemm::padded(length);
    float *blocks = scratch + 3 * room, *p = blocks + 2 * of_block, *dp = p + block * longest;
    const auto keys = products.prepared({k + at, 1, s.dim}, s.head_dim, length, scratch);
    const auto values = products.prepared({v + at, 1, s.dim}, s.head_dim, length, scratch + room);
    const auto keys_down = products.prepared({k + at, s.dim, 1}, length, s.head_dim, scratch + 2 * room);
    for (int64_t first = 0; first < length; first += block) {
      const int64_t rows = std::min(block, length - first), here = at + first * s.dim;
      const bool more = first > 0;
      products.multiply({q + here, s.dim, 1}, rows, keys, s.head_dim, length, scale, false, p, stride);
      products.multiply({dout + here, s.dim, 1}, rows, values, s.head_dim, length, 1, false, dp, stride);
      for (int64_t i = 0; i < rows; i++) {
        uint64_t number = head * s.tokens + start + first + i;
        tx::exp_row(p + i * stride, length, lse[number]);
        float mean = tx::dot_rows(out + here + i * s.dim, dout + here + i * s.dim, s.head_dim);
        tx::grad_row(p + i * stride, dp + i * stride, length, mean, tx::row_key(seed, number), drop.threshold, drop.scale);
      }
      const auto douts = products.prepared({dout + here, s.dim, 1}, rows, s.head_dim, blocks);
      const auto queries = products.prepared({q + here, s.dim, 1}, rows, s.head_dim, blocks + of_block);
      products.multiply({p, 1, stride}, length, douts, rows, s.head_dim, 1, more, dv + at, s.dim);
      products.multiply({dp, stride, 1}, rows, keys_down, length, s.head_dim, scale, false, dq + here, s.dim);
      products.multiply({dp, 1, stride}, length, queries, rows, s.head_dim, scale, more, dk + at, s.dim);
    }
  });
}

at::Tensor plain(const at::Tensor &x) { return x.detach().to(at::kFloat).contiguous(); }

struct SequenceAttention : torch::autograd::Function<SequenceAttention> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, std::vector<int64_t> lengths,
                            int64_t heads, double p, int64_t isa) {
    Sizes s = sizes_of(q, lengths.data(), lengths.size(), heads);
    TORCH_CHECK(k.sizes() == q.sizes() && v.sizes() == q.sizes(), "q, k and v want one shape");
    at::Tensor Q = plain(q), K = plain(k), V = plain(v);
    at::Tensor out = at::empty_like(Q), lse = at::empty({heads, s.tokens}, Q.options());
    tx::Dropout drop(p);
    uint64_t seed = drop.threshold ? draw_seed() : 0;
    ::forward(s, Products(static_cast<tx_isa>(isa), s.head_dim), Q.const_data_ptr<float>(), K.const_data_ptr<float>(), V.const_data_ptr<float>(), out.mutable_data_ptr<float>(),
              lse.mutable_data_ptr<float>(), drop, seed);
    ctx->save_for_backward({Q, K, V, out, lse});
    ctx->saved_data["lengths"] = lengths;
    ctx->saved_data["heads"] = heads;
    ctx->saved_data["p"] = p;
    ctx->saved_data["isa"] = isa;
    ctx->saved_data["seed"] = static_cast<int64_t>(seed);
    ctx->saved_data["type"] = static_cast<int64_t>(q.scalar_type());
    return out.to(q.scalar_type());
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    auto lengths = ctx->saved_data["lengths"].toIntVector();
    auto type = static_cast<at::ScalarType>(ctx->saved_data["type"].toInt());
    Sizes s = sizes_of(saved[0], lengths.data(), lengths.size(), ctx->saved_data["heads"].toInt());
    at::Tensor dout = plain(grads[0]);
    at::Tensor dq = at::empty_like(dout), dk = at::empty_like(dout), dv = at::empty_like(dout);
    const Products products(static_cast<tx_isa>(ctx->saved_data["isa"].toInt()), s.head_dim);
    ::backward(s, products, saved[0].const_data_ptr<float>(), saved[1].const_data_ptr<float>(), saved[2].const_data_ptr<float>(),
               saved[3].const_data_ptr<float>(), saved[4].const_data_ptr<float>(), dout.const_data_ptr<float>(), dq.mutable_data_ptr<float>(),
               dk.mutable_data_ptr<float>(), dv.mutable_data_ptr<float>(), tx::Dropout(ctx->saved_data["p"].toDouble()),
               static_cast<uint64_t>(ctx->saved_data["seed"].toInt()));
    return {dq.to(type), dk.to(type), dv.to(type), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

// Blocks of a tensor that one hash key serves in tx_dropout.
constexpr int64_t stripe = 4096;

void drop_all(const float *x, float *y, int64_t n, const tx::Dropout &drop, uint64_t seed) {
  at::parallel_for(0, (n + stripe - 1) / stripe, 8, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      int64_t size = std::min(stripe, n - i * stripe);
      memcpy(y + i * stripe, x + i * stripe, size * sizeof(float));
      tx::drop_row(y + i * stripe, size, tx::row_key(seed, i), drop.threshold, drop.scale);
    }
  });
}

at::Tensor dropped(const at::Tensor &x, double p, uint64_t seed) {
  at::Tensor in = plain(x), out = at::empty_like(in);
  drop_all(in.const_data_ptr<float>(), out.mutable_data_ptr<float>(), in.numel(), tx::Dropout(p), seed);
  return out.to(x.scalar_type());
}

struct HashDropout : torch::autograd::Function<HashDropout> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x, double p) {
    uint64_t seed = draw_seed();
    ctx->saved_data["p"] = p;
    ctx->saved_data["seed"] = static_cast<int64_t>(seed);
    return dropped(x, p, seed);
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    return {dropped(grads[0], ctx->saved_data["p"].toDouble(), static_cast<uint64_t>(ctx->saved_data["seed"].toInt())), at::Tensor()};
  }
};

// rows_of are where the packed rows stand in a padded batch, seen as
// [sequences·longest] rows.
at::Tensor rows_of(const std::vector<int64_t> &lengths, int64_t longest, at::Device device) {
  std::vector<int64_t> rows;
  for (size_t i = 0; i < lengths.size(); i++)
    for (int64_t j = 0; j < lengths[i]; j++) rows.push_back(static_cast<int64_t>(i) * longest + j);
  return at::tensor(rows).to(device);
}

at::Tensor unpack(const at::Tensor &x, const std::vector<int64_t> &lengths, int64_t longest) {
  int64_t sequences = lengths.size();
  if (x.size(0) == sequences * longest) return x.view({sequences, longest, x.size(1)});
  at::Tensor padded = at::zeros({sequences * longest, x.size(1)}, x.options().requires_grad(false));
  return padded.index_copy(0, rows_of(lengths, longest, x.device()), x).view({sequences, longest, x.size(1)});
}

// padded_attention is for other devices than the CPU: libtorch's attention on
// a padded batch.
at::Tensor padded_attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const std::vector<int64_t> &lengths, int64_t heads,
                            double p) {
  Sizes s = sizes_of(q, lengths.data(), lengths.size(), heads);
  int64_t sequences = lengths.size();
  auto split = [&](const at::Tensor &x) {  // [sequences, heads, longest, head_dim]
    return unpack(x, lengths, s.longest).view({sequences, s.longest, heads, s.head_dim}).transpose(1, 2);
  };
  at::Tensor count = at::tensor(lengths).to(q.device());
  at::Tensor mask = (at::arange(s.longest, count.options()).unsqueeze(0) < count.unsqueeze(1)).view({sequences, 1, 1, s.longest});
  at::Tensor out = at::scaled_dot_product_attention(split(q), split(k), split(v), mask, p);
  return out.transpose(1, 2).reshape({sequences * s.longest, s.dim}).index_select(0, rows_of(lengths, s.longest, q.device()));
}

}  // namespace

char *tx_sequence_attention(tx_tensor *out, tx_tensor q, tx_tensor k, tx_tensor v, const int64_t *lengths, int64_t sequences,
                            int64_t heads, double dropout, tx_isa isa) {
  return guarded([&] {
    std::vector<int64_t> list(lengths, lengths + sequences);
    at::Tensor result = T(q).is_cpu() ? SequenceAttention::apply(T(q), T(k), T(v), list, heads, dropout, static_cast<int64_t>(isa))
                                      : padded_attention(T(q), T(k), T(v), list, heads, dropout);
    *out = new at::Tensor(result);
  });
}

char *tx_dropout(tx_tensor *out, tx_tensor x, double p) {
  return guarded([&] { *out = new at::Tensor(T(x).is_cpu() ? HashDropout::apply(T(x), p) : at::dropout(T(x), p, true)); });
}

char *tx_unpack(tx_tensor *out, tx_tensor x, const int64_t *lengths, int64_t sequences, int64_t longest) {
  return guarded([&] { *out = new at::Tensor(unpack(T(x), std::vector<int64_t>(lengths, lengths + sequences), longest)); });
}
