package checkpoint

import (
	"encoding/binary"
	"errors"

	"github.com/trident-nlp/trident/internal/weights"
)

// ErrNotFinite is returned, wrapped, for a tensor with an infinity, a NaN, or a number
// that overflows in the type that it is converted to.
var ErrNotFinite = errors.New("not finite")

// limits are, for each floating-point type, the bits of the smallest magnitude that isn't
// finite as float32, the type of all parameters, or when rounded to bfloat16 (to nearest,
// ties to even).
var limits = map[weights.DType]struct{ float32, bfloat16 uint64 }{
	weights.F64:  {0x47ef_ffff_f000_0000, 0x47ef_f000_0000_0000},
	weights.F32:  {0x7f80_0000, 0x7f7f_8000},
	weights.BF16: {0x7f80, 0x7f80},
	weights.F16:  {0x7c00, 0x7c00},
}

// Finite returns [ErrNotFinite], wrapped, for the first tensor with an infinity, a NaN,
// or a number that overflows in float32.
func Finite(tensors []weights.Tensor) error {
	for _, t := range tensors {
		if reaches(t, limits[t.DType].float32) {
			return notFinite{t.Name, "an infinity or a NaN"}
		}
	}
	return nil
}

// FitsBFloat16 returns [ErrNotFinite], wrapped, for the first tensor with a number that
// rounds to an infinity in bfloat16.
func FitsBFloat16(tensors []weights.Tensor) error {
	for _, t := range tensors {
		if reaches(t, limits[t.DType].bfloat16) {
			return notFinite{t.Name, "a number that is too large for bfloat16"}
		}
	}
	return nil
}

// notFinite returns [ErrNotFinite] with the tensor's name.
type notFinite struct{ tensor, holds string }

func (e notFinite) Error() string        { return e.tensor + " holds " + e.holds }
func (e notFinite) Is(target error) bool { return target == ErrNotFinite }

// reaches reports whether the magnitude of any of the tensor's numbers has bits of at
// least limit; 0 is no limit. It processes eight bytes at once: in each number the sign
// bit is cleared, and then set by the addition exactly if the magnitude reaches the
// limit.
func reaches(t weights.Tensor, limit uint64) bool {
	if limit == 0 {
		return false
	}
	bits := 8 * t.DType.Size()
	var signs, add uint64
	for at := int64(0); at < 64; at += bits {
		sign := uint64(1) << (bits - 1)
		signs |= sign << at
		add |= (sign - limit) << at
	}
	var found uint64
	look := func(eight []byte) { found |= (binary.LittleEndian.Uint64(eight)&^signs + add) & signs }
	data := t.Data
	for ; len(data) >= 32; data = data[32:] { // four at a time, which is twice as fast
		look(data[:8])
		look(data[8:16])
		look(data[16:24])
		look(data[24:32])
	}
	for ; len(data) >= 8; data = data[8:] {
		look(data)
	}
	var rest [8]byte
	copy(rest[:], data)
	look(rest[:])
	return found != 0
}
