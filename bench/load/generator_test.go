package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func generatorFor(t *testing.T, h http.HandlerFunc) *generator {
	t.Helper()
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	g, err := newGenerator(&flags{Requests: 40, Workers: 4, Connections: 40}, web.URL+"/", []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestFlood: each outcome is counted under its name, and each request once.
func TestFlood(t *testing.T) {
	var number atomic.Int64
	over := make(chan struct{})
	g := generatorFor(t, func(w http.ResponseWriter, r *http.Request) {
		switch number.Add(1) % 4 {
		case 0:
			w.WriteHeader(http.StatusTooManyRequests)
		case 1: // no answer
			select {
			case <-over:
			case <-r.Context().Done():
			}
		case 2:
			panic(http.ErrAbortHandler)
		}
	})
	defer close(over)
	got, counts := g.flood(t.Context(), 40, time.Minute, 300*time.Millisecond) // 40 connections, 40 requests at most
	sum := 0
	for _, name := range []string{answered, refused, timedOut, "error"} {
		if counts[name] == 0 {
			t.Errorf("none is counted as %s: %v", name, counts)
		}
		sum += counts[name]
	}
	if sum != 40 || len(got.took) != counts[answered] {
		t.Errorf("%d are counted, %d times kept: %v", sum, len(got.took), counts)
	}
}

// TestRefused: where a server should keep up, another answer than 200 is an
// error.
func TestRefused(t *testing.T) {
	g := generatorFor(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	if _, err := g.closed(t.Context(), 4, time.Minute); err == nil || !strings.Contains(err.Error(), "answered 429") {
		t.Errorf("%v", err)
	}
	if _, err := g.open(t.Context(), 1000, time.Minute, true, 1); err == nil || !strings.Contains(err.Error(), "answered 429") {
		t.Errorf("%v", err)
	}
}

// TestMost: no measurement sends more requests than it may.
func TestMost(t *testing.T) {
	var number atomic.Int64
	g := generatorFor(t, func(http.ResponseWriter, *http.Request) { number.Add(1) })
	for _, random := range []bool{false, true} {
		got, err := g.open(t.Context(), 1e5, time.Minute, random, 1)
		if err != nil || len(got.took) != 40 {
			t.Errorf("%d, %v", len(got.took), err)
		}
	}
	if got, err := g.closed(t.Context(), 3, time.Minute); err != nil || len(got.took) != 40 || number.Load() != 120 {
		t.Errorf("%d of %d, %v", len(got.took), number.Load(), err)
	}
}

func TestResident(t *testing.T) {
	for body, want := range map[string]float64{"a 1\nprocess_resident_memory_bytes 2500000\n": 2.5, "a 1\n": 0} {
		g := generatorFor(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		if got, err := g.resident(t.Context()); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %g, %v", body, got, err)
		}
	}
}
