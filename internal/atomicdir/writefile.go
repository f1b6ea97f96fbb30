package atomicdir

import (
	"errors"
	"io"
	"os"
)

// WriteFile creates a file with what write writes, for folders that [Replace] fills.
func WriteFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
