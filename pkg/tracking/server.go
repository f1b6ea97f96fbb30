package tracking

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
)

// tagClientKey is a tag with a random value. If the response of runs/create is lost
// although the run was created, the run is found by this tag.
const tagClientKey = "trident.client_key"

// serverStore records a run on a tracking server.
type serverStore struct {
	api         *client
	experiment  string
	run         string
	artifactURI string
	copiesOK    bool // the server has seen files copied to artifactURI
}

type keyValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type runInfo struct {
	ID          string `json:"run_id"`
	Experiment  string `json:"experiment_id"`
	ArtifactURI string `json:"artifact_uri"`
	Stage       string `json:"lifecycle_stage"`
}

type runAnswer struct {
	Run struct {
		Info runInfo `json:"info"`
		Data struct {
			Params  []keyValue `json:"params"`
			Tags    []keyValue `json:"tags"`
			Metrics []struct {
				Key  string `json:"key"`
				Step number `json:"step"`
			} `json:"metrics"`
		} `json:"data"`
		Inputs struct {
			Models modelIDs `json:"model_inputs"`
		} `json:"inputs"`
		Outputs struct {
			Models modelIDs `json:"model_outputs"`
		} `json:"outputs"`
	} `json:"run"`
}

// modelIDs are a run's links to logged models.
type modelIDs []struct {
	ID string `json:"model_id"`
}

func (m modelIDs) has(id string) bool {
	for _, model := range m {
		if model.ID == id {
			return true
		}
	}
	return false
}

func (c *client) storeOf(info runInfo) (*serverStore, error) {
	if !isRunID(info.ID) || info.Experiment == "" {
		return nil, fmt.Errorf("%s does not answer as an MLflow server does", c.base)
	}
	return &serverStore{api: c, experiment: info.Experiment, run: info.ID, artifactURI: info.ArtifactURI}, nil
}

// createServerRun creates a run. attempt counts the calls for the same spec.
func createServerRun(ctx context.Context, api *client, spec runSpec, attempt int) (*serverStore, error) {
	experiment, err := findOrCreateExperiment(ctx, api, spec.experiment)
	if err != nil {
		return nil, err
	}
	if attempt > 0 {
		var found struct {
			Runs []struct {
				Info runInfo `json:"info"`
			} `json:"runs"`
		}
		err := api.post(ctx, "runs/search", map[string]any{
			"experiment_ids": []string{experiment},
			"filter":         fmt.Sprintf("tags.`%s` = '%s'", tagClientKey, spec.clientKey),
			"max_results":    1,
		}, &found)
		if err != nil {
			return nil, fmt.Errorf("looking for the run: %w", err)
		}
		if len(found.Runs) > 0 {
			return api.storeOf(found.Runs[0].Info)
		}
	}
	tags := []keyValue{{tagClientKey, spec.clientKey}}
	for key, value := range spec.tags {
		tags = append(tags, keyValue{key, value})
	}
	var made runAnswer
	err = api.post(ctx, "runs/create", map[string]any{
		"experiment_id": experiment,
		"user_id":       spec.user,
		"run_name":      spec.name,
		"start_time":    spec.start,
		"tags":          tags,
	}, &made)
	if err != nil {
		return nil, fmt.Errorf("creating a run: %w", err)
	}
	return api.storeOf(made.Run.Info)
}

// findOrCreateExperiment returns the id of an experiment, creating it if needed.
func findOrCreateExperiment(ctx context.Context, api *client, name string) (string, error) {
	id, err := findExperiment(ctx, api, name)
	if id != "" || err != nil {
		return id, err
	}
	var made struct {
		ID string `json:"experiment_id"`
	}
	err = api.post(ctx, "experiments/create", map[string]string{"name": name}, &made)
	switch {
	case hasCode(err, "RESOURCE_ALREADY_EXISTS"): // another process was faster
		made.ID, err = findExperiment(ctx, api, name)
	case err != nil:
		err = fmt.Errorf("creating the experiment %q: %w", name, err)
	}
	if err == nil && made.ID == "" {
		err = fmt.Errorf("%s makes no experiment %q", api.base, name)
	}
	return made.ID, err
}

// findExperiment returns the id of an experiment, "" if it doesn't exist.
func findExperiment(ctx context.Context, api *client, name string) (string, error) {
	var found struct {
		Experiment struct {
			ID    string `json:"experiment_id"`
			Stage string `json:"lifecycle_stage"`
		} `json:"experiment"`
	}
	err := api.get(ctx, "experiments/get-by-name", url.Values{"experiment_name": {name}}, &found)
	switch {
	case hasCode(err, "RESOURCE_DOES_NOT_EXIST"):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("looking for the experiment %q: %w", name, err)
	case found.Experiment.Stage == "deleted":
		return "", fmt.Errorf("%w: %q on %s (id %s); restore it with `mlflow experiments restore -x %s`, or take another name",
			ErrExperimentDeleted, name, api.base, found.Experiment.ID, found.Experiment.ID)
	case found.Experiment.ID == "":
		return "", fmt.Errorf("%s does not answer as an MLflow server does", api.base)
	}
	return found.Experiment.ID, nil
}

// resumeServerRun reopens a run.
func resumeServerRun(ctx context.Context, api *client, id string) (*serverStore, usedKeys, error) {
	var used usedKeys
	var found runAnswer
	err := api.get(ctx, "runs/get", url.Values{"run_id": {id}}, &found)
	switch {
	case hasCode(err, "RESOURCE_DOES_NOT_EXIST"):
		return nil, used, fmt.Errorf("%w: %s is not on %s", ErrRunNotFound, id, api.base)
	case err != nil:
		return nil, used, fmt.Errorf("looking for the run %s: %w", id, err)
	case found.Run.Info.Stage == "deleted":
		return nil, used, fmt.Errorf("%w: %s on %s was deleted; restore it with `mlflow runs restore --run-id %s`", ErrRunNotFound, id, api.base, id)
	}
	s, err := api.storeOf(found.Run.Info)
	if err != nil {
		return nil, used, err
	}
	if err := s.update(ctx, map[string]any{"status": Running}); err != nil {
		return nil, used, fmt.Errorf("opening the run %s again: %w", id, err)
	}
	data := found.Run.Data
	for _, p := range data.Params {
		used.params = append(used.params, p.Key)
	}
	for _, t := range data.Tags {
		used.tags = append(used.tags, t.Key)
	}
	used.lastStep = map[string]int64{}
	for _, m := range data.Metrics {
		used.lastStep[m.Key] = int64(m.Step)
	}
	return s, used, nil
}

// serverRunOf returns the run that an outbox belongs to.
func serverRunOf(api *client, header outboxHeader) *serverStore {
	return &serverStore{api: api, experiment: header.Experiment, run: header.Run, artifactURI: header.ArtifactURI}
}

func (s *serverStore) header(start int64) outboxHeader {
	return outboxHeader{URI: s.api.base.String(), Experiment: s.experiment, Run: s.run, ArtifactURI: s.artifactURI, Started: start}
}

// update changes fields of the run.
func (s *serverStore) update(ctx context.Context, fields map[string]any) error {
	fields["run_id"] = s.run
	return s.api.post(ctx, "runs/update", fields, nil)
}

func (s *serverStore) finish(ctx context.Context, status Status, end int64) error {
	if err := s.update(ctx, map[string]any{"status": status, "end_time": end}); err != nil {
		return fmt.Errorf("setting the run's status: %w", err)
	}
	return nil
}

func (s *serverStore) sync() error { return nil } // durability is up to the server

func (s *serverStore) close() { s.api.http.CloseIdleConnections() }

func (s *serverStore) runID() string        { return s.run }
func (s *serverStore) experimentID() string { return s.experiment }
func (s *serverStore) where() string        { return s.api.base.String() }

// url includes a parameter for the page's classic layout; newer servers default to
// another one.
func (s *serverStore) url() string {
	return fmt.Sprintf("%s/#/experiments/%s/runs/%s?workflowType=machine_learning", s.api.base, s.experiment, s.run)
}

func (s *serverStore) hints() []string { return []string{s.url()} }

func newClientKey() string { return strings.ToLower(rand.Text()) }

// isSame reports whether a URL is this server's.
func (c *client) isSame(u *url.URL) bool {
	return u.Scheme == c.base.Scheme && strings.EqualFold(u.Host, c.base.Host)
}

// checkActive returns an error if the run accepts nothing at all, because it is
// deleted or the server's responses are invalid.
func (s *serverStore) checkActive(ctx context.Context) error {
	var found runAnswer
	err := s.api.get(ctx, "runs/get", url.Values{"run_id": {s.run}}, &found)
	switch {
	case err != nil:
		return fmt.Errorf("looking at the run %s: %w", s.run, err)
	case found.Run.Info.Stage == "deleted":
		return fmt.Errorf("the run %s was deleted; restore it with `mlflow runs restore --run-id %s`", s.run, s.run)
	case found.Run.Info.ID != s.run:
		return fmt.Errorf("%s does not answer as an MLflow server does", s.api.base)
	}
	return nil
}

var _ store = (*serverStore)(nil)
