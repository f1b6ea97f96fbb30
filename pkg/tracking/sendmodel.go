package tracking

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// modelStore is a store that may keep models apart from the runs' artifacts, and
// have a registry of models.
type modelStore interface {
	// findOrCreateModel returns errNoModels if the store has no such models.
	findOrCreateModel(ctx context.Context, m Model) (loggedModel, error)
	logModelFile(ctx context.Context, to loggedModel, file, dest string, progress func()) error
	// linkModel makes a model the run's, with the run's points of m.
	linkModel(ctx context.Context, to loggedModel, m Model) error
	finalizeModel(ctx context.Context, to loggedModel, whole bool) error
	// useModel makes a model an input of the run, if the store has it.
	useModel(ctx context.Context, u UsedModel) error
	// register enters the model in the registry, and returns a line that says so. The
	// zero loggedModel stands for one among the run's artifacts.
	register(ctx context.Context, to loggedModel, m Model) (said string, err error)
}

// sendUsedModel links a model that the run used.
func (s *sender) sendUsedModel(u UsedModel) error {
	models, capable := s.store.(modelStore)
	if !capable {
		return nil
	}
	if err := s.values.settle(s.ctx); err != nil {
		return err
	}
	if !s.stage("used"+u.Run, fmt.Sprintf("MLflow does not link the model of run %s", u.Run), new(error), func() error { return models.useModel(s.ctx, u) }) {
		return s.ctx.Err()
	}
	return nil
}

// loggedModel is one of a server's logged models.
type loggedModel struct {
	id          string
	artifactURI string
}

// errNoModels means that a store keeps no models apart from the runs' artifacts.
var errNoModels = errors.New("this MLflow has no logged models")

// sendModel stores a model, retrying each stage. It returns an error only when the
// sender's context ends.
func (s *sender) sendModel(m Model) error {
	models, capable := s.store.(modelStore)
	var to loggedModel
	err := errNoModels
	if capable {
		// The model's scores are the run's, which must be there.
		if err := s.values.settle(s.ctx); err != nil {
			return err
		}
		if !s.stage("model"+m.Name, fmt.Sprintf("MLflow does not take the model %s as a logged model, its files are artifacts of the run", m.Name), &err, func() (err error) {
			to, err = models.findOrCreateModel(s.ctx, m)
			return err
		}) {
			return s.ctx.Err()
		}
	}
	if err != nil {
		return s.sendModelAsArtifacts(models, m)
	}
	if !s.stage("link"+m.Name, fmt.Sprintf("MLflow does not link the model %s with its run", m.Name), new(error), func() error { return models.linkModel(s.ctx, to, m) }) {
		return s.ctx.Err()
	}
	whole, done := s.sendModelFiles(m, func(file, dest string) error { return s.sendModelFile(models, to, file, dest) })
	if !done || !s.stage("ready"+m.Name, fmt.Sprintf("MLflow does not mark the model %s as complete", m.Name), new(error), func() error { return models.finalizeModel(s.ctx, to, whole) }) {
		return s.ctx.Err()
	}
	return s.register(models, to, m, whole)
}

// stage retries one step of sending a model. A refusal is a warning, and sets problem.
// It returns false when the sender's context ends.
func (s *sender) stage(about, refusal string, problem *error, do func() error) bool {
	*problem = nil
	return s.retry(s.files, 0, func(int) error {
		err := do()
		switch {
		case errors.Is(err, errNoModels):
			*problem = err
			return nil
		case isRefused(err):
			*problem = err
			s.warnings.once(about, fmt.Sprintf("%s: %v", refusal, err))
			return nil
		}
		return err
	})
}

// sendModelFiles sends a model's files with send, MLmodel last. whole reports whether all
// were stored, done whether the sender's context still holds.
func (s *sender) sendModelFiles(m Model, send func(file, dest string) error) (whole, done bool) {
	whole = true
	names := slices.Sorted(maps.Keys(m.Files))
	slices.SortStableFunc(names, func(a, b string) int {
		return boolToInt(a == mlmodelFile) - boolToInt(b == mlmodelFile)
	})
	for _, name := range names {
		var problem error
		if !s.retry(s.files, 0, func(int) error {
			problem = send(m.Files[name], name)
			switch {
			case errors.Is(problem, errNoUpload), isRefused(problem), errors.Is(problem, fs.ErrNotExist):
				return nil
			}
			return problem
		}) {
			return false, false
		}
		switch {
		case errors.Is(problem, errNoUpload):
			s.warnings.once("upload", fmt.Sprintf("MLflow artifacts are left out, they remain in %s: %v", filepath.Dir(m.Files[name]), problem))
			return false, true
		case problem != nil:
			s.warnings.once("artifact"+m.Files[name], fmt.Sprintf("MLflow artifact %s is left out: %v", m.Files[name], problem))
			whole = false
		}
	}
	return whole, true
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *sender) sendModelFile(models modelStore, to loggedModel, file, dest string) error {
	if dest == mlmodelFile {
		withID, err := addModelID(file, to.id)
		if err != nil {
			return err
		}
		defer os.Remove(withID)
		file = withID
	}
	s.upload.Store(true)
	defer s.upload.Store(false)
	return models.logModelFile(s.ctx, to, file, dest, s.progress)
}

// addModelID returns a temporary copy of the file MLmodel with a server's id of the model,
// by which Python's client finds it.
func addModelID(file, id string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	out, err := os.CreateTemp("", "trident-mlmodel-")
	if err != nil {
		return "", err
	}
	_, err = fmt.Fprintf(out, "%smodel_id: %s\n", text, id)
	if err = errors.Join(err, out.Close()); err != nil {
		os.Remove(out.Name())
		return "", err
	}
	return out.Name(), nil
}

// sendModelAsArtifacts stores a model where there are only runs' artifacts. models may be
// nil.
func (s *sender) sendModelAsArtifacts(models modelStore, m Model) error {
	whole, done := s.sendModelFiles(m, func(file, dest string) error {
		s.upload.Store(true)
		defer s.upload.Store(false)
		return s.store.logArtifact(s.ctx, file, path.Join(m.Name, dest), s.progress)
	})
	if !done {
		return s.ctx.Err()
	}
	if m.History != "" && whole {
		tag := []item{{kind: tagItem, key: tagModelHistory, text: cut(m.History, maxTagLength)}}
		if !s.retry(s.files, 0, func(int) error {
			return s.store.logBatch(s.ctx, tag, 0, func(_ item, err error) {
				s.warnings.once(tagModelHistory, fmt.Sprintf("MLflow does not show that the run has a model: %v", err))
			})
		}) {
			return s.ctx.Err()
		}
	}
	return s.register(models, loggedModel{}, m, whole)
}

// register enters the model in the registry, if m wants that.
func (s *sender) register(models modelStore, to loggedModel, m Model, whole bool) error {
	r := m.Register
	switch {
	case r == nil:
		return nil
	case models == nil:
		s.warnings.once("register", fmt.Sprintf("the model is not registered as %s: a folder of runs has no registry; with a tracking server, register it with mlflow.register_model(\"runs:/%s/%s\", \"%s\") in Python",
			r.Name, s.store.runID(), m.Name, r.Name))
		return nil
	case !whole:
		s.warnings.once("register", fmt.Sprintf("the model is not registered as %s: MLflow does not have all of its files", r.Name))
		return nil
	}
	var said string
	if !s.stage("register", fmt.Sprintf("the model is not registered as %s", r.Name), new(error), func() (err error) {
		said, err = models.register(s.ctx, to, m)
		return err
	}) {
		return s.ctx.Err()
	}
	if said != "" {
		s.say(said)
	}
	return nil
}
