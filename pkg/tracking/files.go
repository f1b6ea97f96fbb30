package tracking

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/trident-nlp/trident/internal/atomicdir"
)

// Names in MLflow's file store.
const (
	trashFolder     = ".trash"
	metricsFolder   = "metrics"
	paramsFolder    = "params"
	tagsFolder      = "tags"
	artifactsFolder = "artifacts"
	datasetsFolder  = "datasets"
	inputsFolder    = "inputs"
)

// fileStore records a run in a folder with MLflow's layout:
//
//	<root>/<experiment id>/meta.yaml
//	<root>/<experiment id>/<run id>/{meta.yaml,metrics/,params/,tags/,artifacts/,inputs/}
type fileStore struct {
	root       string // as given, for messages
	experiment string
	run        string
	dir        string // the run's folder, absolute

	mu       sync.Mutex
	unsynced map[string]bool // metric files with appended data
}

// createFileRun starts a run below root, which is created if missing.
func createFileRun(root string, spec runSpec) (*fileStore, error) {
	absolute, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("MLflow file store %s: %w", root, err)
	}
	experiment, err := fileExperiment(absolute, spec)
	if err != nil {
		return nil, fmt.Errorf("MLflow file store %s: %w", root, err)
	}
	s := &fileStore{root: root, experiment: experiment, run: fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())}
	s.dir = filepath.Join(absolute, experiment, s.run)
	if err := s.fill(spec); err != nil {
		return nil, fmt.Errorf("MLflow file store %s: making a run: %w", root, err)
	}
	return s, nil
}

// fill creates the run's files. meta.yaml comes last: without it MLflow ignores
// the folder.
func (s *fileStore) fill(spec runSpec) error {
	if err := s.makeFolders(); err != nil {
		return err
	}
	for key, value := range spec.tags {
		if err := s.writeText(tagsFolder, key, value); err != nil {
			return err
		}
	}
	return writeMeta(s.dir, meta{
		"artifact_uri":     fileURI(filepath.Join(s.dir, artifactsFolder)),
		"end_time":         nil,
		"entry_point_name": "",
		"experiment_id":    s.experiment,
		"lifecycle_stage":  "active",
		"run_id":           s.run,
		"run_name":         spec.name,
		"run_uuid":         s.run,
		"source_name":      "",
		"source_type":      4,
		"source_version":   "",
		"start_time":       spec.start,
		"status":           statusNumbers[Running],
		"tags":             []any{},
		"user_id":          spec.user,
	})
}

func (s *fileStore) makeFolders() error {
	for _, name := range []string{metricsFolder, paramsFolder, tagsFolder, artifactsFolder} {
		if err := os.MkdirAll(filepath.Join(s.dir, name), 0o777); err != nil {
			return err
		}
	}
	return nil
}

// statusNumbers are the states as stored in meta.yaml.
var statusNumbers = map[Status]int{Running: 1, Finished: 3, Failed: 4, Killed: 5}

// fileExperiment finds or creates an experiment and returns its id. It locks the
// root folder meanwhile, since two runs may start at once.
func fileExperiment(root string, spec runSpec) (string, error) {
	trash := filepath.Join(root, trashFolder)
	if err := os.MkdirAll(trash, 0o777); err != nil {
		return "", err
	}
	lock, err := os.Open(root)
	if err != nil {
		return "", err
	}
	defer lock.Close() // also unlocks
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("locking: %w", err)
	}
	if !fileExists(filepath.Join(root, "0")) && !fileExists(filepath.Join(trash, "0")) {
		if err := makeExperiment(root, "0", defaultExperiment, spec.start); err != nil {
			return "", err
		}
	}
	if id, err := findFileExperiment(root, spec.experiment); id != "" || err != nil {
		return id, err
	}
	deleted, err := findFileExperiment(trash, spec.experiment)
	if err != nil {
		return "", err
	}
	if deleted != "" {
		return "", fmt.Errorf("%w: %q (id %s); restore it with `MLFLOW_ALLOW_FILE_STORE=true MLFLOW_TRACKING_URI=%s mlflow experiments restore -x %s`, or take another name",
			ErrExperimentDeleted, spec.experiment, deleted, fileURI(root), deleted)
	}
	id := newExperimentID()
	return id, makeExperiment(root, id, spec.experiment, spec.start)
}

// findFileExperiment returns the id of the experiment with the name in folder, or
// "". Folders that aren't experiments are skipped.
func findFileExperiment(folder, name string) (string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		found, err := readMeta(filepath.Join(folder, entry.Name()))
		if err == nil && found.text("name") == name && found.text("experiment_id") == entry.Name() {
			return entry.Name(), nil
		}
	}
	return "", nil
}

func makeExperiment(root, id, name string, now int64) error {
	folder := filepath.Join(root, id)
	if err := os.MkdirAll(filepath.Join(folder, tagsFolder), 0o777); err != nil {
		return err
	}
	return writeMeta(folder, meta{
		"artifact_location": fileURI(folder),
		"creation_time":     now,
		"experiment_id":     id,
		"last_update_time":  now,
		"lifecycle_stage":   "active",
		"name":              name,
	})
}

// newExperimentID returns 18 random digits, like MLflow.
func newExperimentID() string {
	return strconv.FormatInt(100_000_000_000_000_000+rand.Int64N(900_000_000_000_000_000), 10)
}

func (s *fileStore) path(kind, key string) string {
	return filepath.Join(s.dir, kind, filepath.FromSlash(key))
}

func (s *fileStore) finish(_ context.Context, status Status, end int64) error {
	info, err := readMeta(s.dir)
	if err == nil {
		info["status"], info["end_time"] = statusNumbers[status], end
		err = writeMeta(s.dir, info)
	}
	if err != nil {
		return fmt.Errorf("setting the run's status: %w", err)
	}
	return nil
}

// sync flushes the metric files and their folders to disk. Params, tags and
// artifacts were flushed when they were written.
func (s *fileStore) sync() error {
	s.mu.Lock()
	changed := s.unsynced
	s.unsynced = nil
	s.mu.Unlock()
	folders := map[string]bool{}
	var errs []error
	for file := range changed {
		errs = append(errs, atomicdir.Sync(file))
		for folder := filepath.Dir(file); len(folder) >= len(s.dir); folder = filepath.Dir(folder) {
			folders[folder] = true
		}
	}
	for folder := range folders {
		errs = append(errs, atomicdir.Sync(folder))
	}
	return errors.Join(errs...)
}

func (s *fileStore) close() {}

func (s *fileStore) runID() string        { return s.run }
func (s *fileStore) experimentID() string { return s.experiment }
func (s *fileStore) where() string        { return s.root }
func (s *fileStore) url() string          { return s.dir }

// hints gives both ways to open a file store, which current servers refuse by
// default.
func (s *fileStore) hints() []string {
	root := shellPath(s.root)
	return []string{
		"MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri " + root,
		"mlflow migrate-filestore --source " + root + " --target sqlite:///mlflow.db && mlflow ui --backend-store-uri sqlite:///mlflow.db",
	}
}

var plainPath = regexp.MustCompile(`^[\w./@%+=:,-]+$`)

// shellPath quotes a path for a shell, and makes sure that it reads as a path.
func shellPath(path string) string {
	if !filepath.IsAbs(path) && !strings.HasPrefix(path, ".") {
		path = "./" + path
	}
	if plainPath.MatchString(path) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

var _ store = (*fileStore)(nil)
