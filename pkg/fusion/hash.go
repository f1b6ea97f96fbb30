package fusion

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// HashDir identifies a model by the files that [Load] reads: the SHA-256, in hex, of
// those that exist.
func HashDir(dir string) (string, error) {
	dir = atomicdir.Current(dir)
	sum := sha256.New()
	for _, name := range append(weightNames(dir), ConfigFile, LabelMapsFile, tokenize.VocabFile, tokenize.TokenizerFile, tokenize.ConfigFile) {
		fmt.Fprintln(sum, name)
		if err := addFile(sum, filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	for _, name := range append(otherLabelFiles(), tokenize.AddedTokensFile, tokenize.SpecialTokensFile) { // rarely present
		name := filepath.Join(dir, name)
		if _, err := os.Stat(name); err != nil {
			continue
		}
		fmt.Fprintln(sum, filepath.Base(name))
		if err := addFile(sum, name); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// weightNames are the files with the weights that [Load] uses. If none can be opened,
// which Load reports, they are the files that it would try first.
func weightNames(dir string) []string {
	file, err := openWeights(dir)
	if err != nil {
		if _, err := os.Stat(filepath.Join(dir, SafetensorsFile)); errors.Is(err, fs.ErrNotExist) {
			return []string{PTFile}
		}
		return []string{SafetensorsFile}
	}
	defer func() { _ = file.Close() }() // read-only
	return namesWithin(dir, file)
}

func namesWithin(dir string, file *weights.File) []string {
	paths := file.Paths()
	names := make([]string, len(paths))
	for i, path := range paths {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			name = path // strip dir
		}
		names[i] = name
	}
	return names
}

// otherLabelFiles are the files that may contain labels besides [LabelMapsFile] and
// [ConfigFile].
func otherLabelFiles() []string {
	names := []string{labelMappingsFile}
	for _, name := range caseLabelFiles {
		names = append(names, name, path.Join(LabelsFolder, name))
	}
	return names
}

func addFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // read-only
	_, err = io.Copy(w, f)
	return err
}
