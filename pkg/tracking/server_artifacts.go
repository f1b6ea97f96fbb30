package tracking

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

const artifactsPath = "api/2.0/mlflow-artifacts/artifacts"

// errNoUpload is why no artifacts can be stored.
var errNoUpload = errors.New("the MLflow server takes no uploads")

func (s *serverStore) logArtifact(ctx context.Context, file, dest string, progress func()) error {
	return s.put(ctx, s.artifactURI, file, dest, progress, s.lists)
}

// put stores a file in a folder of artifacts. lists reports whether the server lists it
// there.
func (s *serverStore) put(ctx context.Context, artifactURI, file, dest string, progress func(), lists func(ctx context.Context, dest string) (bool, error)) error {
	target, err := url.Parse(artifactURI)
	if err != nil {
		return fmt.Errorf("%w: its artifact location %q is not a URI", errNoUpload, artifactURI)
	}
	switch target.Scheme {
	case "mlflow-artifacts":
		upload := *s.api.base
		if target.Host != "" {
			upload.Host = target.Host
		}
		return s.upload(ctx, upload.JoinPath(artifactsPath, target.EscapedPath()), file, dest, progress)
	case "http", "https":
		return s.upload(ctx, target, file, dest, progress)
	}
	folder, ok := localPath(artifactURI)
	if !ok {
		return fmt.Errorf("%w: its artifacts lie at %s, start it with --serve-artifacts", errNoUpload, target.Redacted())
	}
	return s.copy(ctx, folder, file, dest, progress, lists)
}

// upload sends a file through the server. There is no time limit as long as there
// is progress.
func (s *serverStore) upload(ctx context.Context, folder *url.URL, file, dest string, progress func()) error {
	source, err := os.Open(file)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(s.api.pace.idle, func() { cancel(fmt.Errorf("nothing moved for %v", s.api.pace.idle)) })
	defer idle.Stop()
	var body io.Reader = &watchedReader{source, func() {
		idle.Reset(s.api.pace.idle)
		progress()
	}}
	if info.Size() == 0 {
		body = http.NoBody
	}
	target := folder.JoinPath(escapeSegments(dest)...)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, target.String(), body)
	if err != nil {
		return refuse(err)
	}
	req.ContentLength = info.Size()
	req.Header.Set("Content-Type", "application/octet-stream")
	if s.api.isSame(target) {
		s.api.authorize(req)
	}
	err = s.api.do(req, nil)
	switch {
	case err == nil:
		return nil
	case context.Cause(ctx) != nil && !errors.Is(context.Cause(ctx), context.Canceled):
		err = context.Cause(ctx)
	case saysNoUpload(err):
		return fmt.Errorf("%w: start it with --serve-artifacts", errNoUpload)
	}
	return fmt.Errorf("uploading %s: %w", dest, refusal(err))
}

// saysNoUpload recognises a server that was started with --no-serve-artifacts.
func saysNoUpload(err error) bool {
	var answer *answerError
	return errors.As(err, &answer) && answer.response.StatusCode == http.StatusServiceUnavailable &&
		strings.Contains(answer.message, "--no-serve-artifacts")
}

func escapeSegments(dest string) []string {
	segments := strings.Split(dest, "/")
	for i, segment := range segments {
		segments[i] = url.PathEscape(segment)
	}
	return segments
}

// watchedReader calls moved after each read.
type watchedReader struct {
	io.Reader
	moved func()
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.moved()
	}
	return n, err
}

// copy stores a file in the server's own folder, which works only on the server's
// machine. A local port may be forwarded to a container or another machine, so the
// first copy is accepted only if the server sees it.
func (s *serverStore) copy(ctx context.Context, folder, file, dest string, progress func(), lists func(ctx context.Context, dest string) (bool, error)) error {
	hint := "start it with --serve-artifacts"
	if !isThisMachine(ctx, s.api.base.Hostname()) {
		return fmt.Errorf("%w: it keeps artifacts in %s on its own machine, %s", errNoUpload, folder, hint)
	}
	made, err := copyFile(file, filepath.Join(folder, filepath.FromSlash(dest)), filepath.Dir(folder), progress)
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			return fmt.Errorf("%w, and its folder cannot be written: %w", errNoUpload, err)
		}
		return err
	}
	if s.copiesOK {
		return nil
	}
	seen, err := lists(ctx, dest)
	if err != nil {
		return err
	}
	if !seen {
		undo(filepath.Join(folder, filepath.FromSlash(dest)), made)
		return fmt.Errorf("%w: it keeps artifacts in %s, which is not this machine's folder of that name, %s", errNoUpload, folder, hint)
	}
	s.copiesOK = true
	return nil
}

// lists reports whether the server lists an artifact.
func (s *serverStore) lists(ctx context.Context, dest string) (bool, error) {
	query := url.Values{"run_id": {s.run}}
	if dir := path.Dir(dest); dir != "." {
		query.Set("path", dir)
	}
	var answer fileList
	if err := s.api.get(ctx, "artifacts/list", query, &answer); err != nil {
		return false, fmt.Errorf("listing artifacts: %w", err)
	}
	return answer.has(dest), nil
}

// fileList is a server's list of artifacts.
type fileList struct {
	Files []struct {
		Path  string `json:"path"`
		IsDir bool   `json:"is_dir"`
		Size  number `json:"file_size"`
	} `json:"files"`
	Next string `json:"next_page_token"`
}

func (l fileList) has(dest string) bool {
	for _, f := range l.Files {
		if f.Path == dest {
			return true
		}
	}
	return false
}

// undo removes a file and then the folders created for it.
func undo(file string, made []string) {
	os.Remove(file)
	for _, folder := range made {
		os.Remove(folder)
	}
}

// isThisMachine reports whether a host name resolves to an address of this machine.
func isThisMachine(ctx context.Context, host string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return false
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, address := range addresses {
		if address.IP.IsLoopback() {
			return true
		}
		for _, o := range own {
			if network, ok := o.(*net.IPNet); ok && network.IP.Equal(address.IP) {
				return true
			}
		}
	}
	return false
}
