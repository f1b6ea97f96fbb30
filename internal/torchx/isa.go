package torchx

// #include "isa.h"
import "C"

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// isa is an instruction set that our products have code for, one of the processor's.
type isa C.tx_isa

// The first and the last.
const portableISA, amxISA isa = C.TX_ISA_PORTABLE, C.TX_ISA_AMX

// Those of float32 products.
const avx2ISA, avx512ISA isa = C.TX_ISA_AVX2, C.TX_ISA_AVX512

func (i isa) String() string { return C.GoString(C.tx_isa_name(C.tx_isa(i))) }

// isas lists the processor's instruction sets, the slowest first: it starts with the
// portable one, which all processors have.
func isas() []isa {
	var list []isa
	for i := C.tx_isa(0); i < C.TX_ISAS; i++ {
		if C.tx_has_isa(i) {
			list = append(list, isa(i))
		}
	}
	return list
}

// bestISA returns the last of [isas] up to the one that the environment variable
// TRIDENT_MAX_ISA names, if it is set when the program first asks.
var bestISA = sync.OnceValues(func() (isa, error) { return bestISAUpTo(os.Getenv("TRIDENT_MAX_ISA")) })

func bestISAUpTo(limit string) (isa, error) {
	best, known := portableISA, make([]string, 0, C.TX_ISAS)
	for i := portableISA; i < C.TX_ISAS; i++ {
		if C.tx_has_isa(C.tx_isa(i)) {
			best = i
		}
		if i.String() == limit {
			return best, nil
		}
		known = append(known, i.String())
	}
	if limit != "" {
		return best, fmt.Errorf("the environment variable TRIDENT_MAX_ISA is %q; want one of %s", limit, strings.Join(known, ", "))
	}
	return best, nil
}
