#define USE_C10D_NCCL
#include "plugin.h"

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <cstdlib>
#include <cstring>

char *TRIDENT_NCCL_ADDRESS(char *out, int bytes, int device) {
  cudaError_t status = cudaDeviceGetPCIBusId(out, bytes, device);
  return status == cudaSuccess ? nullptr : strdup(cudaGetErrorString(status));
}

char *TRIDENT_NCCL_OPEN(void *out, void *store, int rank, int size, int64_t timeout_ms) {
  try {
    // Waiting then waits for the GPU, up to the timeout, and c10d starts no thread
    // that would end the process before a Team has said which rank is gone.
    setenv("TORCH_NCCL_BLOCKING_WAIT", "1", 1);
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = std::chrono::milliseconds(timeout_ms);
    *static_cast<c10::intrusive_ptr<c10d::Backend> *>(out) = c10::make_intrusive<c10d::ProcessGroupNCCL>(
        *static_cast<c10::intrusive_ptr<c10d::Store> *>(store), rank, size, options);
    return nullptr;
  } catch (const c10::Error &e) {
    return strdup(e.what_without_backtrace());
  } catch (const std::exception &e) {
    return strdup(e.what());
  }
}
