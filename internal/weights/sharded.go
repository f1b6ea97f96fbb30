package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxIndex bounds the size of an index, which takes some 100 bytes per tensor.
const maxIndex = 16 << 20

// OpenSharded opens a checkpoint of several files by its index, as Hugging Face
// writes it for large models (model.safetensors.index.json):
//
//	{"metadata": {…}, "weight_map": {"TENSOR": "model-00001-of-00002.safetensors", …}}
//
// The shards are in the index's folder or in subfolders. All of their tensors are loaded, as
// in transformers; each tensor in the index must be in the shard given there. The caller
// closes the File.
func OpenSharded(path string) (*File, error) {
	shardOf, err := readIndex(path)
	if err != nil {
		return nil, fmt.Errorf("open weights %s: %w", path, err)
	}
	f := &File{path: path, views: map[string]view{}}
	if err := f.addShards(shardOf); err != nil {
		return nil, errors.Join(fmt.Errorf("open weights %s: %w", path, err), f.Close())
	}
	return f, nil
}

// Shards returns the files of the checkpoint whose index is at path, as named in the index;
// none if path isn't an index.
func Shards(path string) ([]string, error) {
	if !strings.HasSuffix(path, indexSuffix) {
		return nil, nil
	}
	shardOf, err := readIndex(path)
	if err != nil {
		return nil, fmt.Errorf("read the index %s: %w", path, err)
	}
	return slices.Compact(slices.Sorted(maps.Values(shardOf))), nil
}

func readIndex(path string) (shardOf map[string]string, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	case info.Size() > maxIndex:
		return nil, fmt.Errorf("an index of %d bytes; at most %d are supported", info.Size(), maxIndex)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseIndex(data)
}

func parseIndex(data []byte) (shardOf map[string]string, err error) {
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("the index is damaged, get it again: %w", err)
	}
	if len(index.WeightMap) == 0 {
		return nil, errors.New("the index has no weight_map, or an empty one: get it again")
	}
	for _, name := range slices.Sorted(maps.Keys(index.WeightMap)) {
		if shard := index.WeightMap[name]; !filepath.IsLocal(shard) {
			return nil, fmt.Errorf("the index says that tensor %q is in %q, which is no file of this folder", name, shard)
		}
	}
	return index.WeightMap, nil
}

func (f *File) addShards(shardOf map[string]string) error {
	folder := filepath.Dir(f.path)
	named := slices.Compact(slices.Sorted(maps.Values(shardOf)))
	for i, name := range named {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			return fmt.Errorf("shard %d of %d is missing: %w; get all files again", i+1, len(named), err)
		}
	}
	for _, name := range named {
		shard, err := Open(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		f.shards = append(f.shards, shard)
		for _, tensor := range shard.names {
			if home, indexed := shardOf[tensor]; indexed && home != name {
				continue // the index decides
			}
			if _, twice := f.views[tensor]; twice {
				return fmt.Errorf("tensor %q is in two shards, and the index names none", tensor)
			}
			f.names = append(f.names, tensor)
			f.views[tensor] = shard.views[tensor]
		}
	}
	for _, tensor := range slices.Sorted(maps.Keys(shardOf)) {
		if _, found := f.views[tensor]; !found {
			return fmt.Errorf("tensor %q isn't in %s, where the index says it is: the shards are of another model, or one is damaged; get all files again", tensor, shardOf[tensor])
		}
	}
	return nil
}
