package backbone

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/hub"
	"github.com/trident-nlp/trident/internal/weights"
)

// ErrNotFound is returned, wrapped, when a pretrained model can't be found.
var ErrNotFound = errors.New("pretrained model not found")

// The files of a model; with several names, the first that exists.
var (
	configFile     = []string{"config.json"}
	tokenizerFiles = []string{"vocab.txt", "tokenizer.json"}
	modelFiles     = []hub.Want{
		{Names: configFile},
		{Names: tokenizerFiles[:1], Optional: true},
		{Names: tokenizerFiles[1:], Optional: true},
		{Names: []string{"tokenizer_config.json"}, Optional: true},
		{Names: []string{"added_tokens.json"}, Optional: true},
		{Names: []string{"special_tokens_map.json"}, Optional: true},
		{Names: weights.HuggingFaceFiles()},
	}
)

// Find returns the directory of a pretrained model: name itself if it is a directory,
// otherwise the snapshot of that model's revision (a branch, tag or commit) in the
// Hugging Face cache, downloading it if necessary. progress, if not nil, is called with
// the bytes downloaded; total may be -1. See [hub.FromEnv] for the environment
// variables.
func Find(ctx context.Context, name, revision string, progress func(file string, done, total int64)) (string, error) {
	dir, err := find(name, revision, func(dir string) bool {
		return isDescribed(dir) && hasOne(dir, weights.HuggingFaceFiles()) && len(missingShards(dir)) == 0
	})
	if err == nil || !errors.Is(err, ErrNotFound) {
		return dir, err
	}
	client, err := hub.FromEnv()
	if err != nil {
		return "", err
	}
	client.Progress = progress
	dir, err = client.Download(ctx, name, revision, modelFiles...)
	if shards := missingShards(dir); err == nil && len(shards) > 0 {
		dir, err = client.Download(ctx, name, revision, shards...)
	}
	switch {
	case err == nil:
		return dir, nil
	case errors.Is(err, hub.ErrName):
		return "", fmt.Errorf("%w: %q is no directory, and no model of the Hugging Face hub can be called so", ErrNotFound, name)
	case errors.Is(err, hub.ErrOffline), errors.Is(err, hub.ErrUnreachable):
		return "", fmt.Errorf("%w: %q is neither a directory nor whole in the Hugging Face cache (%s), and the hub can't be asked: %w; get it with `hf download %s --revision %s` where it can be",
			ErrNotFound, name, client.Cache, err, name, revision)
	case errors.Is(err, hub.ErrUnknown), errors.Is(err, hub.ErrRevision), errors.Is(err, hub.ErrFile):
		return "", fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return "", fmt.Errorf("get the pretrained model: %w", err)
}

// FindLocal is [Find] without downloading and without requiring weights: the
// configuration and the tokenizer are enough.
func FindLocal(name, revision string) (string, error) {
	return find(name, revision, isDescribed)
}

// isDescribed reports whether dir has a configuration and a tokenizer.
func isDescribed(dir string) bool { return hasOne(dir, configFile) && hasOne(dir, tokenizerFiles) }

// find looks for a directory, or for a snapshot in the cache, that satisfies enough.
func find(name, revision string, enough func(dir string) bool) (string, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return atomicdir.Current(name), nil
	}
	client, err := hub.FromEnv()
	if err != nil {
		return "", err
	}
	models := []string{name}
	if !strings.Contains(name, "/") { // the new location of old names
		models = append(models, "distilbert/"+name, "google-bert/"+name)
	}
	for _, model := range models {
		dir, ok := client.Cached(model, revision)
		if ok && enough(dir) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%w: %q is neither a directory nor in the Hugging Face cache (%s)", ErrNotFound, name, client.Cache)
}

// missingShards returns the shards of a checkpoint of which dir has only the index.
func missingShards(dir string) (wants []hub.Want) {
	for _, name := range weights.HuggingFaceFiles() {
		if !hasOne(dir, []string{name}) {
			continue
		}
		shards, _ := weights.Shards(filepath.Join(dir, name)) // loading reports errors in the index
		for _, shard := range shards {
			if !hasOne(dir, []string{shard}) {
				wants = append(wants, hub.Want{Names: []string{shard}})
			}
		}
		break // the first is the one loaded
	}
	return wants
}

func hasOne(dir string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.Mode().IsRegular()
	})
}
