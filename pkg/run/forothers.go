package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/mlmodel"
	"github.com/trident-nlp/trident/pkg/onnx"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// Folders of a model's for programs other than Trident.
const (
	graphFolder  = "onnx"         // its ONNX graph
	mlflowFolder = mlmodel.Folder // what makes it one of MLflow's models, when it is logged
)

// filesForOthers returns the paths in a model's folder of what is in these folders.
func filesForOthers() (list []string) {
	for _, name := range onnx.GraphFiles {
		list = append(list, path.Join(graphFolder, name))
	}
	for _, name := range []string{mlmodel.MLmodelFile, mlmodel.RequirementsFile, mlmodel.PythonEnvFile, mlmodel.ExampleFile, mlmodel.CodeFile, mlmodel.WindowsFile} {
		list = append(list, path.Join(mlflowFolder, name))
	}
	return list
}

// addForOthers adds to the files of a model that is about to be saved in dir: its ONNX
// graph, if output.onnx asks for it, and that with its description for MLflow, if the run
// logs its model.
func (r *Run) addForOthers(dir string, history *trainer.History) error {
	logged := r.runID != "" && r.config.MLflow.LogModel
	if !r.config.Output.ONNX && !logged {
		return nil
	}
	hash, err := fusion.HashDir(dir)
	if err != nil {
		return err
	}
	graph := path.Join(graphFolder, onnx.GraphFile)
	if err := os.Mkdir(filepath.Join(dir, graphFolder), 0o777); err != nil {
		return err
	}
	if _, err := onnx.Write(filepath.Join(dir, graph), r.model, onnx.Options{ModelHash: hash}); err != nil || !logged {
		return err
	}
	files, err := mlmodel.Files(r.model.Architecture, mlmodel.Logged{
		RunID: r.runID, ArtifactPath: checkpointArtifacts, Graph: graph, ModelHash: hash,
		Scores: scoresOf(history), Example: ExampleCall, Created: time.Now(),
	})
	if err != nil {
		return err
	}
	for name, content := range files {
		to := filepath.Join(dir, mlflowFolder, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(to, content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// scoresOf returns the best validation's scores under the tracker's names.
func scoresOf(history *trainer.History) map[string]float64 {
	best, ok := history.BestEvaluation()
	if !ok {
		return nil
	}
	scores := map[string]float64{"val/avg": best.Average}
	for _, s := range best.Val {
		scores["val/"+s.Name] = s.Value
	}
	return scores
}

// addForOthers adds these files, so that MLflow loads the checkpoint: MLmodel is at its
// root.
func (t tracker) addForOthers(files map[string]string) {
	for _, file := range existing(t.dir.Path) {
		files[strings.TrimPrefix(file, mlflowFolder+"/")] = filepath.Join(t.dir.Path, file)
	}
}

// existing returns those of filesForOthers that the model in dir has. A folder with a file
// of someone else is theirs.
func existing(dir string) (list []string) {
	ours := map[string]bool{}
	for _, folder := range []string{graphFolder, mlflowFolder} {
		ours[folder] = checkForOthers(dir, folder) == nil
	}
	for _, name := range filesForOthers() {
		folder, _, _ := strings.Cut(name, "/")
		if info, err := os.Stat(filepath.Join(dir, name)); ours[folder] && err == nil && info.Mode().IsRegular() {
			list = append(list, name)
		}
	}
	return list
}

// checkForOthers returns an error if one of the folders holds a file of someone else, which
// saving a model would remove.
func checkForOthers(dir string, folders ...string) error {
	known := filesForOthers()
	for _, folder := range folders {
		root := filepath.Join(dir, folder)
		err := filepath.WalkDir(root, func(file string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name, err := filepath.Rel(dir, file)
			if err != nil || e.IsDir() && file == root || slices.Contains(known, filepath.ToSlash(name)) {
				return err
			}
			if prefix := filepath.ToSlash(name) + "/"; e.IsDir() && slices.ContainsFunc(known, func(name string) bool { return strings.HasPrefix(name, prefix) }) {
				return nil
			}
			return fmt.Errorf("output.model_dir %s: the model's files for other programs go to %s, which holds %s: move it away, name another folder, or set output.onnx and mlflow.log_model to false", dir, root, strings.TrimPrefix(filepath.ToSlash(name), folder+"/"))
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// foldersForOthers are the folders that a run writes.
func foldersForOthers(c config.Config) (folders []string) {
	logged := c.MLflow.Enabled && c.MLflow.LogModel
	switch {
	case c.Task == config.TaskPretrain:
	case logged:
		folders = []string{graphFolder, mlflowFolder}
	case c.Output.ONNX:
		folders = []string{graphFolder}
	}
	return folders
}

// moveForOthers moves these files of an earlier run's model to the folder of that model, so
// that none is beside a model that it isn't of.
func moveForOthers(from, to string) error {
	for _, name := range existing(from) {
		target := filepath.Join(to, name)
		err := os.MkdirAll(filepath.Dir(target), 0o777)
		if err == nil {
			err = os.Rename(filepath.Join(from, name), target)
		}
		if err != nil {
			return fmt.Errorf("move the earlier model's %s aside: %w", name, err)
		}
	}
	removeEmpty(from)
	return nil
}

// removeForOthers removes these files of the model in dir.
func removeForOthers(dir string) error {
	var err error
	for _, name := range existing(dir) {
		err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
	}
	removeEmpty(dir)
	return err
}

// removeEmpty removes those folders that have no file of someone else.
func removeEmpty(dir string) {
	for _, folder := range []string{graphFolder, path.Join(mlflowFolder, path.Dir(mlmodel.CodeFile)), mlflowFolder} {
		_ = os.Remove(filepath.Join(dir, folder)) // fails if it isn't empty
	}
}
