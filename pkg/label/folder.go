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

// folder is where shards leave their parts, each with a marker that says that it is
// whole, and the last one a file that says that all are.
type folder struct {
	dir      string
	settings Settings
}

// SuccessFile is the file in an output folder that says that all parts are there, as Hadoop and Spark do it.
const SuccessFile = "_SUCCESS"

// Success is what it holds.
type Success struct {
	Shards   int      `json:"shards"`
	Settings Settings `json:"settings"`
	Counts   Counts   `json:"counts"`
	Bytes    int64    `json:"bytes"`
	Seconds  float64  `json:"seconds"` // of all shards together
}

func (f folder) partName(s Shard) string { return s.PartName(f.settings.Options.Format) }
func (f folder) part(s Shard) string     { return filepath.Join(f.dir, f.partName(s)) }
func (f folder) marker(s Shard) string   { return filepath.Join(f.dir, s.MarkerName()) }

// prepare makes the folder, and refuses one with parts of another number of shards:
// who reads them all would have calls twice.
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

// done returns what a finished shard's part holds. It is an error if that was made
// otherwise.
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

// forget makes a finished shard one that isn't.
func (f folder) forget(s Shard) error {
	for _, path := range []string{filepath.Join(f.dir, SuccessFile), f.marker(s)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// complete writes [SuccessFile] if all shards are done, and returns it. Each shard asks
// when it has ended, so that the last one finds all.
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

// ReadSuccess reads what the folder of answers dir says of itself. The error is one
// of [fs.ErrNotExist] until all of its shards are done.
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

// writeJSONFile writes a file whole or not at all.
func writeJSONFile(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return renameio.WriteFile(path, append(data, '\n'), 0o666, renameio.WithTempDir(filepath.Dir(path)))
}
