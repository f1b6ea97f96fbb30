// Memory for large tensors on the CPU, kept for the next step.
#pragma once
#include "torchx.h"

#ifdef __cplusplus
extern "C" {
#endif

// tx_use_arena makes libtorch take memory for tensors on the CPU from an arena
// that keeps what is freed. Calling it again does nothing.
void tx_use_arena(void);

// tx_arena_bytes is how much memory the arena's tensors hold now, and *mapped
// how much it took of the kernel.
int64_t tx_arena_bytes(int64_t *mapped);

#ifdef __cplusplus
}
#endif
