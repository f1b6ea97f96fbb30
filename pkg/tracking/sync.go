package tracking

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Sync sends the remaining records of an outbox, or of each of a folder's outboxes,
// in order and once, and removes outboxes that are then empty. A run whose process
// died is marked KILLED. Credentials come from the environment. It gives up at once
// if the server can't be used, and otherwise like Run.Finish. The error is ErrUnsent
// if records remain, ErrOutboxBusy for an outbox that a process is still writing,
// and ErrNoOutbox if there is none.
func Sync(ctx context.Context, path string, warn func(string)) error {
	return syncAll(ctx, path, Options{Warn: warn, Say: warn}.withDefaults())
}

func syncAll(ctx context.Context, path string, o Options) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		return syncOne(ctx, path, o)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking for an outbox: %w", err)
	}
	files, err := outboxesIn(path)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%w in %s%s", ErrNoOutbox, path, outboxNear(path))
	}
	var errs []error
	for _, file := range files {
		errs = append(errs, syncOne(ctx, file, o))
	}
	return errors.Join(errs...)
}

func syncOne(ctx context.Context, path string, o Options) error {
	box, content, err := openOutbox(path)
	if err != nil {
		return err
	}
	where, err := parseURI(content.header.URI)
	if err == nil && (where.server == nil || !isRunID(content.header.Run)) {
		err = errors.New("it names no run on a server")
	}
	var api *client
	if err == nil {
		api, err = newClient(where.server, o.Getenv, o.pace)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("outbox %s: %w", path, err), box.close())
	}
	run := serverRunOf(api, content.header)
	err = api.opening(ctx, func(ctx context.Context, _ int) error { return run.checkActive(ctx) })
	if err != nil {
		return errors.Join(fmt.Errorf("%w: %s holds records for %s: %w", ErrUnsent, path, content.header.URI, err), box.close())
	}
	s := newSender(run, box, o.Warn, o.Say, *o.pace)
	s.replay(&content)
	final := content.status
	if final.Status == "" || final.Status == Running {
		final = record{Seq: content.lastSeq + 1, Time: max(content.lastMs, content.header.Started), Status: Killed}
		s.write(final)
	}
	s.start()
	return s.finish(ctx, final)
}
