package tracking

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
)

// maxModelParams is the maximum number of params per request about a logged model.
const maxModelParams = 100

// loggedModelAnswer is a server's description of a logged model.
type loggedModelAnswer struct {
	Info struct {
		ID          string `json:"model_id"`
		Name        string `json:"name"`
		Run         string `json:"source_run_id"`
		ArtifactURI string `json:"artifact_uri"`
	} `json:"info"`
}

func (a loggedModelAnswer) model() loggedModel {
	return loggedModel{id: a.Info.ID, artifactURI: a.Info.ArtifactURI}
}

// modelOf returns the logged model of a run with a name; the error is errNoModels if the
// server has none at all, and the zero loggedModel if the run has none.
func (c *client) modelOf(ctx context.Context, experiment, run, name string) (loggedModel, error) {
	var found struct {
		Models []loggedModelAnswer `json:"models"`
	}
	err := c.post(ctx, "logged-models/search", map[string]any{
		"experiment_ids": []string{experiment},
		"filter":         fmt.Sprintf("source_run_id = '%s'", run),
		"max_results":    50,
	}, &found)
	switch {
	case isUnknownEndpoint(err):
		return loggedModel{}, errNoModels
	case err != nil:
		return loggedModel{}, fmt.Errorf("looking for the run's models: %w", err)
	}
	for _, m := range found.Models {
		if m.Info.Run == run && m.Info.Name == name && isRunID(m.Info.ID) {
			return m.model(), nil
		}
	}
	return loggedModel{}, nil
}

// isUnknownEndpoint recognises the answer of a server that is older than an endpoint, or
// lacks it.
func isUnknownEndpoint(err error) bool {
	var answer *answerError
	if !errors.As(err, &answer) || answer.code == "RESOURCE_DOES_NOT_EXIST" {
		return false
	}
	switch answer.response.StatusCode {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return answer.code == "NOT_IMPLEMENTED" || answer.code == "ENDPOINT_NOT_FOUND"
}

func (s *serverStore) findOrCreateModel(ctx context.Context, m Model) (loggedModel, error) {
	found, err := s.api.modelOf(ctx, s.experiment, s.run, m.Name)
	if err != nil || found.id != "" {
		return found, err
	}
	var run runAnswer
	if err := s.api.get(ctx, "runs/get", url.Values{"run_id": {s.run}}, &run); err != nil {
		return loggedModel{}, fmt.Errorf("reading the run: %w", err)
	}
	params := run.Run.Data.Params // the model page shows its own
	tags := map[string]string{}
	maps.Copy(tags, m.Tags)
	for _, t := range run.Run.Data.Tags {
		if slices.Contains([]string{tagUser, tagSourceName, tagSourceType, tagCommit}, t.Key) {
			tags[t.Key] = t.Value
		}
	}
	first := params[:min(len(params), maxModelParams)]
	var made struct {
		Model loggedModelAnswer `json:"model"`
	}
	err = s.api.post(ctx, "logged-models", map[string]any{
		"experiment_id": s.experiment, "name": m.Name, "source_run_id": s.run, "params": first, "tags": keyValues(tags),
	}, &made)
	switch {
	case isUnknownEndpoint(err):
		return loggedModel{}, errNoModels
	case err != nil:
		return loggedModel{}, fmt.Errorf("creating a logged model: %w", err)
	case !isRunID(made.Model.Info.ID):
		return loggedModel{}, fmt.Errorf("%s does not answer as an MLflow server does", s.api.base)
	}
	to := made.Model.model()
	for part := range slices.Chunk(params[len(first):], maxModelParams) {
		if err := s.api.post(ctx, path.Join("logged-models", to.id, "params"), map[string]any{"model_id": to.id, "params": part}, nil); err != nil {
			return loggedModel{}, fmt.Errorf("recording the model's params: %w", err)
		}
	}
	return to, nil
}

func keyValues(values map[string]string) []keyValue {
	list := []keyValue{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list = append(list, keyValue{cleanKey(key), cut(values[key], maxTagLength)})
	}
	return list
}

func (s *serverStore) logModelFile(ctx context.Context, to loggedModel, file, dest string, progress func()) error {
	return s.put(ctx, to.artifactURI, file, dest, progress, func(ctx context.Context, dest string) (bool, error) {
		return s.listsModelFile(ctx, to, dest)
	})
}

// listsModelFile reports whether the server lists a logged model's file.
func (s *serverStore) listsModelFile(ctx context.Context, to loggedModel, dest string) (bool, error) {
	query := url.Values{}
	if dir := path.Dir(dest); dir != "." {
		query.Set("artifact_directory_path", dir)
	}
	var answer fileList
	if err := s.api.get(ctx, path.Join("logged-models", to.id, "artifacts", "directories"), query, &answer); err != nil {
		return false, fmt.Errorf("listing the model's files: %w", err)
	}
	return answer.has(dest), nil
}

// linkModel logs the points a second time, as Python's client does: with the model's id
// they are the model's too, and a server drops the repetition from the run.
func (s *serverStore) linkModel(ctx context.Context, to loggedModel, m Model) error {
	var step int64
	for _, at := range m.Points {
		step = max(step, at)
	}
	var run runAnswer
	if err := s.api.get(ctx, "runs/get", url.Values{"run_id": {s.run}}, &run); err != nil {
		return fmt.Errorf("reading the run's models: %w", err)
	}
	if !run.Run.Outputs.Models.has(to.id) { // a server refuses a repetition
		err := s.api.post(ctx, "runs/outputs", map[string]any{
			"run_id": s.run, "models": []any{map[string]any{"model_id": to.id, "step": step}},
		}, nil)
		if err != nil {
			return fmt.Errorf("making the model an output of the run: %w", err)
		}
	}
	return s.logModelPoints(ctx, to, m.Points)
}

func (s *serverStore) useModel(ctx context.Context, u UsedModel) error {
	var run, own runAnswer
	err := s.api.get(ctx, "runs/get", url.Values{"run_id": {u.Run}}, &run)
	if hasCode(err, "RESOURCE_DOES_NOT_EXIST") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for the model's run: %w", err)
	}
	model, err := s.api.modelOf(ctx, run.Run.Info.Experiment, u.Run, u.Name)
	if err != nil || model.id == "" {
		return err
	}
	if err := s.api.get(ctx, "runs/get", url.Values{"run_id": {s.run}}, &own); err != nil {
		return fmt.Errorf("reading the run's models: %w", err)
	}
	if !own.Run.Inputs.Models.has(model.id) {
		err = s.api.post(ctx, "runs/log-inputs", map[string]any{"run_id": s.run, "models": []any{map[string]string{"model_id": model.id}}}, nil)
		if err != nil {
			return fmt.Errorf("making the model an input of the run: %w", err)
		}
	}
	return s.logModelPoints(ctx, model, u.Points)
}

// logModelPoints makes points of the run, by key and step, a model's too.
func (s *serverStore) logModelPoints(ctx context.Context, to loggedModel, steps map[string]int64) error {
	var points []modelMetric
	for _, key := range slices.Sorted(maps.Keys(steps)) {
		recorded, err := s.api.points(ctx, s.run, key)
		if err != nil {
			return err
		}
		for _, p := range recorded {
			if p.Step == steps[key] {
				points = append(points, modelMetric{metricValue: p, Model: to.id, Run: s.run})
			}
		}
	}
	for part := range slices.Chunk(points, maxBatchMetrics) {
		if err := s.api.post(ctx, "runs/log-batch", map[string]any{"run_id": s.run, "metrics": part}, nil); err != nil {
			return fmt.Errorf("recording the model's scores: %w", err)
		}
	}
	return nil
}

// modelMetric is a run's point that is also a model's.
type modelMetric struct {
	metricValue
	Model string `json:"model_id"`
	Run   string `json:"run_id"`
}

func (s *serverStore) finalizeModel(ctx context.Context, to loggedModel, whole bool) error {
	status := "LOGGED_MODEL_READY"
	if !whole {
		status = "LOGGED_MODEL_UPLOAD_FAILED"
	}
	err := s.api.send(ctx, http.MethodPatch, path.Join("logged-models", to.id), map[string]any{"model_id": to.id, "status": status}, nil)
	if err != nil {
		return fmt.Errorf("setting the model's status: %w", err)
	}
	return nil
}

var _ modelStore = (*serverStore)(nil)
