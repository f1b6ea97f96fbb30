package tracking

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const maxRetryAfter = 2 * time.Minute // limit for a server's Retry-After

// backoff is the time to wait before the next attempt: exponential between lo and
// hi, or the response's Retry-After (a date may be past), plus up to a quarter of
// jitter so that many runs don't retry at the same moment.
func backoff(lo, hi time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := max(lo, min(retryablehttp.DefaultBackoff(lo, hi, attempt, resp), maxRetryAfter))
	return wait + rand.N(wait/4+1)
}
