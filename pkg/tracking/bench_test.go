package tracking

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkLogMetrics is what a training step pays for its metrics, wherever they
// go and whatever the server does.
func BenchmarkLogMetrics(b *testing.B) {
	values := map[string]float64{}
	for i := range 12 {
		values[fmt.Sprintf("train/metric_%d", i)] = 1 / float64(i+1)
	}
	hang := func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		<-r.Context().Done()
		return true
	}
	fail := func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		w.WriteHeader(http.StatusInternalServerError)
		return true
	}
	for _, place := range []struct {
		name      string
		files     bool
		away      bool
		intercept func(http.ResponseWriter, *http.Request, []byte) bool
	}{
		{name: "server=up"},
		{name: "server=down", away: true},
		{name: "server=hangs", intercept: hang},
		{name: "server=500", intercept: fail},
		{name: "files", files: true},
	} {
		b.Run(place.name, func(b *testing.B) {
			f := newFake(b)
			o, _ := fakeOptions(b, f)
			o.pace = &defaultPace
			if place.files {
				o.URI = filepath.Join(b.TempDir(), "mlruns")
			}
			run, err := Open(b.Context(), o)
			if err != nil {
				b.Fatal(err)
			}
			f.misbehave(place.intercept)
			if place.away {
				f.Close()
			}
			step := int64(0)
			for b.Loop() {
				step++
				run.LogMetrics(step, values)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			defer cancel()
			_ = run.Finish(ctx, Finished) // ErrUnsent, mostly
		})
	}
}
