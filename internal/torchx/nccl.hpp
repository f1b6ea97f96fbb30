#include "nccl.h"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <dlfcn.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>

#include <cstdlib>

#include "nccl/plugin.h"

#define TRIDENT_TEXT_OF(name) #name
#define TRIDENT_TEXT(name) TRIDENT_TEXT_OF(name)

namespace tx {

namespace {

// function finds one of the plug-in's, and opens it before.
void *function(const char *name) {
  void *plugin = dlopen("libtrident_nccl.so", RTLD_NOW | RTLD_LOCAL);
  TORCH_CHECK(plugin, "it can't be loaded (", dlerror(), "); lay libtorch anew with scripts/fetch_libtorch.sh --variant cuda");
  void *found = dlsym(plugin, name);
  TORCH_CHECK(found, "libtrident_nccl.so is of another version of Trident; run scripts/fetch_libtorch.sh --variant cuda");
  return found;
}

// check throws the message that a function of the plug-in returned.
void check(char *message) {
  if (!message) return;
  std::string text = message;
  free(message);
  TORCH_CHECK(false, text);
}

}  // namespace

std::string nccl_address(int device) {
  auto address = reinterpret_cast<decltype(&TRIDENT_NCCL_ADDRESS)>(function(TRIDENT_TEXT(TRIDENT_NCCL_ADDRESS)));
  char text[32] = "";
  check(address(text, sizeof text, device));
  return text;
}

c10::intrusive_ptr<c10d::Backend> open_nccl(const c10::intrusive_ptr<c10d::Store> &store, int rank, int size, int64_t timeout_ms) {
  auto open = reinterpret_cast<decltype(&TRIDENT_NCCL_OPEN)>(function(TRIDENT_TEXT(TRIDENT_NCCL_OPEN)));
  c10::intrusive_ptr<c10d::Store> own = c10::make_intrusive<c10d::PrefixStore>("nccl", store->clone());
  c10::intrusive_ptr<c10d::Backend> group;
  check(open(&group, &own, rank, size, timeout_ms));
  return group;
}

void try_nccl(c10d::Backend &group, int device, int64_t bytes) {
  at::NoGradGuard no_grad;
  at::Device gpu(at::kCUDA, static_cast<c10::DeviceIndex>(device));
  c10::DeviceGuard on(gpu);
  std::vector<at::Tensor> list{at::full({bytes / 4}, group.getRank() + 1, at::TensorOptions().device(gpu).dtype(at::kFloat))};
  group.allreduce(list)->wait();
  int64_t sum = int64_t{group.getSize()} * (group.getSize() + 1) / 2;
  TORCH_CHECK(list[0].eq(sum).all().item<bool>(), "a sum that NCCL computed as a trial is wrong");
}

}  // namespace tx
