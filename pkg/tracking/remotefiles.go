package tracking

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// remoteFolder is a folder of artifacts that a server hands out.
type remoteFolder struct {
	api  *client
	base *url.URL // of the server's artifacts
	path string   // of the folder below it, unescaped
}

// remoteFile is a file below a remoteFolder.
type remoteFile struct {
	name string // slash-separated, local
	size int64
}

// artifactsAt returns the folder that an artifact URI stands for.
func (c *client) artifactsAt(uri string) (remoteFolder, error) {
	place, err := url.Parse(uri)
	if err != nil {
		return remoteFolder{}, fmt.Errorf("the server says that the model is at %q, which is no URI", uri)
	}
	switch place.Scheme {
	case "mlflow-artifacts":
		base := *c.base
		if place.Host != "" {
			base.Host = place.Host
		}
		return remoteFolder{c, base.JoinPath(artifactsPath), strings.Trim(place.Path, "/")}, nil
	case "http", "https":
		root, folder, found := strings.Cut(place.Path, "/mlflow-artifacts/artifacts/")
		if found {
			base := *place
			base.Path, base.RawPath = root+"/mlflow-artifacts/artifacts", ""
			return remoteFolder{c, &base, strings.Trim(folder, "/")}, nil
		}
	}
	return remoteFolder{}, fmt.Errorf("%w: its files are at %s, from where this program doesn't read; start the server with --serve-artifacts", ErrModelNotFound, place.Redacted())
}

// maxRemoteFiles limits what a list of files may hold.
const maxRemoteFiles = 10_000

// list returns all files of the folder, in folders of folders too.
func (f remoteFolder) list(ctx context.Context) (files []remoteFile, err error) {
	folders := []string{""}
	for len(folders) > 0 {
		folder := folders[0]
		folders = folders[1:]
		query := *f.base
		query.RawQuery = url.Values{"path": {path.Join(f.path, folder)}}.Encode()
		var answer fileList
		if err := f.get(ctx, &query, &answer); err != nil {
			return nil, fmt.Errorf("list the model's files: %w", err)
		}
		for _, entry := range answer.Files {
			name := path.Join(folder, entry.Path)
			if !filepath.IsLocal(filepath.FromSlash(entry.Path)) || strings.ContainsRune(entry.Path, '\\') || entry.Path != path.Clean(entry.Path) || entry.Path == "." {
				return nil, fmt.Errorf("list the model's files: the server names a file %q", entry.Path)
			}
			if entry.IsDir {
				folders = append(folders, name)
			} else {
				files = append(files, remoteFile{name, int64(entry.Size)})
			}
			if len(files)+len(folders) > maxRemoteFiles {
				return nil, errors.New("list the model's files: there are too many for a model")
			}
		}
	}
	return files, nil
}

func (f remoteFolder) get(ctx context.Context, target *url.URL, out any) error {
	ctx, cancel := context.WithTimeout(ctx, f.api.pace.call)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return err
	}
	f.authorize(req)
	return f.api.do(req, out)
}

// authorize adds credentials, for the tracking server's own host alone.
func (f remoteFolder) authorize(req *http.Request) {
	if f.api.isSame(req.URL) {
		f.api.authorize(req)
	}
}

// fetch writes a file to path, flushed, or not at all. There is no time limit as long as
// there is progress.
func (f remoteFolder) fetch(ctx context.Context, file remoteFile, to string) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(f.api.pace.idle, func() { cancel(fmt.Errorf("%w: nothing came for %v", errNoAnswer, f.api.pace.idle)) })
	defer idle.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.base.JoinPath(escapeSegments(path.Join(f.path, file.name))...).String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept-Encoding", "identity") // sizes are the file's
	f.authorize(req)
	resp, err := f.api.http.Do(req)
	if err != nil {
		return noAnswer(ctx, req, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, maxResponse)) // it is only for the message
		return newAnswerError(resp, said)
	}
	out, err := os.CreateTemp(filepath.Dir(to), ".incomplete-")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name()) // fails once it has been renamed
	defer out.Close()
	n, err := io.Copy(out, io.LimitReader(&watchedReader{resp.Body, func() { idle.Reset(f.api.pace.idle) }}, file.size+1))
	switch {
	case isDiskError(err):
		return err
	case err != nil:
		return noAnswer(ctx, req, err)
	case n != file.size:
		return fmt.Errorf("%w: %s has %d bytes or more, the server's list says %d", errNoAnswer, file.name, n, file.size)
	}
	if err := errors.Join(out.Chmod(0o644), out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), to)
}

func isDiskError(err error) bool {
	var disk *os.PathError
	return errors.As(err, &disk)
}

// noAnswer is a failed request's error.
func noAnswer(ctx context.Context, req *http.Request, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if outer := (*url.Error)(nil); errors.As(err, &outer) {
		err = outer.Err // the outer error repeats the whole URL
	}
	return fmt.Errorf("%w from %s: %w", errNoAnswer, req.URL.Host, err)
}

// wait waits, and returns false if ctx ends before that.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
