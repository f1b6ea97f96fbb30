package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/alecthomas/kong"
)

// Seed is a flag's whole number, 0 or more.
type Seed uint64

// Decode reads the flag's value. kong alone would take a negative one for a flag.
func (s *Seed) Decode(ctx *kong.DecodeContext) error {
	token := ctx.Scan.Pop()
	if token.IsEOL() {
		return errors.New("want a whole number, 0 or more")
	}
	n, err := strconv.ParseUint(token.String(), 10, 64)
	if err != nil {
		return fmt.Errorf("want a whole number from 0 to %d, got %q", uint64(math.MaxUint64), token.String())
	}
	*s = Seed(n)
	return nil
}
