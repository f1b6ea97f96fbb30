package tracking

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// FetchOptions say from where a model is fetched and how it is checked.
type FetchOptions struct {
	URI   string // tracking URI, see ResolveURI; DefaultURI if empty
	Cache string // folder of the fetched models; "trident/mlflow" in the user's cache folder if empty
	// Wanted returns which of a model's files to fetch, as slash-separated paths; all if
	// nil.
	Wanted func(files []string) []string
	// Check returns what is wrong with a folder of fetched files; it may be nil.
	Check  func(dir string) error
	Notice func(string)             // receives one-line messages; may be nil
	Getenv func(name string) string // os.Getenv if nil

	pace *pace // only tests set it
}

// FetchModel returns a folder with the files of a model in MLflow: models:/NAME@ALIAS,
// models:/NAME/VERSION, models:/NAME/latest, models:/ID or runs:/ID/PATH.
//
// The folder is in the cache, whole and checked; several processes may fetch at once. What
// it holds never changes, so nothing is fetched twice. A model that is on this machine is
// used where it is. If the server doesn't answer, the model that the same name last stood
// for is returned, with a notice.
//
// The error is ErrModelURI, ErrModelNotFound, ErrUnsupportedURI, or one of the network, the
// disk or Check.
func FetchModel(ctx context.Context, name string, o FetchOptions) (dir string, err error) {
	asked, err := parseModelURI(name)
	if err != nil {
		return "", err
	}
	defaults := Options{URI: o.URI, Warn: o.Notice, Getenv: o.Getenv, pace: o.pace}.withDefaults()
	o.URI, o.Notice, o.Getenv, o.pace = defaults.URI, defaults.Warn, defaults.Getenv, defaults.pace
	if o.Check == nil {
		o.Check = func(string) error { return nil }
	}
	where, err := parseURI(o.URI)
	if err != nil {
		return "", err
	}
	if where.server == nil {
		return localModel(where.dir, asked, name, o)
	}
	if o.Cache == "" {
		if o.Cache, err = defaultModelCache(); err != nil {
			return "", err
		}
	}
	api, err := newClient(where.server, o.Getenv, o.pace)
	if err != nil {
		return "", err
	}
	defer api.http.CloseIdleConnections()
	f := fetcher{FetchOptions: o, api: api, name: name, cache: modelCache(o.Cache)}
	dir, err = f.fetch(ctx, asked)
	if err != nil && ctx.Err() == nil && isAway(err) {
		if kept, known := f.cache.last(api.base.String(), name); known && f.intact(kept) {
			o.Notice(fmt.Sprintf("MLflow server %s cannot be used now (%v): %s is the model that it was before", api.base, err, name))
			return kept, nil
		}
	}
	if err != nil {
		err = fmt.Errorf("fetch %s from %s: %w", name, api.base, err)
		if isAway(err) {
			err = fmt.Errorf("%w; check that the server runs, and MLFLOW_TRACKING_URI", err)
		}
		return "", err
	}
	return dir, nil
}

// isAway reports whether an error says that the server doesn't answer for now.
func isAway(err error) bool {
	var answer *answerError
	if errors.As(err, &answer) {
		return !needsPerson(err)
	}
	return errors.Is(err, errNoAnswer)
}

// localModel finds a model in a file store.
func localModel(root string, asked modelURI, name string, o FetchOptions) (string, error) {
	if asked.run == "" {
		return "", fmt.Errorf("%w: %s: the folder %s has no registry of models; set MLFLOW_TRACKING_URI to the tracking server's address, or name a run's model, runs:/ID/checkpoint", ErrModelNotFound, name, shellPath(root))
	}
	found, err := filepath.Glob(filepath.Join(globEscape(root), "*", asked.run, artifactsFolder, globEscape(filepath.FromSlash(asked.path))))
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", name, err)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%w: %s is not in the folder %s; if it is on a server, set MLFLOW_TRACKING_URI to its address", ErrModelNotFound, name, shellPath(root))
	}
	if err := o.Check(found[0]); err != nil {
		return "", fmt.Errorf("%s in %s: %w", name, found[0], err)
	}
	return found[0], nil
}

// fetcher fetches one model.
type fetcher struct {
	FetchOptions
	api   *client
	name  string
	cache modelCache
}

func (f *fetcher) fetch(ctx context.Context, asked modelURI) (dir string, err error) {
	var from string
	err = f.retry(ctx, func() error {
		from, err = f.locate(ctx, asked)
		return err
	})
	if err != nil {
		return "", err
	}
	if folder, local := localPath(from); local {
		if _, err := os.Stat(folder); err != nil {
			return "", fmt.Errorf("%w: the server keeps it in %s on its own machine: start the server with --serve-artifacts", ErrModelNotFound, folder)
		}
		return folder, f.Check(folder)
	}
	remote, err := f.api.artifactsAt(from)
	if err != nil {
		return "", err
	}
	dir, err = f.download(ctx, remote)
	if err != nil {
		return "", err
	}
	return dir, f.cache.remember(f.api.base.String(), f.name, dir)
}

// retry repeats do as long as the server doesn't answer, a few times.
func (f *fetcher) retry(ctx context.Context, do func() error) error {
	for attempt := 0; ; attempt++ {
		err := do()
		if err == nil || !isAway(err) || attempt+1 == f.pace.openTries {
			return err
		}
		if !wait(ctx, backoff(f.pace.minWait, f.pace.hurryWait, attempt, nil)) {
			return context.Cause(ctx)
		}
	}
}

// locate returns the URI of the folder with the model's files.
func (f *fetcher) locate(ctx context.Context, asked modelURI) (string, error) {
	switch {
	case asked.model != "":
		return f.locateModel(ctx, asked.model)
	case asked.run != "":
		return f.locateInRun(ctx, asked.run, asked.path)
	}
	version, err := f.version(ctx, asked)
	if err != nil {
		return "", err
	}
	var found struct {
		URI string `json:"artifact_uri"`
	}
	err = f.api.get(ctx, "model-versions/get-download-uri", url.Values{"name": {asked.registered}, "version": {version}}, &found)
	if hasCode(err, "RESOURCE_DOES_NOT_EXIST") {
		return "", f.notFound("the registered model %s has no version %s; %s/#/models/%s lists them", asked.registered, version, f.api.base, url.PathEscape(asked.registered))
	}
	if err != nil {
		return "", fmt.Errorf("look for version %s: %w", version, err)
	}
	if asked.version != version {
		f.Notice(fmt.Sprintf("%s is version %s", f.name, version))
	}
	if !IsModelURI(found.URI) {
		return found.URI, nil
	}
	source, err := parseModelURI(found.URI) // of a version registered by a run or a logged model
	if err != nil || source.registered != "" {
		return "", fmt.Errorf("version %s of %s refers to %s, which is no place of files", version, asked.registered, found.URI)
	}
	return f.locate(ctx, source)
}

func (f *fetcher) notFound(format string, values ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrModelNotFound}, values...)...)
}

// version returns the number of a registered model's version.
func (f *fetcher) version(ctx context.Context, asked modelURI) (string, error) {
	switch {
	case asked.alias != "":
		found, err := f.api.versionByAlias(ctx, asked.registered, asked.alias)
		if err == nil && found.Version == "" {
			err = f.notFound("no version of a registered model %s has the alias %s; %s/#/models lists models and aliases", asked.registered, asked.alias, f.api.base)
		}
		return string(found.Version), err
	case asked.version == latestVersion:
		var found struct {
			Versions []modelVersion `json:"model_versions"`
		}
		query := url.Values{"filter": {fmt.Sprintf("name = '%s'", strings.ReplaceAll(asked.registered, "'", `\'`))}, "order_by": {"version_number DESC"}, "max_results": {"1"}}
		if err := f.api.get(ctx, "model-versions/search", query, &found); err != nil {
			return "", fmt.Errorf("look for the latest version: %w", err)
		}
		if len(found.Versions) == 0 {
			return "", f.notFound("there is no registered model %s; %s/#/models lists them", asked.registered, f.api.base)
		}
		return string(found.Versions[0].Version), nil
	}
	return asked.version, nil
}

func (f *fetcher) locateModel(ctx context.Context, id string) (string, error) {
	var found struct {
		Model loggedModelAnswer `json:"model"`
	}
	err := f.api.get(ctx, path.Join("logged-models", id), nil, &found)
	switch {
	case isUnknownEndpoint(err):
		return "", f.notFound("this server has no logged models")
	case hasCode(err, "RESOURCE_DOES_NOT_EXIST"):
		return "", f.notFound("the server has no logged model %s", id)
	case err != nil:
		return "", fmt.Errorf("look for the logged model %s: %w", id, err)
	}
	return found.Model.Info.ArtifactURI, nil
}

// locateInRun prefers the run's artifacts, as Python's client does, to a logged model of
// that name.
func (f *fetcher) locateInRun(ctx context.Context, id, folder string) (string, error) {
	var found runAnswer
	err := f.api.get(ctx, "runs/get", url.Values{"run_id": {id}}, &found)
	switch {
	case hasCode(err, "RESOURCE_DOES_NOT_EXIST"):
		return "", f.notFound("the server has no run %s", id)
	case err != nil:
		return "", fmt.Errorf("look for the run %s: %w", id, err)
	}
	run := &serverStore{api: f.api, run: id}
	there, err := run.lists(ctx, path.Join(folder, mlmodelFile))
	if err != nil {
		return "", err
	}
	if there {
		return joinURI(found.Run.Info.ArtifactURI, folder), nil
	}
	name, rest, _ := strings.Cut(folder, "/")
	model, err := f.api.modelOf(ctx, found.Run.Info.Experiment, id, name)
	if err != nil && !errors.Is(err, errNoModels) {
		return "", err
	}
	if model.id == "" {
		return "", f.notFound("the run %s has no model %s; training logs one as checkpoint when it has finished", id, folder)
	}
	if rest != "" {
		return joinURI(model.artifactURI, rest), nil
	}
	return model.artifactURI, nil
}
