package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// companions returns the files that belong to the graph at path, if it is one of ours.
func companions(path string) (list []string) {
	if !isOurs(path) {
		return nil
	}
	if info, err := os.Lstat(path + dataSuffix); err == nil && info.Mode().IsRegular() {
		list = append(list, path+dataSuffix)
	}
	if isOurs(headsPath(path)) {
		list = append(list, headsPath(path))
	}
	return list
}

// removeOthers removes those files that aren't among written.
func removeOthers(files, written []string) error {
	for _, file := range files {
		if slices.Contains(written, file) {
			continue
		}
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove %s, which belonged to the earlier graph: %w", file, err)
		}
	}
	return nil
}

// isOurs reports whether a file is a graph that Write wrote: the producer is at its
// beginning.
func isOurs(path string) bool {
	if checkRegular(path) != nil {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // read-only
	start, err := io.ReadAll(io.LimitReader(file, 32))
	return err == nil && bytes.Contains(start, []byte(producer))
}

// checkRegular returns an error for a path that is there and no file, such as a pipe:
// a runtime reads a graph from any place in it.
func checkRegular(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() { // creating it reports what is wrong with the path
		return nil
	}
	if info.IsDir() {
		return errors.New("it is a folder: name a file, or a folder whose name doesn't end in .onnx")
	}
	return errors.New("it is a pipe or a device, and a graph must be a file: name a file")
}
