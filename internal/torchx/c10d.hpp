#define USE_C10D_GLOO
#include "c10d.h"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <c10/util/Logging.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
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
  virtual ~Work() = default;
  std::vector<c10::intrusive_ptr<c10d::Work>> running;
  std::vector<at::Tensor> tensors;
};

std::shared_ptr<Work> &P(tx_work work) { return *static_cast<std::shared_ptr<Work> *>(work); }
Work &W(tx_work work) { return *P(work); }
tx_work handle(std::shared_ptr<Work> work) { return new std::shared_ptr<Work>(std::move(work)); }

// quiet keeps c10d from logging a stack trace for every connection that breaks:
// an error says what there is to say. TORCH_CPP_LOG_LEVEL is heeded. c10d's
// flight recorder is off, which several groups in one process would break: it
// isn't safe for threads.
void quiet() {
  setenv("TORCH_FR_BUFFER_SIZE", "0", 0);
  constexpr int errors_alone = 2;
  if (getenv("TORCH_CPP_LOG_LEVEL"))
    c10::initLogging();
  else
    FLAGS_caffe2_log_level = errors_alone;
}

// Sum is the gradients of parameters that are added up. Its tensors are buckets,
// in which they lie one after another.
struct Sum : Work {
  struct Bucket {
    size_t first, last;  // parameters
    int64_t elements;
    size_t missing;  // parameters whose gradient isn't there yet
  };
  Group group;
  bool bf16;
  std::vector<at::Tensor> params;
  std::vector<Bucket> buckets;
  at::Tensor notes;

  Sum(Group group, bool bf16, tx_tensor *list, int64_t n, int64_t bucket_bytes) : group(std::move(group)), bf16(bf16) {
    Bucket bucket{};
    for (int64_t i = 0; i < n; i++) {
      params.push_back(T(list[i]));
      bucket.elements += params.back().numel();
      bucket.last++, bucket.missing++;
      if (bucket.elements * 4 >= bucket_bytes || i + 1 == n) {
        buckets.push_back(bucket);
        bucket = {bucket.last, bucket.last, 0, 0};
      }
    }
  }

  void add_up(at::Tensor x) {
    const bool gpu = x.is_cuda();
    std::vector<at::Tensor> list{std::move(x)};
    running.push_back(gpu ? group.nccl->allreduce(list) : group.gloo->allreduce(list));
  }

  // begin packs the next bucket, with 0 where there is no gradient, where they lie
  // if there is NCCL and otherwise on the CPU, and adds it up. All ranks begin their
  // buckets in the same order.
  void begin() {
    const Bucket &b = buckets[tensors.size()];
    at::Device device = group.nccl ? params[b.first].device() : at::Device(at::kCPU);
    at::Tensor flat = at::empty({b.elements}, at::TensorOptions().device(device).dtype(bf16 ? at::kBFloat16 : at::kFloat));
    int64_t at = 0;
    for (size_t i = b.first; i < b.last; i++) {
      const at::Tensor &p = params[i];
      at::Tensor part = flat.narrow(0, at, p.numel());
      if (p.grad().defined())
        part.copy_(p.grad().reshape({-1}));
      else
        part.zero_();
      at += p.numel();
    }
    tensors.push_back(flat);
    add_up(flat);
  }

  // filled is called when a backward pass has reached a parameter of a bucket.
  void filled(Bucket &bucket) {
    at::NoGradGuard no_grad;
    if (bucket.missing > 0) bucket.missing--;
    while (tensors.size() < buckets.size() && buckets[tensors.size()].missing == 0) begin();
  }
};

// Filled tells a sum of a gradient. It keeps the sum.
struct Filled : torch::autograd::PostAccumulateGradHook {
  std::shared_ptr<Sum> sum;
  size_t bucket;
  Filled(std::shared_ptr<Sum> sum, size_t bucket) : sum(std::move(sum)), bucket(bucket) {}
  void operator()(const torch::autograd::Variable &) override { sum->filled(sum->buckets[bucket]); }
};

Sum &U(tx_work work) { return static_cast<Sum &>(W(work)); }

}  // namespace

char *tx_store_open(tx_store *out, const char *host, int port, bool serve, const char *prefix, int64_t timeout_ms) {
  return guarded([&] {
    quiet();
    // Libtorch's threads write to sockets whose other end may be gone. That is an
    // error of theirs; Go leaves SIGPIPE on such threads to end the process.
    std::signal(SIGPIPE, SIG_IGN);
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
    if (!W(work).tensors.empty() && W(work).tensors[0].is_cuda()) on.reset_device(W(work).tensors[0].device());
    auto &running = W(work).running;  // the last is Gloo's, by which a rank that has died shows at once
    for (auto one = running.rbegin(); one != running.rend(); ++one) (*one)->wait();
  });
}

void tx_work_free(tx_work work) { delete &P(work); }

char *tx_sum_begin(tx_work *out, tx_group group, tx_tensor *params, int64_t n, int64_t bucket_bytes, bool bf16) {
  return guarded([&] {
    auto sum = std::make_shared<Sum>(G(group), bf16, params, n, bucket_bytes);
    // Not the last bucket, which is complete only when the backward pass is: tied parameters
    // are there, which gradient checkpointing reaches twice, in separate passes.
    for (size_t b = 0; b + 1 < sum->buckets.size(); b++)
      for (size_t i = sum->buckets[b].first; i < sum->buckets[b].last; i++)
        torch::autograd::impl::set_post_acc_grad_hooks(sum->params[i], std::make_unique<Filled>(sum, b));
    *out = handle(sum);
  });
}

char *tx_sum_rest(tx_work work, const double *notes, int64_t m) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    Sum &sum = U(work);
    for (auto &p : sum.params) torch::autograd::impl::set_post_acc_grad_hooks(p, nullptr);
    while (sum.tensors.size() < sum.buckets.size()) sum.begin();
    const int64_t n = sum.params.size();
    sum.notes = at::empty({m + n}, at::kDouble);
    double *note = sum.notes.mutable_data_ptr<double>();
    memcpy(note, notes, m * sizeof(double));
    for (int64_t i = 0; i < n; i++) note[m + i] = sum.params[i].grad().defined() ? 1 : 0;
    sum.add_up(sum.notes);
  });
}

char *tx_sum_end(tx_work work, double *notes, int64_t m) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    Sum &sum = U(work);
    const double *note = sum.notes.const_data_ptr<double>();
    memcpy(notes, note, m * sizeof(double));
    for (size_t b = 0; b < sum.buckets.size(); b++) {
      int64_t at = 0;
      for (size_t i = sum.buckets[b].first; i < sum.buckets[b].last; i++) {
        at::Tensor &p = sum.params[i];
        if (note[m + i] > 0) {
          if (!p.grad().defined()) p.mutable_grad() = at::empty_like(p);
          p.mutable_grad().copy_(sum.tensors[b].narrow(0, at, p.numel()).view(p.sizes()));
        }
        at += p.numel();
      }
    }
  });
}

char *tx_gather_begin(tx_work *out, tx_group group, const void *data, size_t bytes) {
  return guarded([&] {
    auto work = std::make_shared<Work>();
    at::Tensor in = at::empty({static_cast<int64_t>(bytes)}, at::kByte);
    memcpy(in.mutable_data_ptr<uint8_t>(), data, bytes);
    for (int i = 0; i < G(group).gloo->getSize(); i++) work->tensors.push_back(at::empty_like(in));
    std::vector<at::Tensor> inputs{in};
    std::vector<std::vector<at::Tensor>> outputs{work->tensors};
    work->running.push_back(G(group).gloo->allgather(outputs, inputs));
    *out = handle(work);
  });
}

char *tx_gather_end(tx_work work, void *data, size_t bytes) {
  return guarded([&] {
    auto to = static_cast<uint8_t *>(data);
    for (auto &part : W(work).tensors) {
      TORCH_CHECK(part.nbytes() <= bytes, "more bytes came than there is room for");
      memcpy(to, part.const_data_ptr<uint8_t>(), part.nbytes());
      to += part.nbytes(), bytes -= part.nbytes();
    }
  });
}

char *tx_broadcast_begin(tx_work *out, tx_group group, tx_tensor *tensors, int64_t n) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto work = std::make_shared<Work>();
    for (int64_t i = 0; i < n; i++) {
      work->tensors.push_back(T(tensors[i]).detach().to(at::kCPU, T(tensors[i]).scalar_type(), false, true).contiguous());
      std::vector<at::Tensor> list{work->tensors.back()};
      work->running.push_back(G(group).gloo->broadcast(list));
    }
    *out = handle(work);
  });
}

char *tx_broadcast_end(tx_work work, tx_tensor *tensors, int64_t n) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    for (int64_t i = 0; i < n; i++) T(tensors[i]).copy_(W(work).tensors[i]);
  });
}
