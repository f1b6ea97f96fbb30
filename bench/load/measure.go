package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/trident-nlp/trident/bench/report"
)

// Parts of a run; and the kinds of measurement, of which half has two.
const (
	lone       = "lone"       // one call after the other
	saturation = "saturation" // as many as it answers
	half       = "half"       // at half that rate…
	even       = "half-even"  // …at equal distances
	random     = "half-random"
	flood      = "flood"
	without    = "offline" // no server
)

// measuring is a run.
type measuring struct {
	*flags
	results *results
	texts   []string
	offline *offline // nil: not wanted
	say     io.Writer
}

// round measures all servers in turns, in the other order every second time.
// The flood comes last, and a server that had it is not asked again.
func (m *measuring) round(ctx context.Context, specs []spec) ([]agreement, error) {
	var servers []*server
	defer func() {
		for _, s := range servers {
			s.stop()
		}
	}()
	for _, one := range specs {
		s, err := m.start(ctx, one)
		if err != nil {
			return nil, err
		}
		servers = append(servers, s)
	}
	agreements, err := m.agree(ctx, servers)
	if err != nil {
		return nil, err
	}
	span := m.span()
	for _, s := range servers {
		if _, err := s.closed(ctx, min(m.Workers, 4), span/4); err != nil {
			return nil, fmt.Errorf("warm up server %s: %w%s", s.name, err, m.seeLog(s.name))
		}
	}
	for _, part := range []string{lone, saturation, half, flood} {
		if !slices.Contains(m.Parts, part) {
			continue
		}
		turns := slices.Clone(servers)
		if len(m.results.of(servers[0].name, firstKind(part)))%2 == 1 {
			slices.Reverse(turns)
		}
		for _, s := range turns {
			fmt.Fprintf(m.say, "%s: %s\n", s.name, part)
			if err := m.part(ctx, s, part, span); err != nil {
				return nil, fmt.Errorf("measure server %s, %s: %w%s", s.name, part, err, m.seeLog(s.name))
			}
		}
	}
	return agreements, nil
}

func firstKind(part string) string {
	if part == half {
		return even
	}
	return part
}

func (m *measuring) span() time.Duration { return time.Duration(m.Seconds * float64(time.Second)) }

func (m *measuring) part(ctx context.Context, s *server, part string, span time.Duration) error {
	switch part {
	case lone:
		got, err := s.closed(ctx, 1, span)
		return m.note(ctx, s, lone, got, err)
	case saturation:
		if precision := m.Offline[s.name]; precision != "" {
			n, took, err := m.offline.read(ctx, precision, span)
			if err != nil {
				return err
			}
			m.results.add(measurement{Server: s.name, Kind: without, Count: n, Seconds: took.Seconds()})
		}
		got, err := s.closed(ctx, m.workers(s), span)
		return m.note(ctx, s, saturation, got, err)
	case half:
		rates := m.results.rates(s.name, saturation)
		if len(rates) == 0 {
			return fmt.Errorf("its saturation isn't known; give --parts %s,%s", saturation, half)
		}
		for _, kind := range []string{even, random} {
			seed := uint64(len(m.results.of(s.name, kind)))
			got, err := s.open(ctx, report.Quantile(rates, 0.5)/2, span, kind == random, seed)
			if err := m.note(ctx, s, kind, got, err); err != nil {
				return err
			}
		}
		return nil
	}
	return m.flooded(ctx, s, span)
}

// workers is how many connections saturate a server.
func (m *measuring) workers(s *server) int {
	alone := report.Quantile(m.results.took(s.name, lone), 0.5) // ms
	if math.IsNaN(alone) {
		return m.Workers
	}
	return min(m.Workers, max(1, int(10_000/alone)))
}

// note keeps what was measured, and the server's memory after it.
func (m *measuring) note(ctx context.Context, s *server, kind string, got *sample, err error) error {
	if err != nil {
		return err
	}
	memory, err := s.resident(ctx)
	if err != nil {
		return err
	}
	m.results.add(measurement{Server: s.name, Kind: kind, Count: len(got.took), Seconds: got.whole.Seconds(), TookMS: got.took, MemoryMB: []float64{memory}})
	return nil
}

// flooded floods a server, watches its memory, and stops it: one that queues
// everything would be busy for long.
func (m *measuring) flooded(ctx context.Context, s *server, span time.Duration) error {
	before, err := s.resident(ctx)
	if err != nil {
		return err
	}
	watching, end := context.WithCancel(ctx)
	memory := []float64{before}
	var group sync.WaitGroup
	group.Go(func() {
		for watching.Err() == nil {
			if now, err := s.resident(watching); err == nil { // one that is too busy to say it will later
				memory = append(memory, now)
			}
			select {
			case <-watching.Done():
			case <-time.After(span / 20):
			}
		}
	})
	got, counts := s.flood(ctx, m.Connections, span, m.Patience)
	end()
	group.Wait()
	m.results.add(measurement{Server: s.name, Kind: flood, Count: len(got.took), Seconds: got.whole.Seconds(), TookMS: got.took, MemoryMB: memory, Statuses: counts})
	s.stop()
	return ctx.Err()
}
