package torchx

// #include "isa.h"
import "C"

// isa is an instruction set for 8-bit integers, one of the processor's.
type isa C.tx_isa

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
// TRIDENT_MAX_ISA names, if it is set.
func bestISA() (isa, error) {
	var best C.tx_isa
	err := nativeError(C.tx_best_isa(&best))
	return isa(best), err
}
