package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/onnx"
)

// graphFolder is the folder of a model's ONNX graph, in the model's.
const graphFolder = "onnx"

// writeGraph adds the ONNX graph to the files of a model that is about to be saved in dir,
// if output.onnx asks for it.
func (r *Run) writeGraph(dir string) error {
	if !r.config.Output.ONNX {
		return nil
	}
	hash, err := fusion.HashDir(dir)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, graphFolder), 0o777); err != nil {
		return err
	}
	_, err = onnx.Write(filepath.Join(dir, graphFolder, onnx.GraphFile), r.model, onnx.Options{ModelHash: hash})
	return err
}

// graphFiles returns the files of the ONNX graph of the model in dir, if there are any.
func graphFiles(dir string) (list []string) {
	for _, name := range onnx.GraphFiles {
		path := filepath.Join(dir, graphFolder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			list = append(list, path)
		}
	}
	return list
}

// moveGraph moves the ONNX graph of an earlier run's model to the folder of that model, so
// that none is beside a model that it isn't of.
func moveGraph(from, to string) error {
	files := graphFiles(from)
	if len(files) == 0 {
		return nil
	}
	folder := filepath.Join(to, graphFolder)
	err := os.MkdirAll(folder, 0o777)
	for _, file := range files {
		if err == nil {
			err = os.Rename(file, filepath.Join(folder, filepath.Base(file)))
		}
	}
	if err != nil {
		return fmt.Errorf("move the earlier model's graph aside: %w", err)
	}
	_ = os.Remove(filepath.Join(from, graphFolder)) // fails if other files are in it
	return nil
}

// removeGraph removes the ONNX graph of the model in dir.
func removeGraph(dir string) error {
	var err error
	for _, file := range graphFiles(dir) {
		err = errors.Join(err, os.Remove(file))
	}
	_ = os.Remove(filepath.Join(dir, graphFolder)) // fails if other files are in it
	return err
}
