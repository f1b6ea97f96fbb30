package mlmodel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tracking"
)

// ErrChanged means that a fetched model isn't the one that was logged.
var ErrChanged = errors.New("the model's files aren't those that were logged")

// Dir returns the folder of a model. name is that folder or, as [tracking.FetchModel] reads
// it, a model in MLflow (models:/NAME@ALIAS, runs:/ID/checkpoint), which is then fetched
// into a cache and checked against the hash that was logged with it. uri is the tracking
// URI, or "" for MLFLOW_TRACKING_URI. notice receives one-line messages; it may be nil.
func Dir(ctx context.Context, name, uri string, notice func(line string)) (string, error) {
	if !tracking.IsModelURI(name) {
		return name, nil
	}
	return tracking.FetchModel(ctx, name, tracking.FetchOptions{
		URI: tracking.ResolveURI(uri, os.Getenv), Wanted: wanted, Check: check, Notice: notice,
	})
}

// wanted leaves out what Trident doesn't read: the graph, and weights that are there twice.
func wanted(files []string) []string {
	twice := slices.Contains(files, fusion.SafetensorsFile)
	return slices.DeleteFunc(files, func(name string) bool {
		return path.Base(name) == "model.onnx" || twice && name == fusion.PTFile
	})
}

// check returns ErrChanged if the files in dir aren't those whose hash is in its MLmodel.
func check(dir string) error {
	description, err := os.ReadFile(filepath.Join(dir, MLmodelFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a folder that was logged as artifacts
	}
	if err != nil {
		return err
	}
	logged, err := Hash(description)
	if err != nil || logged == "" {
		return err
	}
	got, err := fusion.HashDir(dir)
	if err != nil {
		return err
	}
	if got != logged {
		return fmt.Errorf("%w: the hash in %s is %.12s…, that of the files %.12s…; log the model again, or ask for another version", ErrChanged, MLmodelFile, logged, got)
	}
	return nil
}
