package weights

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// The names that Hugging Face gives to a model's weights.
const (
	SafetensorsFile  = "model.safetensors"
	SafetensorsIndex = SafetensorsFile + indexSuffix
	BinFile          = "pytorch_model.bin"
	BinIndex         = BinFile + indexSuffix

	indexSuffix = ".index.json" // of a sharded checkpoint's index
)

// HuggingFaceFiles are the names of a model's weights, in the order in which
// transformers looks for them.
func HuggingFaceFiles() []string {
	return []string{SafetensorsFile, SafetensorsIndex, BinFile, BinIndex}
}

// OpenFirst opens the first of the named files that exists in dir and suits, with tensors
// renamed by [PlainName]; if none suits, the first that exists. Names that end with
// ".index.json" are sharded checkpoints. It returns nil without an error if none exists.
func OpenFirst(dir string, names []string, suits func(*File) bool) (first *File, err error) {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		file, err := openPlain(path)
		switch {
		case err != nil && first != nil:
			return nil, errors.Join(err, first.Close())
		case err != nil:
			return nil, err
		case suits(file):
			if first != nil {
				err = first.Close()
			}
			return file, err
		case first == nil:
			first = file
		default:
			if err := file.Close(); err != nil {
				return nil, errors.Join(err, first.Close())
			}
		}
	}
	return first, nil
}

func openPlain(path string) (*File, error) {
	open := Open
	if strings.HasSuffix(path, indexSuffix) {
		open = OpenSharded
	}
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	if err := file.Rename(PlainName); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
