package hub

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/trident-nlp/trident/internal/filelock"
)

// lock waits until no other process, Go or Python, downloads the same file. It is held
// until unlock or the end of the process.
func (c *Client) lock(ctx context.Context, model, hash string) (unlock func(), err error) {
	unlock, err = filelock.Lock(ctx, filepath.Join(c.Cache, ".locks", folderName(model), hash+".lock"))
	if err != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("lock the Hugging Face cache: %w", err)
	}
	return unlock, err
}

// sleep waits, at most until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
