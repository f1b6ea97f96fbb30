package tracking

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
)

// modelVersion is a registered model's version, as a server describes it.
type modelVersion struct {
	Name    string     `json:"name"`
	Version text       `json:"version"`
	Source  string     `json:"source"`
	Run     string     `json:"run_id"`
	Model   string     `json:"model_id"`
	Tags    []keyValue `json:"tags"`
}

func (v modelVersion) tag(key string) (string, bool) {
	for _, t := range v.Tags {
		if t.Key == key {
			return t.Value, true
		}
	}
	return "", false
}

// text is a string that some servers send as a number.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	*t = text(strings.Trim(string(data), `"`))
	return nil
}

// scoreTag is the version's tag with the score that aliases are decided by.
func scoreTag(metric string) string { return cleanKey("score." + metric) }

func (s *serverStore) register(ctx context.Context, to loggedModel, m Model) (string, error) {
	r := m.Register
	version, err := s.findOrCreateVersion(ctx, to, m)
	switch {
	case isUnknownEndpoint(err):
		return "", refuse(fmt.Errorf("%s has no model registry", s.api.base))
	case err != nil:
		return "", err
	}
	said := fmt.Sprintf("registered as models:/%s/%s", r.Name, version.Version)
	if r.Alias == "" || r.When == WhenNever {
		return said, nil
	}
	holder, err := s.api.versionByAlias(ctx, r.Name, r.Alias)
	if err != nil {
		return "", err
	}
	why, move := r.decide(version, holder)
	if !move {
		return fmt.Sprintf("%s; the alias %s stays with version %s: %s", said, r.Alias, holder.Version, why), nil
	}
	err = s.api.post(ctx, "registered-models/alias", map[string]string{"name": r.Name, "alias": r.Alias, "version": string(version.Version)}, nil)
	if err != nil {
		return "", fmt.Errorf("setting the alias %s: %w", r.Alias, err)
	}
	return fmt.Sprintf("%s, which is now models:/%s@%s (%s)", said, r.Name, r.Alias, why), nil
}

// decide reports whether the alias moves from the version that has it, and why. holder
// has no version if none has.
func (r Registration) decide(version, holder modelVersion) (why string, move bool) {
	switch {
	case holder.Version == "":
		return "no version had the alias", true
	case holder.Version == version.Version:
		return "it had the alias already", true
	case r.When == WhenAlways:
		return "before: version " + string(holder.Version), true
	}
	if theirs, known := holder.tag(tasksTag); known {
		if ours, known := version.tag(tasksTag); known && ours != theirs {
			return fmt.Sprintf("their scores can't be compared, it has the tasks %s, the new one %s", theirs, ours), false
		}
	}
	recorded, known := holder.tag(scoreTag(r.Metric))
	theirs, err := strconv.ParseFloat(recorded, 64)
	switch {
	case !known || err != nil:
		return fmt.Sprintf("its %s isn't known", r.Metric), false
	case r.Score > theirs:
		return fmt.Sprintf("%s %.4f, before %.4f of version %s", r.Metric, r.Score, theirs, holder.Version), true
	}
	return fmt.Sprintf("its %s is %.4f, the new one's %.4f", r.Metric, theirs, r.Score), false
}

// tasksTag is the version's tag with the model's tasks: scores of other tasks aren't
// compared.
const tasksTag = "tasks"

// findOrCreateVersion enters a model in the registry, once for each run.
func (s *serverStore) findOrCreateVersion(ctx context.Context, to loggedModel, m Model) (modelVersion, error) {
	r := m.Register
	err := s.api.post(ctx, "registered-models/create", map[string]string{"name": r.Name}, nil)
	if err != nil && !hasCode(err, "RESOURCE_ALREADY_EXISTS") && !hasCode(err, "ALREADY_EXISTS") {
		return modelVersion{}, fmt.Errorf("creating the registered model: %w", err)
	}
	var found struct {
		Versions []modelVersion `json:"model_versions"`
	}
	query := url.Values{"filter": {fmt.Sprintf("name = '%s' and run_id = '%s'", r.Name, s.run)}, "max_results": {"10"}}
	if err := s.api.get(ctx, "model-versions/search", query, &found); err != nil {
		return modelVersion{}, fmt.Errorf("looking for the run's version: %w", err)
	}
	for _, v := range found.Versions {
		if v.Name == r.Name && v.Run == s.run && v.Version != "" {
			return v, nil
		}
	}
	source := joinURI(s.artifactURI, m.Name)
	if to.id != "" {
		source = "models:/" + to.id
	}
	tags := map[string]string{}
	maps.Copy(tags, r.Tags)
	if r.Metric != "" {
		tags[scoreTag(r.Metric)] = strconv.FormatFloat(r.Score, 'g', -1, 64)
	}
	request := map[string]any{"name": r.Name, "source": source, "run_id": s.run, "tags": keyValues(tags), "description": cut(r.Description, maxTagLength)}
	if to.id != "" {
		request["model_id"] = to.id
	}
	var made struct {
		Version modelVersion `json:"model_version"`
	}
	if err := s.api.post(ctx, "model-versions/create", request, &made); err != nil {
		return modelVersion{}, fmt.Errorf("creating a version: %w", err)
	}
	if made.Version.Version == "" {
		return modelVersion{}, fmt.Errorf("%s does not answer as an MLflow server does", s.api.base)
	}
	return made.Version, nil
}

// joinURI adds a path to an artifact URI.
func joinURI(uri, name string) string { return strings.TrimRight(uri, "/") + "/" + name }

// versionByAlias returns the version that has an alias, or none without an error.
func (c *client) versionByAlias(ctx context.Context, name, alias string) (modelVersion, error) {
	var found struct {
		Version modelVersion `json:"model_version"`
	}
	err := c.get(ctx, "registered-models/alias", url.Values{"name": {name}, "alias": {alias}}, &found)
	var answer *answerError
	switch {
	case hasCode(err, "RESOURCE_DOES_NOT_EXIST"),
		// A model without that alias is an invalid parameter to MLflow.
		errors.As(err, &answer) && answer.code == "INVALID_PARAMETER_VALUE" && strings.Contains(answer.message, "alias"):
		return modelVersion{}, nil
	case err != nil:
		return modelVersion{}, fmt.Errorf("looking for the alias %s: %w", alias, err)
	}
	return found.Version, nil
}
