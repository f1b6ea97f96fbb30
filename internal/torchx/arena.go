package torchx

// #include "arena.h"
import "C"

// tensorBytes returns how much memory the larger tensors on the CPU use now, and how much
// is reserved for them, which doesn't shrink.
// Both are 0 before [Configure].
func tensorBytes() (used, reserved int64) {
	var mapped C.int64_t
	used = int64(C.tx_arena_bytes(&mapped))
	return used, int64(mapped)
}
