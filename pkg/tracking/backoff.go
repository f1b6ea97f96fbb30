package tracking

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	minWait       = 250 * time.Millisecond
	maxWait       = 30 * time.Second
	maxRetryAfter = 2 * time.Minute // a server that asks for more is asked again earlier
)

// backoff is the time to wait before the next attempt: exponential between lo and
// hi, or what the response's Retry-After asks for, plus up to a quarter of
// jitter so that many trainings do not come back at the same moment.
func backoff(lo, hi time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := min(retryablehttp.DefaultBackoff(lo, hi, attempt, resp), maxRetryAfter)
	return wait + rand.N(wait/4+1)
}

// sleep waits for d, or returns ctx's error as soon as it is done.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
