// The instruction sets that our products have code for, of 8-bit integers and of float32.
#pragma once
#include "torchx.h"

#ifdef __cplusplus
extern "C" {
#endif

// From the fewest to the most products at once. Each processor has some of them.
typedef enum {
  TX_ISA_PORTABLE,
  TX_ISA_AVX2,
  TX_ISA_AVXVNNI,     // 256 bits wide
  TX_ISA_AVX512,      // F and BW
  TX_ISA_AVX512VNNI,
  TX_ISA_AMX,         // tiles of 8-bit integers
  TX_ISAS,            // how many there are
} tx_isa;

// tx_isa_name is how the variable TRIDENT_MAX_ISA spells it.
const char *tx_isa_name(tx_isa isa);

// tx_has_isa reports whether the processor and the kernel have it.
bool tx_has_isa(tx_isa isa);

#ifdef __cplusplus
}
#endif
