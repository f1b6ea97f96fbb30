// What libtrident_nccl.so offers: the one thing of NCCL that libtorch_cpu hasn't,
// making c10d's group. scripts/fetch_libtorch.sh builds it into a libtorch with
// CUDA, and torchx opens it at run time: so one program serves CPU and GPU. The
// names hold a version, which goes up with each change of what is below.
#pragma once
#include <stdint.h>

#define TRIDENT_NCCL_ADDRESS trident_nccl_address_1
#define TRIDENT_NCCL_OPEN trident_nccl_open_1

extern "C" {

// TRIDENT_NCCL_ADDRESS writes the GPU's address on its machine. It returns NULL,
// or a message that the caller frees.
char *TRIDENT_NCCL_ADDRESS(char *out, int bytes, int device);

// TRIDENT_NCCL_OPEN makes a group from a c10::intrusive_ptr<c10d::Store>, in a
// c10::intrusive_ptr<c10d::Backend>. It returns NULL, or a message.
char *TRIDENT_NCCL_OPEN(void *out, void *store, int rank, int size, int64_t timeout_ms);

}
