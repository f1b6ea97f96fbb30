#include "torchx.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include <dlfcn.h>
#include <malloc.h>
#include <omp.h>
#include <sched.h>
#include <strings.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "guarded.h"

namespace {

using tx::guarded;
using tx::T;

at::Device device_of(int index) {
  return index < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
}

std::vector<at::Tensor> with_grad(tx_tensor *params, int64_t n) {
  std::vector<at::Tensor> grads;
  for (int64_t i = 0; i < n; i++)
    if (T(params[i]).grad().defined()) grads.push_back(T(params[i]).grad());
  return grads;
}

at::Tensor state_of(at::Device device) {
  auto generator = at::globalContext().defaultGenerator(device);
  std::lock_guard<std::mutex> lock(generator.mutex());
  return generator.get_state();
}

void set_state(at::Device device, const at::Tensor &state) {
  auto generator = at::globalContext().defaultGenerator(device);
  std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(state);
}

// Go moves a goroutine from thread to thread. With glibc's arena for each
// thread every one of them would come to hold a whole step's memory. glibc reads
// this setting once, when a second thread allocates, so it is made before main.
__attribute__((constructor)) void one_arena() { mallopt(M_ARENA_MAX, 1); }

at::Tensor view_of(const void *data, const int64_t *shape, int64_t dims, int dtype) {
  return at::from_blob(const_cast<void *>(data), at::IntArrayRef(shape, dims),
                       at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)));
}

}  // namespace

char *tx_from_memory(tx_tensor *out, const void *data, const int64_t *shape, int64_t dims, int dtype, int device) {
  return guarded([&] { *out = new at::Tensor(view_of(data, shape, dims, dtype).to(device_of(device), false, true)); });
}

char *tx_copy_in(tx_tensor dst, const void *data, size_t bytes, const int64_t *shape, int64_t dims, int dtype) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    at::Tensor src = view_of(data, shape, dims, dtype);
    TORCH_CHECK(src.nbytes() == bytes, bytes, " bytes given, but the shape ", src.sizes(), " takes ", src.nbytes());
    TORCH_CHECK(src.sizes() == T(dst).sizes(), "shape ", src.sizes(), " given, but the tensor has ", T(dst).sizes());
    T(dst).copy_(src);
  });
}

char *tx_copy_out(tx_tensor src, void *data, size_t bytes, int dtype) {
  return guarded([&] {
    at::Tensor t = T(src).detach().to(at::kCPU, static_cast<at::ScalarType>(dtype)).contiguous();
    TORCH_CHECK(t.nbytes() == bytes, "tensor holds ", t.nbytes(), " bytes, want ", bytes);
    if (bytes > 0) memcpy(data, t.const_data_ptr(), bytes);
  });
}

char *tx_require_grad(tx_tensor t, bool required) {
  return guarded([&] { T(t).set_requires_grad(required); });
}

char *tx_requires_grad(bool *out, tx_tensor t) {
  return guarded([&] { *out = T(t).requires_grad(); });
}

char *tx_backward(tx_tensor loss) {
  return guarded([&] {
    // As PyTorch advises, the backward pass runs without autocast: each
    // operation takes the type that its forward pass had.
    c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    T(loss).backward();
  });
}

char *tx_backward_from(tx_tensor out, tx_tensor gradient) {
  return guarded([&] {
    c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    T(out).backward(T(gradient));
  });
}

char *tx_gradient(tx_tensor *out, tx_tensor t) {
  return guarded([&] { *out = T(t).grad().defined() ? new at::Tensor(T(t).grad()) : nullptr; });
}

char *tx_random_state(tx_tensor *cpu, tx_tensor *other, int device) {
  return guarded([&] {
    at::Tensor mine = state_of(at::kCPU);
    at::Tensor others = device < 0 ? at::Tensor() : state_of(device_of(device));
    *cpu = new at::Tensor(mine);
    *other = device < 0 ? nullptr : new at::Tensor(others);
  });
}

char *tx_set_random_state(tx_tensor cpu, tx_tensor other, int device) {
  return guarded([&] {
    set_state(at::kCPU, T(cpu));
    if (other) set_state(device_of(device), T(other));
  });
}

bool tx_set_grad_enabled(bool enabled) {
  bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(enabled);
  return before;
}

char *tx_autocast_begin(bool *was, int device) {
  return guarded([&] {
    auto type = device_of(device).type();
    *was = at::autocast::is_autocast_enabled(type);
    at::autocast::set_autocast_dtype(type, at::kBFloat16);
    at::autocast::set_autocast_enabled(type, true);
  });
}

char *tx_autocast_end(bool was, int device) {
  return guarded([&] {
    at::autocast::set_autocast_enabled(device_of(device).type(), was);
    if (!was) at::autocast::clear_cache();  // of parameters' bfloat16 copies
  });
}

void tx_autocast_forget(void) { at::autocast::clear_cache(); }

char *tx_zero_grad(tx_tensor *params, int64_t n) {
  return guarded([&] {
    for (int64_t i = 0; i < n; i++) T(params[i]).mutable_grad().reset();
  });
}

char *tx_clip_grad_norm(double *norm, tx_tensor *params, int64_t n, double max_norm) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto grads = with_grad(params, n);
    *norm = 0;
    if (grads.empty()) return;
    *norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(grads)), 2).item<double>();
    double scale = max_norm / (*norm + 1e-6);
    if (scale < 1) at::_foreach_mul_(grads, at::Scalar(scale));
  });
}

char *tx_adamw(tx_tensor *params, tx_tensor *exp_avg, tx_tensor *exp_avg_sq, tx_tensor *steps, int64_t n,
               double lr, double beta1, double beta2, double weight_decay, double eps) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    std::vector<at::Tensor> p, g, m, v, s;
    for (int64_t i = 0; i < n; i++) {
      if (!T(params[i]).grad().defined()) continue;
      p.push_back(T(params[i]));
      g.push_back(T(params[i]).grad());
      m.push_back(T(exp_avg[i]));
      v.push_back(T(exp_avg_sq[i]));
      s.push_back(T(steps[i]));
    }
    if (p.empty()) return;
    at::_foreach_add_(s, at::Scalar(1));
    at::_fused_adamw_(p, g, m, v, /*max_exp_avg_sqs=*/{}, s, lr, beta1, beta2, weight_decay, eps,
                      /*amsgrad=*/false, /*maximize=*/false);
  });
}

char *tx_seed(uint64_t seed) {
  return guarded([&] { at::manual_seed(seed); });
}

void tx_set_threads(int n) { at::set_num_threads(n); }

int tx_threads(void) { return at::get_num_threads(); }

void tx_bind_threads(void) {
  cpu_set_t all;
  const int threads = at::get_num_threads();
  const char *waiting = getenv("OMP_WAIT_POLICY");
  if (waiting && !strcasecmp(waiting, "passive")) return;  // the processors are others' as well
  if (threads < 2 || getenv("OMP_PROC_BIND") || sched_getaffinity(0, sizeof all, &all) || CPU_COUNT(&all) != threads) return;
  std::vector<int> processors;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, &all)) processors.push_back(cpu);
#pragma omp parallel num_threads(threads)
  {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processors[omp_get_thread_num()], &one);
    sched_setaffinity(0, sizeof one, &one);  // failing, it stays as it was
  }
}

void tx_keep_freed_memory(void) {
  // glibc otherwise returns every large buffer to the kernel on free, and the
  // next step faults its pages in again.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
}

char *tx_load_cuda(void) {
  static void *handle = nullptr;
  if (!handle) handle = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL);
  return handle ? nullptr : strdup(dlerror());
}

int tx_cuda_devices(void) {
  return at::detail::getCUDAHooks().hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0;
}
