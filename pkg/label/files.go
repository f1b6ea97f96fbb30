package label

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// file is an input file.
type file struct {
	path string
	size int64 // in bytes; -1 for a pipe or a device
}

// fileTypes are the extensions of files read from a folder; a compression extension
// may follow.
var fileTypes = []string{".csv", ".json", ".jsonl", ".ndjson", ".tab", ".tsv", ".txt"}

// findFiles lists the files for names, each of which is a file, a folder or a pattern.
// Files of a folder or a pattern are in the order of their names. In folders,
// subfolders are skipped, and so are files whose names begin with . or _ or don't
// have an extension of fileTypes (optionally followed by .gz or the like).
func findFiles(names []string) ([]file, error) {
	var list []file
	for _, name := range names {
		paths, err := expand(name)
		if err != nil {
			return nil, fmt.Errorf("read input: %w", err)
		}
		for _, path := range paths {
			info, err := os.Stat(path)
			if err == nil && info.IsDir() {
				err = fmt.Errorf("%s is a directory", path)
			}
			if err != nil {
				return nil, fmt.Errorf("read input: %w", err)
			}
			f := file{path, -1}
			if info.Mode().IsRegular() {
				f.size = info.Size()
			}
			list = append(list, f)
		}
	}
	return list, nil
}

// expand lists the files of a folder or a pattern. An existing name isn't a pattern,
// whatever characters it contains.
func expand(name string) ([]string, error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return filesIn(name)
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(name, "*?["):
		paths, err := filepath.Glob(name)
		if err == nil && len(paths) == 0 {
			err = fmt.Errorf("no file is called like %s: %w", name, fs.ErrNotExist)
		}
		return paths, err
	}
	return []string{name}, nil
}

func filesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "_") || !slices.Contains(fileTypes, extension(path)) {
			continue
		}
		info, err := os.Stat(path) // follows links, as in ConfigMaps
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("there is no file of calls (%s) in the folder %s: %w", strings.Join(fileTypes, ", "), dir, fs.ErrNotExist)
	}
	return paths, nil
}

// span is a half-open range of bytes.
type span struct{ from, to int64 }

// sizeOf returns the total size of files in bytes; -1 if one of them has none.
func sizeOf(files []file) int64 {
	var sum int64
	for _, f := range files {
		if f.size < 0 {
			return -1
		}
		sum += f.size
	}
	return sum
}

// piece is a range of a file.
type piece struct {
	file
	span
}

// cut returns the files, and the range of each, that make up a range of all files
// concatenated. Empty files are left out.
func cut(files []file, all span) []piece {
	var list []piece
	var begin int64
	for _, f := range files {
		s := span{max(all.from-begin, 0), min(all.to-begin, f.size)}
		if s.from < s.to {
			list = append(list, piece{f, s})
		}
		begin += f.size
	}
	return list
}
