package tracking

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const maxRetryAfter = 2 * time.Minute // a server that asks for more is asked again earlier

// backoff is the time to wait before the next attempt: exponential between lo and
// hi, or what the response's Retry-After asks for (a date may be past), plus up to a quarter of
// jitter so that many trainings do not come back at the same moment.
func backoff(lo, hi time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := max(lo, min(retryablehttp.DefaultBackoff(lo, hi, attempt, resp), maxRetryAfter))
	return wait + rand.N(wait/4+1)
}
