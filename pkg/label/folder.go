package label

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// folder is the shards' output folder: parts, each with a marker that it is complete,
// and a file, written by the last shard, that all are.
type folder struct {
	dir      string
	settings Settings
}

// SuccessFile is the file in an output folder that marks all parts as complete, as in
// Hadoop and Spark.
const SuccessFile = "_SUCCESS"

// Success is its content.
type Success struct {
	Shards   int      `json:"shards"`
	Settings Settings `json:"settings"`
	Counts   Counts   `json:"counts"`
	Bytes    int64    `json:"bytes"`
	Seconds  float64  `json:"seconds"` // all shards together
}

func (f folder) partName(s Shard) string { return s.PartName(f.settings.Options.Format) }
func (f folder) part(s Shard) string     { return filepath.Join(f.dir, f.partName(s)) }
func (f folder) marker(s Shard) string   { return filepath.Join(f.dir, s.MarkerName()) }

// prepare creates the folder, and refuses one with parts of another number of shards:
// reading them all would give duplicate calls.
func (f folder) prepare(count int) error {
	if err := os.MkdirAll(f.dir, 0o777); err != nil {
		return err
	}
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if n, found := shardsOf(e.Name()); found && n != count {
			return fmt.Errorf("%s holds %s, one of %d shards: choose another --output, or remove what is in it", f.dir, e.Name(), n)
		}
	}
	return nil
}

// done returns the content of a finished shard's part. It is an error if that was made
// with other settings.
func (f folder) done(s Shard) (p state, found bool, err error) {
	err = readJSONFile(f.marker(s), &p)
	if errors.Is(err, fs.ErrNotExist) {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	if differs := p.Settings.differs(f.settings); differs != "" {
		return p, false, fmt.Errorf("%s says that shard %s was made with another %s: choose another --output, or give --overwrite", f.marker(s), s, differs)
	}
	info, err := os.Stat(f.part(s))
	return p, err == nil && info.Size() == p.Bytes, nil
}

// forget makes a finished shard unfinished.
func (f folder) forget(s Shard) error {
	for _, path := range []string{filepath.Join(f.dir, SuccessFile), f.marker(s)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// complete writes [SuccessFile] if all shards are done, and returns its content. Each
// shard calls it at its end, so that the last one finds all parts.
func (f folder) complete(count int) (*Success, error) {
	sum := Success{Shards: count, Settings: f.settings}
	for i := range count {
		p, found, err := f.done(Shard{i, count})
		if !found || err != nil {
			return nil, err
		}
		sum.Counts.add(p.Counts)
		sum.Bytes += p.Bytes
		sum.Seconds += p.Seconds
	}
	return &sum, writeJSONFile(filepath.Join(f.dir, SuccessFile), sum)
}

// ReadSuccess reads the [SuccessFile] of the output folder dir. The error wraps
// [fs.ErrNotExist] until all of its shards are done.
func ReadSuccess(dir string) (Success, error) {
	var s Success
	err := readJSONFile(filepath.Join(dir, SuccessFile), &s)
	return s, err
}

func readJSONFile(path string, value any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, value); err != nil {
		return fmt.Errorf("%s is damaged: %w; remove it", path, err)
	}
	return nil
}

// writeJSONFile writes a file atomically.
func writeJSONFile(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return renameio.WriteFile(path, append(data, '\n'), 0o666, renameio.WithTempDir(filepath.Dir(path)))
}
