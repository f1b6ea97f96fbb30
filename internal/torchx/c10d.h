// Processes that compute together, by libtorch's c10d: a TCPStore, where they
// find each other, and a Gloo group, in which they add up tensors.
#pragma once
#include "torchx.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef void *tx_store;
typedef void *tx_group;
typedef void *tx_work;

// tx_store_open connects to the store at host:port, or serves it there. Keys get
// the prefix. It gives up after timeout_ms.
char *tx_store_open(tx_store *out, const char *host, int port, bool serve, const char *prefix, int64_t timeout_ms);
// tx_store_clone opens a second connection, for another thread.
char *tx_store_clone(tx_store *out, tx_store store);
void tx_store_close(tx_store store);
char *tx_store_set(tx_store store, const char *key, const void *data, size_t bytes);
// tx_store_get waits for the key. The caller frees *out.
char *tx_store_get(char **out, size_t *bytes, tx_store store, const char *key);
char *tx_store_add(int64_t *out, tx_store store, const char *key, int64_t value);
char *tx_store_has(bool *out, tx_store store, const char *key);
char *tx_store_delete(tx_store store, const char *key);

// tx_group_open connects all ranks with each other.
char *tx_group_open(tx_group *out, tx_store store, int rank, int size, int64_t timeout_ms);
void tx_group_close(tx_group group);

// tx_nccl_address writes a GPU's address on its machine, or says why this process
// can't use NCCL.
char *tx_nccl_address(char *out, size_t bytes, int device);
// tx_nccl_open gives the group NCCL, once it has added up a bucket with all ranks.
// From then on tx_sum_begin leaves gradients on the GPU.
char *tx_nccl_open(tx_group group, tx_store store, int device, int64_t timeout_ms, int64_t bucket_bytes);

// A collective is begun by all ranks in the same order, waited for, ended and
// freed. Waiting alone may be done by another thread.
char *tx_work_wait(tx_work work);
void tx_work_free(tx_work work);

// tx_sum_begin makes ready to add up the parameters' gradients, in buckets of
// about so many bytes, in that order, and, where bf16 is set, in bfloat16. A
// bucket is begun as soon as a backward pass has filled it and those before.
// tx_sum_rest begins the others, and notes, in float64. tx_sum_end sets the sums:
// a parameter that has a gradient on no rank gets none.
char *tx_sum_begin(tx_work *out, tx_group group, tx_tensor *params, int64_t n, int64_t bucket_bytes, bool bf16);
char *tx_sum_rest(tx_work work, const double *notes, int64_t m);
char *tx_sum_end(tx_work work, double *notes, int64_t m);

// tx_gather_begin takes as many bytes from each rank; tx_gather_end puts them
// one after another.
char *tx_gather_begin(tx_work *out, tx_group group, const void *data, size_t bytes);
char *tx_gather_end(tx_work work, void *data, size_t bytes);

// tx_broadcast_begin sends rank 0's tensors to all; tx_broadcast_end sets them.
char *tx_broadcast_begin(tx_work *out, tx_group group, tx_tensor *tensors, int64_t n);
char *tx_broadcast_end(tx_work work, tx_tensor *tensors, int64_t n);

#ifdef __cplusplus
}
#endif
