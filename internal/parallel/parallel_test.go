package parallel

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
)

func TestEach(t *testing.T) {
	for _, n := range []int{0, 1, 1000} {
		calls := make([]atomic.Int32, n)
		if err := Each(t.Context(), n, func(i int) error { calls[i].Add(1); return nil }); err != nil {
			t.Fatal(err)
		}
		for i := range calls {
			if got := calls[i].Load(); got != 1 {
				t.Errorf("%d of %d: %d calls, want 1", i, n, got)
			}
		}
	}
}

func TestEachEnds(t *testing.T) {
	bad := errors.New("bad")
	const n = 1 << 20
	var calls atomic.Int64
	if err := Each(t.Context(), n, func(int) error { calls.Add(1); return bad }); !errors.Is(err, bad) || calls.Load() == n {
		t.Errorf("error %v after %d calls", err, calls.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Each(ctx, n, func(int) error { t.Error("called"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}
