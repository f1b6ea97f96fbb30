// What gotch lacks, as plain C: each function returns NULL, or a message that
// the caller frees. A tensor is the heap at::Tensor* that gotch's handles hold.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void *tx_tensor;

// tensors and memory
char *tx_from_memory(tx_tensor *out, const void *data, const int64_t *shape, int64_t dims, int dtype, int device);
char *tx_copy_in(tx_tensor dst, const void *data, size_t bytes, const int64_t *shape, int64_t dims, int dtype);
char *tx_copy_out(tx_tensor src, void *data, size_t bytes, int dtype);

// autograd
char *tx_require_grad(tx_tensor t, bool required);
char *tx_requires_grad(bool *out, tx_tensor t);
char *tx_backward(tx_tensor loss);
bool tx_set_grad_enabled(bool enabled);
char *tx_autocast_begin(bool *was, int device);
char *tx_autocast_end(bool was, int device);
void tx_autocast_forget(void);

// For gradient checkpointing (checkpointed.go). gradient has out's shape.
char *tx_backward_from(tx_tensor out, tx_tensor gradient);
// tx_gradient is t's gradient, NULL if it has none.
char *tx_gradient(tx_tensor *out, tx_tensor t);
// The states of the random generators of the CPU and of the device; other is NULL on the
// CPU.
char *tx_random_state(tx_tensor *cpu, tx_tensor *other, int device);
char *tx_set_random_state(tx_tensor cpu, tx_tensor other, int device);

// optimiser
char *tx_zero_grad(tx_tensor *params, int64_t n);
char *tx_clip_grad_norm(double *norm, tx_tensor *params, int64_t n, double max_norm);
char *tx_adamw(tx_tensor *params, tx_tensor *exp_avg, tx_tensor *exp_avg_sq, tx_tensor *steps, int64_t n,
               double lr, double beta1, double beta2, double weight_decay, double eps);

// process
char *tx_seed(uint64_t seed);
void tx_set_threads(int n);
int tx_threads(void);

// tx_bind_threads keeps each of the calling thread's OpenMP threads, itself included, on a
// processor of its own, if it has as many as it may use processors, unless OMP_PROC_BIND
// says what to do or OMP_WAIT_POLICY is passive, as beside other work.
void tx_bind_threads(void);
void tx_keep_freed_memory(void);
char *tx_load_cuda(void);
int tx_cuda_devices(void);

#ifdef __cplusplus
}
#endif
