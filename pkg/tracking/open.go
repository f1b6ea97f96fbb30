package tracking

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"time"
)

// usedKeys are the names in a resumed run, and the last step of each metric.
type usedKeys struct {
	params, tags []string
	lastStep     map[string]int64
}

// Open starts or resumes a run as o specifies. If a server can't be reached or
// denies access, it warns once and records into the file store o.Fallback instead.
// It fails for an unusable URI or TLS setting, a deleted experiment
// (ErrExperimentDeleted), a run to resume that doesn't exist (ErrRunNotFound) or is
// being sent by another process (ErrOutboxBusy), a file store that can't be
// written, and when ctx ends.
func Open(ctx context.Context, o Options) (*Run, error) {
	o = o.withDefaults()
	where, err := parseURI(o.URI)
	if err != nil {
		return nil, err
	}
	if where.server == nil {
		return openFiles(o, where.dir)
	}
	local, err := parseURI(o.Fallback)
	if err == nil && local.server != nil {
		err = fmt.Errorf("%w: it must be a directory", ErrUnsupportedURI)
	}
	if err != nil {
		return nil, fmt.Errorf("file store to fall back to: %w", err)
	}
	run, err := openServer(ctx, o, where.server)
	switch {
	case err == nil:
		return run, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("opening an MLflow run: %w", context.Cause(ctx))
	case errors.Is(err, ErrRunNotFound):
		// The run may have fallen back to files when it was started.
		if run, fileErr := openFiles(o, local.dir); fileErr == nil {
			o.Warn(fmt.Sprintf("MLflow run %s is not on %s but in %s: going on with it there", o.ResumeID, where.server.Redacted(), local.dir))
			return run, nil
		}
		return nil, err
	case errors.As(err, new(*unavailableError)):
		o.Warn(fmt.Sprintf("MLflow server %s cannot be used (%v): recording in %s instead", where.server.Redacted(), err, shellPath(local.dir)))
		if o.ResumeID != "" {
			if run, err := openFiles(o, local.dir); err == nil {
				return run, nil
			}
			o.ResumeID = ""
		}
		return openFiles(o, local.dir)
	default:
		return nil, err
	}
}

// unavailableError is why a server can't be used at the start.
type unavailableError struct{ cause error }

func (e *unavailableError) Error() string { return e.cause.Error() }
func (e *unavailableError) Unwrap() error { return e.cause }

func openFiles(o Options, dir string) (*Run, error) {
	if o.ResumeID != "" {
		files, used, err := resumeFileRun(dir, o.ResumeID)
		if err != nil {
			return nil, err
		}
		run := newRun(o, files, nil, used, nil)
		run.SetTags(o.Tags)
		return run, nil
	}
	spec := o.spec(time.Now())
	files, err := createFileRun(dir, spec)
	if err != nil {
		return nil, err
	}
	return newRun(o, files, nil, spec.usedKeys(), nil), nil
}

func openServer(ctx context.Context, o Options, server *url.URL) (*Run, error) {
	api, err := newClient(server, o.Getenv, o.pace)
	if err != nil {
		return nil, err
	}
	if o.ResumeID != "" {
		return resumeOnServer(ctx, o, api)
	}
	spec := o.spec(time.Now())
	var s *serverStore
	err = api.opening(ctx, func(ctx context.Context, attempt int) (err error) {
		s, err = createServerRun(ctx, api, spec, attempt)
		return err
	})
	if err != nil {
		return nil, err
	}
	var box *outbox
	if o.OutboxDir != "" {
		if box, err = createOutbox(o.OutboxDir, s.header(spec.start)); err != nil {
			o.Warn(fmt.Sprintf("%v: what the MLflow server cannot take is kept in memory only", err))
		}
	}
	return newRun(o, s, box, spec.usedKeys(), nil), nil
}

// resumeOnServer resumes a run. If the run left an outbox, the server need not be
// available.
func resumeOnServer(ctx context.Context, o Options, api *client) (*Run, error) {
	if !isRunID(o.ResumeID) {
		return nil, fmt.Errorf("%w: %q is not a run id", ErrRunNotFound, o.ResumeID)
	}
	var box *outbox
	var content outboxContent
	if o.OutboxDir != "" {
		var err error
		box, content, err = openOutbox(outboxPath(o.OutboxDir, o.ResumeID))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if box != nil && (content.header.URI != api.base.String() || content.header.Run != o.ResumeID) {
			box.close()
			return nil, fmt.Errorf("the outbox %s belongs to run %s on %s, not to %s on %s: move it away or set another outbox folder",
				box.path, content.header.Run, content.header.URI, o.ResumeID, api.base)
		}
	}
	var s *serverStore
	var used usedKeys
	err := api.opening(ctx, func(ctx context.Context, _ int) (err error) {
		s, used, err = resumeServerRun(ctx, api, o.ResumeID)
		return err
	})
	switch {
	case err != nil && box != nil && errors.As(err, new(*unavailableError)):
		o.Warn(fmt.Sprintf("MLflow server %s cannot be used now (%v): going on with run %s, its records are kept in %s until the server is back",
			api.base, err, o.ResumeID, box.path))
		s = serverRunOf(api, content.header)
	case err != nil:
		if box != nil {
			box.close()
		}
		return nil, err
	}
	if box == nil && o.OutboxDir != "" {
		if box, err = createOutbox(o.OutboxDir, s.header(time.Now().UnixMilli())); err != nil {
			o.Warn(fmt.Sprintf("%v: what the MLflow server cannot take is kept in memory only", err))
		}
	}
	run := newRun(o, s, box, used, &content)
	run.SetTags(o.Tags)
	return run, nil
}

// usedKeys of a new run.
func (s runSpec) usedKeys() usedKeys {
	var used usedKeys
	for key := range s.tags {
		used.tags = append(used.tags, key)
	}
	return used
}

var runIDPattern = regexp.MustCompile(`^[0-9a-zA-Z][0-9a-zA-Z_-]*$`)

// isRunID reports whether id can name a run: only letters, digits, "_" and "-", so
// that it is safe in a path.
func isRunID(id string) bool {
	return len(id) <= 256 && runIDPattern.MatchString(id)
}
