package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trident-nlp/trident/pkg/client"
)

// generator sends calls, one a request, to a server.
type generator struct {
	url, key string
	bodies   [][]byte
	most     int64 // requests of a measurement
	http     *http.Client
}

func newGenerator(f *flags, texts []string) (*generator, error) {
	g := &generator{url: strings.TrimSuffix(f.URL, "/"), key: f.Key, most: int64(f.Requests)}
	g.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: max(f.Workers, f.Connections), MaxConnsPerHost: 0}, Timeout: 5 * time.Minute}
	for _, text := range texts {
		body, err := json.Marshal(client.Request{Texts: []string{text}})
		if err != nil {
			return nil, err
		}
		g.bodies = append(g.bodies, body)
	}
	return g, nil
}

// ask sends call number n, over and over the same ones, and returns the status.
func (g *generator) ask(ctx context.Context, n int64) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/v1/predict", bytes.NewReader(g.bodies[n%int64(len(g.bodies))]))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if g.key != "" {
		r.Header.Set("Authorization", "Bearer "+g.key)
	}
	answer, err := g.http.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }() // only read from
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// sample is how long each answer took, and all of them.
type sample struct {
	mu    sync.Mutex
	took  []time.Duration
	whole time.Duration
	err   error
}

// add notes an answer, which must be a success.
func (s *sample) add(took time.Duration, status int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		s.err = err
	case status != http.StatusOK:
		s.err = fmt.Errorf("the server answered %d where it shouldn't be overloaded; give --workers less or the server --queue-tokens more", status)
	default:
		s.took = append(s.took, took)
	}
}

func (s *sample) failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err != nil
}

func (s *sample) rate() float64 { return float64(len(s.took)) / s.whole.Seconds() }

func (s *sample) latency() latency {
	slices.Sort(s.took)
	at := func(p float64) float64 {
		if len(s.took) == 0 {
			return 0
		}
		return float64(s.took[int(p*float64(len(s.took)-1))].Microseconds()) / 1000
	}
	return latency{len(s.took), at(0.5), at(0.99)}
}

// closed sends from so many workers, each of which waits for its answer.
func (g *generator) closed(ctx context.Context, workers int, span time.Duration) (*sample, error) {
	var s sample
	var number atomic.Int64
	var group sync.WaitGroup
	begun := time.Now()
	for range workers {
		group.Go(func() {
			for !s.failed() && time.Since(begun) < span {
				n := number.Add(1) - 1
				if n >= g.most {
					return
				}
				at := time.Now()
				status, err := g.ask(ctx, n)
				s.add(time.Since(at), status, err)
			}
		})
	}
	group.Wait()
	s.whole = time.Since(begun)
	return &s, s.err
}

// open sends at a rate, whether or not answers come, evenly or at random
// (exponential) distances.
func (g *generator) open(ctx context.Context, rate float64, span time.Duration, random bool) (*sample, error) {
	var s sample
	var group sync.WaitGroup
	rng := rand.New(rand.NewPCG(1, 1))
	begun := time.Now()
	due := begun
	for n := int64(0); n < g.most && due.Sub(begun) < span && !s.failed(); n++ {
		time.Sleep(time.Until(due))
		at := due // a generator that is late counts, too
		group.Go(func() {
			status, err := g.ask(ctx, n)
			s.add(time.Since(at), status, err)
		})
		distance := 1.0
		if random {
			distance = rng.ExpFloat64()
		}
		due = due.Add(time.Duration(distance / rate * float64(time.Second)))
	}
	group.Wait()
	s.whole = time.Since(begun)
	return &s, s.err
}

// flood sends from so many connections at once, and counts answers by status.
// Who is refused asks again a second later.
func (g *generator) flood(ctx context.Context, connections int, span time.Duration) map[string]int {
	counts := map[string]int{}
	var mu sync.Mutex
	var number atomic.Int64
	var group sync.WaitGroup
	begun := time.Now()
	for range connections {
		group.Go(func() {
			for time.Since(begun) < span {
				n := number.Add(1) - 1
				if n >= g.most {
					return
				}
				status, err := g.ask(ctx, n)
				name := strconv.Itoa(status)
				if err != nil {
					name = "error"
				}
				mu.Lock()
				counts[name]++
				mu.Unlock()
				if status != http.StatusOK {
					time.Sleep(min(time.Second, span))
				}
			}
		})
	}
	group.Wait()
	return counts
}

// resident is the server's memory, in MB, as /metrics says.
func (g *generator) resident(ctx context.Context) (float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	answer, err := g.http.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }() // only read from
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if text, found := strings.CutPrefix(lines.Text(), "process_resident_memory_bytes "); found {
			bytes, err := strconv.ParseFloat(text, 64)
			return bytes / (1 << 20), err
		}
	}
	return 0, fmt.Errorf("read %s/metrics: there is no process_resident_memory_bytes; is it a Trident server?", g.url)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
