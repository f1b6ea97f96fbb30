package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// CheckModelDir returns what is wrong with a command's --model, as far as can be seen
// without reading it.
func CheckModelDir(path string) error {
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no model directory %s; train one with \"go run ./cmd/train\", which ends with its name", path)
	case err != nil:
		return fmt.Errorf("open model: %w", err)
	case !info.IsDir():
		return fmt.Errorf("%s is a file; --model wants the directory that train wrote", path)
	}
	return nil
}
