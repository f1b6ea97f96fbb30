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

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// HashDir identifies a model by the files that [Load] reads: the SHA-256, in
// hex, of those of them that are there.
func HashDir(dir string) (string, error) {
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
	for _, name := range []string{tokenize.AddedTokensFile, tokenize.SpecialTokensFile} {
		file := sha256.New()
		switch err := addFile(file, filepath.Join(dir, name)); {
		case errors.Is(err, fs.ErrNotExist): // as in all that we write: the hash is what it was before these were read
		case err != nil:
			return "", err
		default:
			fmt.Fprintf(sum, "%s\n%x\n", name, file.Sum(nil))
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
