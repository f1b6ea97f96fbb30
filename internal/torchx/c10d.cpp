#define USE_C10D_GLOO
#include "c10d.h"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "guarded.h"
#include "nccl.h"

namespace {

using tx::guarded;
using tx::T;

using Store = c10::intrusive_ptr<c10d::Store>;

// Group adds up what lies on the CPU by Gloo, and, where it has NCCL, what lies on
// a GPU by that.
struct Group {
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
  c10::intrusive_ptr<c10d::Backend> nccl;
};

Store &S(tx_store store) { return *static_cast<Store *>(store); }
Group &G(tx_group group) { return *static_cast<Group *>(group); }

// Work is a collective under way, with the memory that it works on.
struct Work {
  std::vector<c10::intrusive_ptr<c10d::Work>> running;
  std::vector<at::Tensor> buckets;
  at::Tensor notes;
};

Work &W(tx_work work) { return *static_cast<Work *>(work); }

// quiet keeps c10d from logging a stack trace for every connection that breaks:
// an error says what there is to say. TORCH_CPP_LOG_LEVEL is heeded.
void quiet() {
  constexpr int errors_alone = 2;
  if (getenv("TORCH_CPP_LOG_LEVEL"))
    c10::initLogging();
  else
    FLAGS_caffe2_log_level = errors_alone;
}

void add_up(const Group &group, Work &work, const at::Tensor &x) {
  std::vector<at::Tensor> list{x};
  work.running.push_back(x.is_cuda() ? group.nccl->allreduce(list) : group.gloo->allreduce(list));
}

// each_bucket calls f(first, last, elements) for runs of parameters that fill a
// bucket.
template <class F>
void each_bucket(tx_tensor *params, int64_t n, int64_t bucket_bytes, F f) {
  int64_t first = 0, elements = 0;
  for (int64_t i = 0; i < n; i++) {
    elements += T(params[i]).numel();
    if (elements * 4 >= bucket_bytes || i + 1 == n) {
      f(first, i + 1, elements);
      first = i + 1, elements = 0;
    }
  }
}

// pack lays gradients one after another, 0 where there is none: where they lie if
// there is NCCL, otherwise on the CPU.
at::Tensor pack(const Group &group, tx_tensor *params, int64_t first, int64_t last, int64_t elements, bool bf16) {
  at::Device device = group.nccl ? T(params[first]).device() : at::Device(at::kCPU);
  at::Tensor flat = at::empty({elements}, at::TensorOptions().device(device).dtype(bf16 ? at::kBFloat16 : at::kFloat));
  int64_t at = 0;
  for (int64_t i = first; i < last; i++) {
    const at::Tensor &p = T(params[i]);
    at::Tensor part = flat.narrow(0, at, p.numel());
    if (p.grad().defined())
      part.copy_(p.grad().reshape({-1}));
    else
      part.zero_();
    at += p.numel();
  }
  return flat;
}

}  // namespace

char *tx_store_open(tx_store *out, const char *host, int port, bool serve, const char *prefix, int64_t timeout_ms) {
  return guarded([&] {
    quiet();
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(port);
    options.isServer = serve;
    options.waitWorkers = false;
    options.timeout = std::chrono::milliseconds(timeout_ms);
    auto store = c10::make_intrusive<c10d::TCPStore>(host, options);
    *out = new Store(c10::make_intrusive<c10d::PrefixStore>(prefix, store));
  });
}

char *tx_store_clone(tx_store *out, tx_store store) {
  return guarded([&] { *out = new Store(S(store)->clone()); });
}

void tx_store_close(tx_store store) { delete static_cast<Store *>(store); }

char *tx_store_set(tx_store store, const char *key, const void *data, size_t bytes) {
  return guarded([&] {
    auto begin = static_cast<const uint8_t *>(data);
    S(store)->set(key, std::vector<uint8_t>(begin, begin + bytes));
  });
}

char *tx_store_get(char **out, size_t *bytes, tx_store store, const char *key) {
  return guarded([&] {
    auto value = S(store)->get(key);
    *bytes = value.size();
    *out = static_cast<char *>(malloc(value.size() + 1));
    memcpy(*out, value.data(), value.size());
  });
}

char *tx_store_add(int64_t *out, tx_store store, const char *key, int64_t value) {
  return guarded([&] { *out = S(store)->add(key, value); });
}

char *tx_store_has(bool *out, tx_store store, const char *key) {
  return guarded([&] { *out = S(store)->check({key}); });
}

char *tx_store_delete(tx_store store, const char *key) {
  return guarded([&] { S(store)->deleteKey(key); });
}

char *tx_group_open(tx_group *out, tx_store store, int rank, int size, int64_t timeout_ms) {
  return guarded([&] {
    auto options = c10d::ProcessGroupGloo::Options::create_default(std::chrono::milliseconds(timeout_ms));
    *out = new Group{c10::make_intrusive<c10d::ProcessGroupGloo>(S(store), rank, size, options), {}};
  });
}

void tx_group_close(tx_group group) {
  free(guarded([&] {
    if (G(group).nccl) G(group).nccl->shutdown();
  }));
  delete static_cast<Group *>(group);
}

char *tx_nccl_address(char *out, size_t bytes, int device) {
  return guarded([&] { snprintf(out, bytes, "%s", tx::nccl_address(device).c_str()); });
}

char *tx_nccl_open(tx_group group, tx_store store, int device, int64_t timeout_ms, int64_t bucket_bytes) {
  return guarded([&] {
    const Group &g = G(group);
    auto nccl = tx::open_nccl(S(store), g.gloo->getRank(), g.gloo->getSize(), timeout_ms);
    tx::try_nccl(*nccl, device, bucket_bytes);
    G(group).nccl = nccl;
  });
}

char *tx_work_wait(tx_work work) {
  return guarded([&] {
    c10::OptionalDeviceGuard on;  // this thread may not have used the GPU before
    if (!W(work).buckets.empty() && W(work).buckets[0].is_cuda()) on.reset_device(W(work).buckets[0].device());
    for (auto &one : W(work).running) one->wait();
  });
}

void tx_work_free(tx_work work) { delete static_cast<Work *>(work); }

char *tx_sum_begin(tx_work *out, tx_group group, tx_tensor *params, int64_t n, const double *notes, int64_t m, int64_t bucket_bytes,
                   bool bf16) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto work = std::make_unique<Work>();
    work->notes = at::empty({m + n}, at::kDouble);
    double *note = work->notes.mutable_data_ptr<double>();
    memcpy(note, notes, m * sizeof(double));
    for (int64_t i = 0; i < n; i++) note[m + i] = T(params[i]).grad().defined() ? 1 : 0;
    add_up(G(group), *work, work->notes);
    each_bucket(params, n, bucket_bytes, [&](int64_t first, int64_t last, int64_t elements) {
      work->buckets.push_back(pack(G(group), params, first, last, elements, bf16));
      add_up(G(group), *work, work->buckets.back());
    });
    *out = work.release();
  });
}

char *tx_sum_end(tx_work work, tx_tensor *params, int64_t n, double *notes, int64_t m) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    const double *note = W(work).notes.const_data_ptr<double>();
    memcpy(notes, note, m * sizeof(double));
    size_t bucket = 0;
    int64_t at = 0;
    for (int64_t i = 0; i < n; i++) {
      at::Tensor &p = T(params[i]);
      if (at == W(work).buckets[bucket].numel()) bucket++, at = 0;
      if (note[m + i] > 0) {
        if (!p.grad().defined()) p.mutable_grad() = at::empty_like(p);
        p.mutable_grad().copy_(W(work).buckets[bucket].narrow(0, at, p.numel()).view(p.sizes()));
      }
      at += p.numel();
    }
  });
}

char *tx_gather_begin(tx_work *out, tx_group group, const void *data, size_t bytes) {
  return guarded([&] {
    auto work = std::make_unique<Work>();
    at::Tensor in = at::empty({static_cast<int64_t>(bytes)}, at::kByte);
    memcpy(in.mutable_data_ptr<uint8_t>(), data, bytes);
    for (int i = 0; i < G(group).gloo->getSize(); i++) work->buckets.push_back(at::empty_like(in));
    std::vector<at::Tensor> inputs{in};
    std::vector<std::vector<at::Tensor>> outputs{work->buckets};
    work->running.push_back(G(group).gloo->allgather(outputs, inputs));
    *out = work.release();
  });
}

char *tx_gather_end(tx_work work, void *data, size_t bytes) {
  return guarded([&] {
    auto to = static_cast<uint8_t *>(data);
    for (auto &part : W(work).buckets) {
      TORCH_CHECK(part.nbytes() <= bytes, "more bytes came than there is room for");
      memcpy(to, part.const_data_ptr<uint8_t>(), part.nbytes());
      to += part.nbytes(), bytes -= part.nbytes();
    }
  });
}

char *tx_broadcast_begin(tx_work *out, tx_group group, tx_tensor *tensors, int64_t n) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto work = std::make_unique<Work>();
    for (int64_t i = 0; i < n; i++) {
      work->buckets.push_back(T(tensors[i]).detach().to(at::kCPU, T(tensors[i]).scalar_type(), false, true).contiguous());
      std::vector<at::Tensor> list{work->buckets.back()};
      work->running.push_back(G(group).gloo->broadcast(list));
    }
    *out = work.release();
  });
}

char *tx_broadcast_end(tx_work work, tx_tensor *tensors, int64_t n) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    for (int64_t i = 0; i < n; i++) T(tensors[i]).copy_(W(work).buckets[i]);
  });
}
