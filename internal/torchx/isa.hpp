#include "isa.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr const char *isa_names[TX_ISAS] = {"portable", "avx2", "avxvnni", "avx512", "avx512vnni", "amx"};

// allowed_amx asks the kernel for room to save the tiles in, once for the process:
// before that they mustn't be touched.
bool allowed_amx() {
  constexpr int request_permission = 0x1023, tile_data = 18;  // of arch_prctl
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return false;
  constexpr unsigned amx_tile = 1u << 24, amx_int8 = 1u << 25;
  if (!(edx & amx_tile) || !(edx & amx_int8)) return false;
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

}  // namespace

const char *tx_isa_name(tx_isa isa) { return isa_names[isa]; }

bool tx_has_isa(tx_isa isa) {
  switch (isa) {
    case TX_ISA_PORTABLE: return true;
    case TX_ISA_AVX2: return __builtin_cpu_supports("avx2");
    case TX_ISA_AVXVNNI: return __builtin_cpu_supports("avxvnni");
    case TX_ISA_AVX512: return __builtin_cpu_supports("avx512bw");
    case TX_ISA_AVX512VNNI: return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni");
    case TX_ISA_AMX: {
      static const bool allowed = allowed_amx();
      return allowed;
    }
    default: return false;
  }
}
