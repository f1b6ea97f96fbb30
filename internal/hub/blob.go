package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// remoteFile is the hub's information about a file.
type remoteFile struct {
	address string
	commit  string // of the branch or tag
	hash    string // ETag: SHA-256 of a large file, git's SHA-1 of others
	size    int64  // bytes; -1 if unknown
}

// hashForm matches a blob's name.
var hashForm = regexp.MustCompile(`^[0-9A-Za-z_][0-9A-Za-z._-]{0,127}$`)

// learn records what a response's headers say.
func (f *remoteFile) learn(header http.Header) {
	if commit := header.Get("X-Repo-Commit"); commit != "" && f.commit == "" {
		f.commit = commit
	}
	if hash := header.Get("X-Linked-Etag"); hash != "" && f.hash == "" {
		f.hash = unquote(hash)
	}
	if size, err := strconv.ParseInt(header.Get("X-Linked-Size"), 10, 64); err == nil && f.size < 0 {
		f.size = size
	}
}

// unquote removes an ETag's quotes.
func unquote(etag string) string { return strings.Trim(strings.TrimPrefix(etag, "W/"), `"`) }

// check compares a complete file with the hub's size and hash. A mirror's hash of another
// kind can't be checked; the size is.
func (f remoteFile) check(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if f.size >= 0 && info.Size() != f.size {
		return fmt.Errorf("%w: it has %d bytes, the hub says %d", ErrCorrupt, info.Size(), f.size)
	}
	var digest hash.Hash
	switch len(f.hash) {
	case hex.EncodedLen(sha256.Size):
		digest = sha256.New()
	case hex.EncodedLen(sha1.Size):
		digest = sha1.New() // git's; the hub has no other for small files
		fmt.Fprintf(digest, "blob %d\x00", info.Size())
	default:
		return nil
	}
	if _, err := io.Copy(digest, io.NewSectionReader(file, 0, info.Size())); err != nil {
		return err
	}
	if got := hex.EncodeToString(digest.Sum(nil)); got != f.hash {
		return fmt.Errorf("%w: its hash is %s, the hub says %s", ErrCorrupt, got, f.hash)
	}
	return nil
}

// download is a download in progress.
type download struct {
	*requester
	remote remoteFile
	name   string
	file   *os.File
	have   int64 // bytes in file
}

// fetch downloads a blob. It continues from what an earlier attempt left in
// path.incomplete.
func (r *requester) fetch(ctx context.Context, remote remoteFile, name, path string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	partial := path + ".incomplete"
	file, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer file.Close()
	d := download{requester: r, remote: remote, name: name, file: file}
	if d.have, err = file.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	if err := d.complete(ctx); err != nil {
		if d.have == 0 {
			os.Remove(partial)
		}
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return os.Rename(partial, path)
}

// complete downloads the rest, however often the connection breaks, as long as there is
// progress every few attempts. A damaged file is downloaded a second time, since its
// first part may be old.
func (d *download) complete(ctx context.Context) error {
	damaged := false
	for failures := 0; ; {
		before := d.have
		err := d.transfer(ctx)
		if err == nil {
			if err = d.remote.check(d.file); err == nil {
				return nil
			}
			if clearErr := d.clear(); clearErr != nil {
				return clearErr
			}
			if damaged {
				return err
			}
			damaged = true
			continue
		}
		if !isPassing(err) {
			return err
		}
		if failures++; d.have > before {
			failures = 1
		}
		if failures == d.limits.attempts {
			return err
		}
		if err := d.pause(ctx, failures-1, err); err != nil {
			return err
		}
	}
}

var (
	errStalled = errors.New("nothing came for a while")
	errBroken  = errors.New("the connection broke off")
	errRange   = errors.New("the server has another part of the file than was asked for")
)

// isPassing reports whether a retry may help.
func isPassing(err error) bool {
	var busy *busyError
	return errors.As(err, &busy) || errors.Is(err, errStalled) || errors.Is(err, errBroken) || errors.Is(err, errRange) || errors.Is(err, ErrUnreachable)
}

func (d *download) clear() error {
	d.have = 0
	return d.file.Truncate(0)
}

// transfer requests the missing part and appends it to the file.
func (d *download) transfer(ctx context.Context) error {
	if d.have > d.remote.size && d.remote.size >= 0 {
		if err := d.clear(); err != nil {
			return err
		}
	}
	d.report()
	if d.have == d.remote.size {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(d.limits.stall, func() { cancel(errStalled) })
	defer stalled.Stop()
	header := http.Header{}
	if d.have > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", d.have))
	}
	resp, err := d.do(ctx, http.MethodGet, d.remote.address, header, func(*http.Response) bool { return false })
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK: // the whole file, requested or not
		if err := d.clear(); err != nil {
			return err
		}
	case resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", d.have)):
	case resp.StatusCode == http.StatusPartialContent, resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		if err := d.clear(); err != nil {
			return err
		}
		return errRange
	default:
		return d.statusError(resp)
	}
	return d.copy(ctx, resp.Body, stalled)
}

// copy appends body to the file.
func (d *download) copy(ctx context.Context, body io.Reader, stalled *time.Timer) error {
	buf := make([]byte, 256<<10)
	for {
		n, err := body.Read(buf)
		stalled.Reset(d.limits.stall)
		if n > 0 {
			if _, err := d.file.WriteAt(buf[:n], d.have); err != nil {
				return err
			}
			d.have += int64(n)
			d.report()
		}
		switch {
		case d.remote.size >= 0 && d.have > d.remote.size: // check reports it
			return nil
		case errors.Is(err, io.EOF) && d.have < d.remote.size:
			return fmt.Errorf("%w after %d of %d bytes", errBroken, d.have, d.remote.size)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("%w: %w", errBroken, err)
		}
	}
}

func (d *download) report() {
	if d.Progress != nil {
		d.Progress(d.name, d.have, d.remote.size)
	}
}
