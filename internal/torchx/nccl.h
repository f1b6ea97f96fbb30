// NCCL's group, made by the plug-in in nccl/, which is opened at run time.
#pragma once
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <string>

namespace tx {

// nccl_address is a GPU's address on its machine.
std::string nccl_address(int device);

// open_nccl makes a group over a connection of its own to the store.
c10::intrusive_ptr<c10d::Backend> open_nccl(const c10::intrusive_ptr<c10d::Store> &store, int rank, int size, int64_t timeout_ms);

// try_nccl adds up so many bytes on all ranks' GPUs, and checks the sum.
void try_nccl(c10d::Backend &group, int device, int64_t bytes);

}  // namespace tx
