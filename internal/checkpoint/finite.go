package checkpoint

import (
	"encoding/binary"
	"fmt"

	"github.com/trident-nlp/trident/internal/weights"
)

// exponent are the bits of a float32 that are all set in infinities and NaNs,
// and in no other number.
const exponent = 0x7f80_0000

// Finite reports the first of the float32 tensors that holds an infinity or a
// NaN.
func Finite(tensors []weights.Tensor) error {
	for _, t := range tensors {
		for at := 0; at+4 <= len(t.Data); at += 4 {
			if binary.LittleEndian.Uint32(t.Data[at:])&exponent == exponent {
				return fmt.Errorf("%s holds an infinity or a NaN", t.Name)
			}
		}
	}
	return nil
}
