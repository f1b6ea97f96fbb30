package fusion

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// HashDir identifies a model by the files that [Load] reads: the SHA-256, in
// hex, of those of them that are there.
func HashDir(dir string) (string, error) {
	dir = atomicdir.Current(dir)
	weights := SafetensorsFile
	if _, err := os.Stat(filepath.Join(dir, weights)); errors.Is(err, fs.ErrNotExist) {
		weights = PTFile
	}
	sum := sha256.New()
	for _, name := range []string{weights, ConfigFile, LabelMapsFile, tokenize.VocabFile, tokenize.TokenizerFile, tokenize.ConfigFile} {
		fmt.Fprintln(sum, name)
		if err := addFile(sum, filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func addFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read from
	_, err = io.Copy(w, f)
	return err
}
