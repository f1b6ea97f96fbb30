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

func newGenerator(f *flags, address string, texts []string) (*generator, error) {
	g := &generator{url: strings.TrimSuffix(address, "/"), key: f.Key, most: int64(f.Requests)}
	g.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: max(f.Workers, f.Connections)}, Timeout: 5 * time.Minute}
	for _, text := range texts {
		body, err := json.Marshal(client.Request{Texts: []string{text}})
		if err != nil {
			return nil, err
		}
		g.bodies = append(g.bodies, body)
	}
	return g, nil
}

// send returns an answer's status and body.
func (g *generator) send(ctx context.Context, method, path string, body io.Reader) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, g.url+path, body)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if g.key != "" {
		r.Header.Set("Authorization", "Bearer "+g.key)
	}
	answer, err := g.http.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }() // only read from
	data, err := io.ReadAll(answer.Body)
	return answer.StatusCode, data, err
}

// ask sends call number n, over and over the same ones.
func (g *generator) ask(ctx context.Context, n int64) (int, []byte, error) {
	return g.send(ctx, http.MethodPost, "/v1/predict", bytes.NewReader(g.bodies[n%int64(len(g.bodies))]))
}

// sample is how long each answer took, and all of them.
type sample struct {
	mu    sync.Mutex
	took  []float64 // ms
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
		s.took = append(s.took, milliseconds(took))
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (s *sample) failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err != nil
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
				status, _, err := g.ask(ctx, n)
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
func (g *generator) open(ctx context.Context, rate float64, span time.Duration, random bool, seed uint64) (*sample, error) {
	var s sample
	var group sync.WaitGroup
	rng := rand.New(rand.NewPCG(seed, 1))
	begun := time.Now()
	due := begun
	for n := int64(0); n < g.most && due.Sub(begun) < span && !s.failed(); n++ {
		time.Sleep(time.Until(due))
		at := due // a generator that is late counts, too
		group.Go(func() {
			status, _, err := g.ask(ctx, n)
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

// flood sends from so many connections at once, and counts answers by status;
// "timeout" is none within patience, "error" a connection that broke off. Who
// is refused asks again a second later.
func (g *generator) flood(ctx context.Context, connections int, span, patience time.Duration) (*sample, map[string]int) {
	var s sample
	counts := map[string]int{}
	var number atomic.Int64
	var group sync.WaitGroup
	begun := time.Now()
	for range connections {
		group.Go(func() {
			for ctx.Err() == nil && time.Since(begun) < span {
				n := number.Add(1) - 1
				if n >= g.most {
					return
				}
				at := time.Now()
				waiting, cancel := context.WithTimeout(ctx, patience)
				status, _, err := g.ask(waiting, n)
				late := waiting.Err() != nil
				cancel()
				took := time.Since(at)
				name := strconv.Itoa(status)
				switch {
				case err != nil && late:
					name = timedOut
				case err != nil:
					name = "error"
				}
				s.mu.Lock()
				counts[name]++
				if name == answered {
					s.took = append(s.took, milliseconds(took))
				}
				s.mu.Unlock()
				if name != answered {
					time.Sleep(min(time.Second, span))
				}
			}
		})
	}
	group.Wait()
	s.whole = time.Since(begun)
	return &s, counts
}

// Names in a flood's counts.
const (
	answered = "200"
	refused  = "429"
	timedOut = "timeout"
)

// resident is the server's memory, in MB, as /metrics says.
func (g *generator) resident(ctx context.Context) (float64, error) {
	_, data, err := g.send(ctx, http.MethodGet, "/metrics", nil)
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		if text, found := strings.CutPrefix(lines.Text(), "process_resident_memory_bytes "); found {
			size, err := strconv.ParseFloat(text, 64)
			return size / 1e6, err
		}
	}
	return 0, fmt.Errorf("read %s/metrics: there is no process_resident_memory_bytes; is it such a server?", g.url)
}
