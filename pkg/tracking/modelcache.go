package tracking

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/filelock"
)

// modelCache is the folder of fetched models:
//
//	models/KEY       a model's files; KEY is a hash of where they are from and what they are
//	models/.KEY      the same, incomplete
//	refs/HASH        the key that a name on a server last stood for
//	.locks/KEY.lock  held while the model is fetched
type modelCache string

func defaultModelCache() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for fetched models: %w; set XDG_CACHE_HOME", err)
	}
	return filepath.Join(base, "trident", "mlflow"), nil
}

func (c modelCache) model(key string) string { return filepath.Join(string(c), "models", key) }

func (c modelCache) ref(server, name string) string {
	return filepath.Join(string(c), "refs", hashOf(server, name))
}

func hashOf(parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// remember records what a name stands for.
func (c modelCache) remember(server, name, dir string) error {
	path := c.ref(server, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("write the cache of models: %w", err)
	}
	if err := renameio.WriteFile(path, []byte(filepath.Base(dir)), 0o644); err != nil {
		return fmt.Errorf("write the cache of models: %w", err)
	}
	return nil
}

// last returns the model that a name last stood for.
func (c modelCache) last(server, name string) (dir string, known bool) {
	key, err := os.ReadFile(c.ref(server, name))
	if err != nil || len(key) != hex.EncodedLen(sha256.Size) || strings.Trim(string(key), "0123456789abcdef") != "" {
		return "", false
	}
	dir = c.model(string(key))
	info, err := os.Stat(dir)
	return dir, err == nil && info.IsDir()
}

// download returns the cache's folder with the files of a remote one.
func (f *fetcher) download(ctx context.Context, from remoteFolder) (dir string, err error) {
	var files []remoteFile
	if err := f.retry(ctx, func() error {
		files, err = from.list(ctx)
		return err
	}); err != nil {
		return "", err
	}
	if files = f.wanted(files); len(files) == 0 {
		return "", f.notFound("there are no files in %s", from.path)
	}
	key, total, err := f.key(ctx, from, files)
	if err != nil {
		return "", err
	}
	dir = f.cache.model(key)
	if f.intact(dir) {
		return dir, nil
	}
	unlock, err := filelock.Lock(ctx, filepath.Join(string(f.cache), ".locks", key+".lock"))
	if err != nil {
		return "", fmt.Errorf("write the cache of models: %w", err)
	}
	defer unlock()
	if fileExists(dir) {
		if f.intact(dir) { // another process was faster
			return dir, nil
		}
		f.Notice(fmt.Sprintf("the files of %s in %s are damaged; they are fetched again", f.name, dir))
		if err := os.RemoveAll(dir); err != nil {
			return "", fmt.Errorf("remove a damaged model from the cache: %w", err)
		}
	}
	f.Notice(fmt.Sprintf("fetching %s: %s, %.1f MB, into %s", f.name, describe(len(files), "file"), float64(total)/1e6, dir))
	return dir, f.fill(ctx, from, files, dir)
}

// intact reports whether a model is in the cache, and still as it was fetched.
func (f *fetcher) intact(dir string) bool { return fileExists(dir) && f.Check(dir) == nil }

func (f *fetcher) wanted(files []remoteFile) []remoteFile {
	if f.Wanted == nil {
		return files
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = file.name
	}
	names = f.Wanted(names)
	return slices.DeleteFunc(files, func(file remoteFile) bool { return !slices.Contains(names, file.name) })
}

// key identifies a model's content as far as a server tells it: places, names, sizes, and
// the file MLmodel, which has the model's hash and time.
func (f *fetcher) key(ctx context.Context, from remoteFolder, files []remoteFile) (key string, total int64, err error) {
	parts := []string{from.base.String(), from.path}
	for _, file := range files {
		parts = append(parts, fmt.Sprintf("%s %d", file.name, file.size))
		total += file.size
		if file.name != mlmodelFile {
			continue
		}
		tmp, err := os.MkdirTemp("", "trident-mlmodel-")
		if err != nil {
			return "", 0, err
		}
		defer os.RemoveAll(tmp)
		to := filepath.Join(tmp, mlmodelFile)
		if err := f.retry(ctx, func() error { return from.fetch(ctx, file, to) }); err != nil {
			return "", 0, fmt.Errorf("fetch %s: %w", file.name, err)
		}
		text, err := os.ReadFile(to)
		if err != nil {
			return "", 0, err
		}
		parts = append(parts, string(text))
	}
	return hashOf(parts...), total, nil
}

// fill fetches files into dir, which appears once all are there and checked. It goes on
// where an earlier attempt was interrupted; if what is there then is damaged, it begins
// anew.
func (f *fetcher) fill(ctx context.Context, from remoteFolder, files []remoteFile, dir string) error {
	tmp := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir))
	for resumed := fileExists(tmp); ; resumed = false {
		err := f.fetchAll(ctx, from, files, tmp)
		if err != nil {
			return err
		}
		if err = f.Check(tmp); err == nil {
			break
		}
		if removeErr := os.RemoveAll(tmp); removeErr != nil || !resumed {
			return errors.Join(err, removeErr)
		}
	}
	folders := map[string]bool{}
	for _, file := range files {
		folders[filepath.Dir(filepath.Join(tmp, filepath.FromSlash(file.name)))] = true
	}
	for folder := range folders {
		if err := atomicdir.Sync(folder); err != nil {
			return fmt.Errorf("write the cache of models: %w", err)
		}
	}
	if err := os.Rename(tmp, dir); err != nil {
		return fmt.Errorf("write the cache of models: %w", err)
	}
	return atomicdir.Sync(filepath.Dir(dir))
}

func (f *fetcher) fetchAll(ctx context.Context, from remoteFolder, files []remoteFile, tmp string) error {
	for _, file := range files {
		to := filepath.Join(tmp, filepath.FromSlash(file.name))
		if info, err := os.Stat(to); err == nil && info.Size() == file.size {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return fmt.Errorf("write the cache of models: %w", err)
		}
		if err := f.retry(ctx, func() error { return from.fetch(ctx, file, to) }); err != nil {
			if errors.Is(err, io.ErrShortWrite) || isDiskError(err) {
				return fmt.Errorf("write the cache of models: %w", err)
			}
			return fmt.Errorf("fetch %s: %w", file.name, err)
		}
	}
	return nil
}
