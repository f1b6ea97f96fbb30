package evaluate

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// reportFile is the report for people.
const reportFile = "report.md"

// CheckOutput returns an error if dir isn't writable, or if the report would overwrite
// unrelated files, such as a model's metrics.json. Call it before [Run], which may take
// long, if the result is to be saved in dir.
func (o Options) CheckOutput(dir string) error {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return badOptions("--output %s is a file; want a directory", dir)
	}
	for _, name := range append(weights.HuggingFaceFiles(), fusion.PTFile) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return badOptions("--output %s holds a model; want another directory", dir)
		}
	}
	err := o.checkOthers(dir)
	if err == nil {
		err = atomicdir.Check(dir)
	}
	if err != nil {
		return fmt.Errorf("--output %s: %w", dir, err)
	}
	return nil
}

// checkOthers refuses a folder in which the report would overwrite files that aren't
// from an earlier report.
func (o Options) checkOthers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	earlier := isReport(filepath.Join(dir, reportFile))
	for _, e := range entries {
		if ofReport(e) && !earlier {
			return fmt.Errorf("it holds %s, which is no earlier report's and would be overwritten; want another directory", e.Name())
		}
	}
	folders := []string{"plots"}
	if models := append([]string{o.Model}, o.Compare...); len(models) > 1 {
		for _, name := range folderNames(models) {
			folders = append(folders, name, path.Join(name, "plots"))
		}
	}
	for _, folder := range folders {
		inside, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range inside {
			if !ofReport(e) || e.Name() == reportFile {
				return fmt.Errorf("%s, which is no report's, would be removed; want another directory", path.Join(folder, e.Name()))
			}
		}
	}
	return nil
}

// ofReport reports whether an entry has the name of one of a report's files.
func ofReport(e fs.DirEntry) bool {
	if e.IsDir() {
		return e.Name() == "plots"
	}
	for _, pattern := range []string{reportFile, "metrics.json", "thresholds.json", "predictions_*.csv", "*.png", "*.svg"} {
		if found, err := path.Match(pattern, e.Name()); err == nil && found {
			return true
		}
	}
	return false
}

// isReport reports whether a file starts like a report.
func isReport(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // read-only
	line, err := bufio.NewReader(file).ReadString('\n')
	return err == nil && strings.HasPrefix(line, reportTitle)
}
